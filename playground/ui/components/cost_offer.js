let seen = '';
function read() {
  if (!props.value || props.value === seen) return;
  seen = props.value;
  const { offered, take, sheet } = JSON.parse(seen);
  if (offered) window.playground.cost.offer(offered, take);
  if (sheet) window.playground.cost.open(sheet);
}
watch('value', read);
read();
