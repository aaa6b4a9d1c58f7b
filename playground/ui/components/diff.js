// Every text comes from a model: textContent only.
const root = element.querySelector('.diffs');
const TITLES = { delete: word('diff.only_reference'), insert: word('diff.only_here') };

function draw() {
  const value = props.value ? JSON.parse(props.value) : null;
  root.textContent = '';
  if (value) root.append(...value.panes.map((pane) => card(value.reference, pane)));
}

function card(reference, pane) {
  const node = el('section', 'one'), head = el('div', 'head');
  node.setAttribute('aria-label', `${pane.name} against ${reference}`);
  head.append(el('h2', '', `${pane.name} against ${reference}`), el('span', 'sub', pane.summary));
  node.append(head);
  if (!pane.identical) {
    const key = el('div', 'key');
    key.append(mark('del', `only in ${reference}`), mark('ins', `only in ${pane.name}`));
    if (pane.first) key.append(mark('first', word('diff.first_difference')));
    node.append(key);
  }
  node.append(text(reference, pane));
  if (pane.first) node.append(first(reference, pane));
  return node;
}

function mark(kind, words) {
  const node = el('span');
  node.append(kind === 'first' ? el('span', 'sample first', 'ab') : el(kind, 'sample', 'ab'), el('span', '', words));
  return node;
}

function text(reference, pane) {
  const box = el('div', 'text');
  box.tabIndex = 0;
  box.setAttribute('role', 'group');
  box.setAttribute('aria-label', word('diff.text_with_what', { name: pane.name, reference }));
  for (const [op, tokens, marked] of pane.parts) {
    const run = op === 'delete' ? el('del') : op === 'insert' ? el('ins') : el('span');
    if (TITLES[op]) run.title = TITLES[op];
    tokens.forEach((token, i) => run.append(el('span', `${token === '' ? 'none' : 'tok'}${i === marked ? ' first' : ''}`, op === 'equal' ? token : shape(token))));
    box.append(run);
  }
  return box;
}

// A changed line end must be visible too; spaces between words are unchanged.
const shape = (token) => token.replace(/\n/g, '↵\n').replace(/\t/g, '⇥');

function first(reference, pane) {
  const { index, rows, note } = pane.first, box = el('div', 'fork');
  box.append(el('h3', '', word('diff.token_where_they', { place: index + 1 })));
  const grid = el('div', 'rows'), widest = Math.max(...rows.flatMap((row) => [row.reference ?? 0, row.pane ?? 0]), 1e-9);
  grid.setAttribute('role', 'table');
  grid.setAttribute('aria-label', word('diff.probabilities_likeliest_tokens', { place: index + 1 }));
  const top = el('div', 'row names');
  top.setAttribute('role', 'row');
  for (const [words, cls] of [[reference, 'left'], ['token', 'token'], [pane.name, 'right']]) { const cell = el('span', cls, words); cell.setAttribute('role', 'columnheader'); top.append(cell); }
  grid.append(top, ...rows.map((row) => bars(row, widest, reference, pane.name)));
  box.append(grid, el('p', 'note', note));
  return box;
}

function bars(row, widest, reference, name) {
  const line = el('div', 'row');
  line.setAttribute('role', 'row');
  const side = (prob, below, chosen, cls, who) => {
    const cell = el('span', `${cls}${chosen ? ' chosen' : ''}`), bar = el('i');
    cell.setAttribute('role', 'cell');
    bar.style.width = `${((prob ?? 0) / widest) * 100}%`;
    const track = el('span', 'track');
    track.append(bar);
    const number = el('span', 'number', prob !== null ? percent(prob) : below === null ? '–' : `< ${percent(below).replace('< ', '')}`);
    if (chosen) number.prepend(el('b', '', cls === 'left' ? '◂ ' : '▸ '), el('span', 'voice', `chosen by ${who}: `));
    cell.append(...(cls === 'left' ? [number, track] : [track, number]));
    return cell;
  };
  const token = el('span', 'token', visible(row.text));
  token.setAttribute('role', 'rowheader');
  token.title = JSON.stringify(row.text);
  line.append(side(row.reference, row.reference_below, row.reference_chosen, 'left', reference), token, side(row.pane, row.pane_below, row.pane_chosen, 'right', name));
  return line;
}

watch('value', draw);
draw();
