const cells = element.querySelectorAll('[data-k]');
function draw() {
  const value = props.value || {};
  for (const cell of cells) cell.textContent = value[cell.dataset.k] ?? '–';
  say('meters', value);
}
watch('value', draw);
draw();
