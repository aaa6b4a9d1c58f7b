const cells = element.querySelectorAll('[data-k]');
function draw() {
  const value = props.value || {};
  for (const cell of cells) cell.textContent = value[cell.dataset.k] ?? '–';
}
watch('value', draw);
draw();
