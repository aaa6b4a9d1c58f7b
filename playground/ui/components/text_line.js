const line = element.querySelector('.line');
const draw = (live) => { line.textContent = live || props.value || ''; };
hear('live-told', draw);
watch('value', () => draw());
draw();
