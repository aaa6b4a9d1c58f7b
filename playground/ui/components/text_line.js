const line = element.querySelector('.line');
const draw = (live) => { line.textContent = word(live || props.value || ''); };
hear('live-words', draw);
watch('value', () => draw());
draw();
