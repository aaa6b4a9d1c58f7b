const whole = element.querySelector('.whole'), head = element.querySelector('thead'), body = element.querySelector('tbody');
const about = {};
element.querySelector('h2').textContent = word(props.title);

function draw() {
  const value = props.value ? JSON.parse(props.value) : null;
  whole.hidden = !value;
  head.textContent = body.textContent = '';
  if (!value) return;
  const names = el('tr');
  names.append(el('td'), ...value.names.map((name) => scoped('col', name)));
  head.append(names);
  for (const row of value.rows) body.append(line(row));
  element.querySelector('.note').textContent = value.note;
  requestAnimationFrame(hint);
}

function scoped(scope, text) {
  const cell = el('th', '', text);
  cell.scope = scope;
  return cell;
}

function line(row) {
  const node = el('tr', row.colour), name = scoped('row', ''), term = termOf(row.name);
  about[row.name] = { definition: [row.about, row.better, row.note].filter(Boolean).join(' '), unit: row.unit };
  term.dataset.term = row.name;
  name.append(term, el('span', 'voice', `: ${about[row.name].definition}`));
  if (row.better) name.append(el('span', 'way', row.better === 'Higher is better.' ? ' ↑' : ' ↓'));
  if (row.tag) name.append(el('span', 'tag', row.tag));
  node.append(name, ...row.cells.map((cell) => {
    const box = el('td', cell.best ? 'best' : ''), text = el('span', 'figure', cell.text);
    box.style.setProperty('--share', cell.share);
    if (cell.best) text.prepend(el('span', 'sign', '✓ '), el('span', 'voice', 'best: '));
    if (cell.range) text.append(el('small', 'range', cell.range));
    box.append(text);
    return box;
  }));
  return node;
}

const scroll = element.querySelector('.scroll'), more = element.querySelector('.more');
const hint = () => { // whether a pane lies beyond the edge
  const cut = scroll.scrollWidth - scroll.clientWidth - scroll.scrollLeft > 4;
  more.hidden = !cut;
  scroll.classList.toggle('cut', cut);
};
new ResizeObserver(hint).observe(scroll);
scroll.addEventListener('scroll', hint, { passive: true });

explain(about);
watch('value', draw);
draw();
