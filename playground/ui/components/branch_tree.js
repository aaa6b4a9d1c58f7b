// Three events: "input" shows a branch, "submit" renames or prunes it, "select" compares it with another.
const rows = element.querySelector('.rows'), name = element.querySelector('.rename input'), other = element.querySelector('select');
const acts = element.querySelector('.acts'), about = element.querySelector('.sub');
let view = null, drawn = null, selected = 0;

const nodeOf = (id) => view.nodes.find((node) => node.id === id);

function item(node) {
  const row = el('div', 'row'), label = el('span', 'label'), track = el('span', 'track'), shared = el('i', 'shared'), own = el('i', 'own');
  row.setAttribute('role', 'treeitem');
  row.setAttribute('aria-level', node.depth + 1);
  row.setAttribute('aria-selected', 'false');
  row.dataset.id = node.id;
  row.tabIndex = -1;
  label.style.paddingLeft = `${Math.min(node.depth, 12) * 14}px`;
  label.append(el('b', '', node.name));
  if (node.token) label.append(el('span', 'mono', visible(node.token)));
  if (node.way) label.append(el('span', 'way', node.way));
  label.title = node.name;
  const share = (n) => `${(n / view.most) * 100}%`;
  shared.style.width = share(node.at);
  own.style.left = share(node.at);
  own.style.width = share(node.tokens - node.at);
  track.append(shared, own);
  row.append(label, track);
  for (const [cls, words, text] of [['n', 'tokens', node.tokens.toLocaleString('en')], ['n', 'total ln p', node.total.toFixed(2)], ['n', 'per token', node.mean.toFixed(3)], ['end', 'ended by', node.finish]]) {
    const cell = el('span', cls);
    cell.append(el('span', 'of', `${words} `), text);
    row.append(cell);
  }
  row.setAttribute('aria-label', `${node.name}${node.token ? `, token ${visible(node.token)}` : ''}, ${node.parent === null ? '' : `leaves ${nodeOf(node.parent).name} at token ${node.at + 1}, `}${plural(node.tokens, 'token')}, total log probability ${node.total.toFixed(2)}, ${node.mean.toFixed(3)} a token, ended by ${node.finish}`);
  return row;
}

function draw() {
  if ((props.shown || '') === drawn) return;
  const held = rows.contains(document.activeElement);
  drawn = props.shown || '';
  view = drawn ? JSON.parse(drawn) : null;
  element.classList.toggle('filled', Boolean(view));
  rows.textContent = '';
  if (!view) return;
  rows.append(...view.nodes.map(item));
  const count = view.nodes.length - 1;
  about.textContent = count ? `${plural(count, 'branch', 'branches')} of the run; totals are the model's log probabilities of the whole answer` : word('branch_tree.none_yet_choose');
  mark(view.selected, held);
}

function mark(id, focus) {
  selected = id;
  const node = nodeOf(id);
  for (const row of rows.children) {
    const on = +row.dataset.id === id;
    row.setAttribute('aria-selected', String(on));
    row.tabIndex = on ? 0 : -1;
    if (on && focus) row.focus({ preventScroll: true });
  }
  name.value = node.parent === null ? '' : node.name;
  for (const part of acts.querySelectorAll('.rename input, .rename button, .prune')) part.disabled = node.parent === null;
  const before = other.value, others = view.nodes.filter((one) => one.id !== id);
  other.replaceChildren(...others.map((one) => { const option = el('option', '', `${one.id}: ${one.name}`); option.value = one.id; return option; }));
  if (others.some((one) => String(one.id) === before)) other.value = before;
  else if (node.parent !== null) other.value = String(node.parent);
  acts.hidden = view.nodes.length < 2;
}

function show(id) {
  if (id === selected && id === view.selected) return;
  mark(id, false);
  view.selected = id;
  props.value = { node: id };
  trigger('input');
}

const rowOf = (event) => event.target.closest?.('.row');
rows.addEventListener('click', (event) => { const row = rowOf(event); if (row) { row.focus({ preventScroll: true }); show(+row.dataset.id); } });
rows.addEventListener('keydown', (event) => {
  const row = rowOf(event);
  if (!row) return;
  const id = +row.dataset.id, at = (wanted) => rows.querySelector(`[data-id="${wanted}"]`), child = view.nodes.find((one) => one.parent === id);
  if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); show(id); return; }
  const next = {
    ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling, Home: rows.firstElementChild, End: rows.lastElementChild,
    ArrowRight: child && at(child.id), ArrowLeft: nodeOf(id).parent === null ? null : at(nodeOf(id).parent),
  }[event.key];
  if (!next) return;
  event.preventDefault();
  for (const one of rows.children) one.tabIndex = one === next ? 0 : -1;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest' });
});
const change = (value) => { props.value = { node: selected, ...value }; trigger('submit'); };
element.querySelector('.rename').addEventListener('submit', (event) => { event.preventDefault(); change({ name: name.value }); });
element.querySelector('.prune').addEventListener('click', () => change({ prune: true }));
element.querySelector('.compare').addEventListener('submit', (event) => { event.preventDefault(); if (other.value !== '') { props.value = { node: selected, other: +other.value }; trigger('select'); } });
watch('shown', draw);
draw();
