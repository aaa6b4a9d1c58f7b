const cells = element.querySelectorAll('[data-k]');
function draw(value) {
  for (const cell of cells) cell.textContent = value[cell.dataset.k] ?? '–';
  say('meters', value);
}
explain(props.definitions);
hear('live-meters', draw);
watch('value', () => draw(props.value || {}));
draw(props.value || {});
