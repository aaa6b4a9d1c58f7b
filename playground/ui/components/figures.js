function draw() {
  const value = props.value ? JSON.parse(props.value) : {};
  for (const node of element.querySelectorAll('[data-k]')) node.textContent = value[node.dataset.k]?.[0] ?? '–';
  for (const node of element.querySelectorAll('[data-i]')) node.textContent = value[node.dataset.i]?.[1] ?? '';
}
explain(props.definitions);
watch('value', draw);
draw();
