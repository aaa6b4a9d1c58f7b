// Without a run there is nothing to show: the row comes with the run, or with a saved one.
element.hidden = true;
hear('reset', (head) => { if (head?.live) element.hidden = false; });
const buttons = [...element.querySelectorAll('button')];
hear('meters', (values) => {
  if (values.ttft) element.hidden = false;
  for (const node of element.querySelectorAll('[data-k]')) {
    const text = values[node.dataset.k] || '–';
    if (node.textContent !== text) node.textContent = text;
    node.classList.toggle('nothing', text === '–');
  }
});
element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  const open = button.getAttribute('aria-expanded') !== 'true';
  for (const one of buttons) one.setAttribute('aria-expanded', String(open));
  say('detail', open);
});
