let heard = '';
const look = () => {
  if (!props.value || props.value === heard) return;
  heard = props.value;
  trigger('input');
};
watch('value', look);
look();
