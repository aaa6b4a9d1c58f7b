function draw() {
  const values = props.value || {};
  for (const node of element.querySelectorAll('[data-k]')) {
    const aside = node.matches('.sub, .date'), text = values[node.dataset.k] ?? (aside ? '' : '–');
    if (node.textContent !== text) { node.textContent = text; if (aside) node.title = text; }
    node.classList.toggle('nothing', text === '–');
    const row = node.closest('.row[hidden]');
    if (row && values[node.dataset.k]) row.hidden = false;
  }
  for (const node of element.querySelectorAll('[data-label]')) { // a row's name may carry a value, as "own hardware, $0.08/h"
    const text = values[`${node.dataset.label}_label`];
    if (text && node.textContent !== text) node.textContent = text;
  }
  const [weights, kv] = element.querySelectorAll('.bar i');
  weights.style.width = `${(values.weights_share || 0) * 100}%`;
  kv.style.width = `${(values.kv_share || 0) * 100}%`;
  say('meters', values);
}

explain(props.definitions);
watch('value', draw);
draw();
