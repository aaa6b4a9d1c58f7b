const line = element.querySelector('.line');
const draw = () => { line.textContent = props.value || ''; };
watch('value', draw);
draw();
