const find = (selector) => element.querySelector(selector);
const scoped = (scope, ...parts) => { const node = el('th'); node.scope = scope; node.append(...parts); return node; };

function cell({ active, calm }) {
  const node = el('td');
  for (const one of active) {
    const line = el('div', 'active'), bar = el('span', 'share');
    bar.style.setProperty('--share', one.fraction);
    line.append(el('span', 'state', `active: ${one.operation}`), bar, el('span', 'figures', `${one.share}, up to ${one.diff}`));
    node.append(line);
  }
  if (calm.length) node.append(el('div', 'calm', `no effect found: ${calm.join('; ')}`));
  if (!active.length && !calm.length) node.append(el('div', 'unprobed', word('host_probe.not_probed')));
  return node;
}

let shown; // other parts' updates change nothing here

function draw() {
  if (props.value === shown) return;
  shown = props.value;
  const value = props.value ? JSON.parse(props.value) : null;
  element.classList.toggle('known', Boolean(value));
  if (!value) return;
  find('.summary').textContent = value.summary;
  const heads = el('tr');
  heads.append(scoped('col', 'knob'), ...value.formats.map((name) => scoped('col', `${name}: share of outputs, largest difference`)));
  find('thead').replaceChildren(heads);
  find('tbody').replaceChildren(...value.rows.map((row) => {
    const line = el('tr');
    line.append(scoped('row', row.knob, el('span', 'note', row.note)), ...row.cells.map(cell));
    return line;
  }));
}

watch('value', draw);
draw();
