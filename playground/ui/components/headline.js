explain(props.definitions);
function draw() {
  const value = props.value ? JSON.parse(props.value) : null;
  element.classList.toggle('filled', Boolean(value));
  for (const node of element.querySelectorAll('[data-k]')) node.textContent = value?.[node.dataset.k] ?? '–';
  element.querySelector('.made').textContent = value?.made || '';
}
watch('value', draw);
draw();
