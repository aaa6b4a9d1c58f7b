hear('meters', (values) => {
  for (const node of element.querySelectorAll('[data-k]')) node.textContent = values[node.dataset.k] ?? '';
});
