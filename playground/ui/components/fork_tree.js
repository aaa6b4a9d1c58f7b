// Wide containers get ribbons from left to right; narrow ones an indented list, readable without scrolling.
const find = (selector) => element.querySelector(selector);
const box = find('.box'), svg = find('svg'), edges = find('.edges'), group = find('.nodes');
const ROW = 26, LINK = 46, NARROW = 600, INDENT = 16;
const pen = document.createElement('canvas').getContext('2d');
let view = null, order = [], selected = null, width = 0, drawn = null;

const mk = (tag, attributes, text) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (text != null) node.textContent = text;
  return node;
};
// Line by line, spaces unchanged: the drawing reads as words.
const shape = (text) => visible(text).replace(/␣/g, ' ');
const isText = (node) => node.more == null && !node.stops;

function label(node) {
  if (node.more != null) return `and ${plural(node.n, 'more run')} in ${plural(node.more, 'branch', 'branches')}`;
  if (node.stops) return node.writing ? word('fork_tree.goes_on') : word('fork_tree.ends_here');
  if (node.folded != null) return shape(node.text);
  const ends = node.ends || {}, end = ends.writing ? '…' : ends.eos || ends.stop ? '∎' : ends.length || ends.time ? '⋯' : '';
  return node.kids.length ? shape(node.text) : node.text ? `${shape(node.text)} ${end}` : end || '∎';
}

function read(text) {
  view = text ? JSON.parse(text) : null;
  order = [];
  if (!view) return;
  for (const node of view.nodes) node.kids = [];
  view.nodes.forEach((node, at) => {
    node.at = at;
    node.up = node.parent >= 0 ? view.nodes[node.parent] : null;
    node.depth = node.up ? node.up.depth + 1 : 0;
    if (node.up) node.up.kids.push(node);
  });
  const walk = (node) => { order.push(node); node.kids.forEach(walk); };
  walk(view.nodes[0]);
}

function fit(text, room) { // the longest prefix that fits
  if (pen.measureText(text).width <= room) return text;
  let low = 0, high = text.length;
  while (low < high) { const half = (low + high + 1) >> 1; if (pen.measureText(`${text.slice(0, half)}…`).width <= room) low = half; else high = half - 1; }
  return `${text.slice(0, low)}…`;
}

function caption(node, room) {
  const tail = node.folded != null ? ` … ${plural(node.folded, 'answer')}` : '';
  const count = node.n > 1 || node.kids.length ? `×${node.n}` : '';
  const dot = node.at === 0 && !node.tokens, text = dot ? '' : fit(label(node).trimStart(), room - (tail ? 90 : 0)) + tail;
  const long = dot ? 4 : pen.measureText(text).width;
  return { text, long, count, whole: long + (count ? 10 + count.length * 7 : 0) };
}

function put(node, x, y, room) {
  const said = caption(node, room), item = mk('g', { class: 'node', role: 'treeitem', tabindex: -1, 'aria-level': node.depth + 1, 'aria-label': spoken(node), 'data-at': node.at });
  item.append(mk('rect', { x: x - 5, y: y - ROW / 2 + 2, width: said.whole + 10, height: ROW - 4, rx: 3 }));
  if (node.at === 0 && !node.tokens) item.append(mk('circle', { cx: x + 3, cy: y, r: 4 }));
  else item.append(mk('text', isText(node) ? { x, y: y + 4 } : { x, y: y + 4, class: 'aside' }, said.text));
  if (said.count) item.append(mk('text', { class: 'n', x: x + said.long + 8, y: y + 4 }, said.count));
  group.append(item);
  node.item = item;
  return said.whole;
}

function ribbons() {
  const thick = (n) => 2 + (n / view.n) * 24, room = box.clientWidth;
  let y = ROW / 2, most = 0;
  const place = (node) => {
    if (!node.kids.length) { node.y = y; y += ROW; return; }
    node.kids.forEach(place);
    node.y = (node.kids[0].y + node.kids[node.kids.length - 1].y) / 2;
  };
  const lay = (node, x) => {
    const inner = node.depth <= 4 ? 150 : node.depth <= 10 ? 100 : 70;
    const whole = put(node, x, node.y, node.kids.length ? inner : Math.min(640, Math.max(260, room - x - 60)));
    most = Math.max(most, x + whole + 12);
    if (!node.kids.length) return;
    const from = x + Math.max(node.at === 0 && !node.tokens ? 0 : 56, whole) + 10, to = from + LINK, middle = from + LINK / 2;
    let top = node.y - node.kids.reduce((sum, kid) => sum + thick(kid.n), 0) / 2;
    for (const kid of node.kids) {
      const h = thick(kid.n), end = kid.y - h / 2;
      kid.edge = mk('path', { class: kid.main ? 'main' : '', d: `M${from} ${top}C${middle} ${top} ${middle} ${end} ${to} ${end}V${end + h}C${middle} ${end + h} ${middle} ${top + h} ${from} ${top + h}Z` });
      edges.append(kid.edge);
      top += h;
      lay(kid, to + 8);
    }
  };
  place(view.nodes[0]);
  lay(view.nodes[0], 8);
  return [Math.max(most, room - 1), y - ROW / 2 + 4];
}

function list() {
  const room = box.clientWidth;
  let y = ROW / 2, most = 0;
  for (const node of order) {
    const x = 10 + node.depth * INDENT;
    node.x = x; node.y = y; y += ROW;
    most = Math.max(most, x + put(node, x + 6, node.y, Math.max(150, room - x - (node.n > 1 || node.kids.length ? 52 : 20))) + 14);
    if (!node.up) continue;
    const from = node.up.x - 2;
    node.edge = mk('path', { class: node.main ? 'main' : '', 'stroke-width': 1.5 + (node.n / view.n) * 6, d: `M${from} ${node.up.y + 9}C${from} ${node.y} ${from} ${node.y} ${x - 3} ${node.y}` });
    edges.append(node.edge);
  }
  return [Math.max(most, room - 1), y - ROW / 2 + 4];
}

function draw() {
  edges.textContent = ''; group.textContent = '';
  element.classList.toggle('filled', Boolean(view));
  width = box.clientWidth;
  if (!view || !width) return;
  pen.font = getComputedStyle(svg).getPropertyValue('--mono').includes('var') ? '13px monospace' : `13px ${getComputedStyle(svg).getPropertyValue('--mono')}`;
  const narrow = width < NARROW;
  edges.classList.toggle('lines', narrow);
  const [w, h] = narrow ? list() : ribbons();
  svg.setAttribute('width', w); svg.setAttribute('height', h);
  svg.setAttribute('aria-label', `Fork tree: ${plural(view.n, 'run')}, ${plural(view.answers, 'answer')}`);
  find('.about').textContent = `where ${plural(view.n, 'run')} of one prompt diverge${view.growing ? ' so far' : ''}; width is how many still agree`;
  select(selected ?? order.find((node) => node.fork) ?? order[0], true);
}

// The words that lead to a node, and what follows it.
const path = (node) => { let text = ''; for (let one = node; one; one = one.up) text = (one.text || '') + text; return text; };
const tail = (text) => { const words = shape(text); return words.length > 70 ? `…${words.slice(-70)}` : words; };
const forkOf = (node) => (node.fork ? node : node.up && node.up.fork ? node.up : null);
const against = ([first, second]) => `${visible(first.text)} ${percent(first.prob)} against ${visible(second.text)} ${percent(second.prob)}`;

function spoken(node) {
  const own = `${label(node).trim() || 'start'}, ${node.n} of ${plural(view.n, 'run')}${node.prob == null ? '' : `, probability ${percent(node.prob)}`}`;
  return node.fork ? `${own}. Fork after it: ${against(node.fork.top)}, gap ${node.fork.gap.toFixed(2)}` : own;
}

function bar({ text, prob, took }, runs, chosen) {
  const row = el('div', `bar${chosen ? ' chosen' : ''}`), fill = el('i');
  const name = el('span', 'mono', visible(text));
  name.title = visible(text);
  fill.style.width = `${Math.max(0, Math.min(1, prob)) * 100}%`;
  const track = el('span'); track.append(fill);
  row.append(name, track, el('span', 'number', percent(prob)), el('span', 'took', took == null ? '' : `${took} of ${plural(runs, 'run')}`));
  return row;
}

function tell(node) {
  const owner = forkOf(node), bars = find('.bars'), where = find('.where'), facts = find('.panel dl');
  bars.textContent = ''; where.textContent = '';
  facts.hidden = !owner;
  if (!owner) {
    where.textContent = view.answers === 1 ? word('fork_tree.no_fork') : word('fork_tree.not_fork');
    find('.readout').textContent = view.answers === 1 ? `All ${plural(view.n, 'run')} gave the same answer, token by token.` : word('fork_tree.nothing_diverges_here');
    return;
  }
  const fork = owner.fork, before = path(owner), ratio = Math.exp(fork.gap);
  where.append(before ? 'After ' : word('fork_tree.at_start'));
  if (before) where.append(el('span', '', `“${tail(before).trimStart()}”`));
  find('.readout').textContent = node.more != null
    ? `${plural(node.more, 'branch', 'branches')} with ${plural(node.n, 'run')} not drawn; the saved file has all.`
    : `At token ${(fork.index + 1).toLocaleString('en')} the likeliest is ${ratio < 100 ? ratio.toFixed(ratio < 10 ? 1 : 0) : 'over 100'} times as likely as the second.`;
  find('[data-k="gap"]').textContent = `${fork.gap.toFixed(2)} = ln(${percent(fork.top[0].prob)} / ${percent(fork.top[1].prob)})`;
  find('[data-k="bits"]').textContent = `${fork.bits.toFixed(2)} bits`;
  find('[data-k="runs"]').textContent = `${owner.n} of ${view.n}`;
  const chosen = owner === node ? null : node.id;
  for (const one of fork.top) bars.append(bar(one, owner.n, one.id === chosen));
  if (chosen != null && node.prob != null && !fork.top.some((one) => one.id === chosen)) bars.append(bar({ text: fit(shape(node.text).trim() || '‹end›', 150), prob: node.prob, took: node.n }, owner.n, true));
}

function select(node, quiet) {
  if (!node || !node.item) return;
  for (const item of group.querySelectorAll('.on')) item.classList.remove('on');
  for (const edge of edges.querySelectorAll('.on')) edge.classList.remove('on');
  if (selected?.item) { selected.item.setAttribute('tabindex', -1); selected.item.removeAttribute('aria-selected'); }
  selected = node;
  node.item.classList.add('on');
  node.item.setAttribute('tabindex', 0);
  node.item.setAttribute('aria-selected', 'true');
  for (let one = node; one.edge; one = one.up) one.edge.classList.add('on');
  tell(node);
  if (!quiet) node.item.focus();
}

const nodeOf = (event) => { const item = event.target.closest?.('.node'); return item ? view.nodes[item.dataset.at] : null; };
group.addEventListener('pointerover', (event) => { const node = nodeOf(event); if (node && node !== selected) select(node, true); });
group.addEventListener('click', (event) => { const node = nodeOf(event); if (node) select(node); });
group.addEventListener('focusin', (event) => { const node = nodeOf(event); if (node && node !== selected) select(node, true); });
group.addEventListener('keydown', (event) => {
  const node = nodeOf(event), at = order.indexOf(node);
  const next = { ArrowRight: node?.kids[0], ArrowLeft: node?.up, ArrowDown: order[at + 1], ArrowUp: order[at - 1], Home: order[0], End: order[order.length - 1] }[event.key];
  if (!(event.key.startsWith('Arrow') || event.key === 'Home' || event.key === 'End')) return;
  event.preventDefault();
  if (next) { select(next); next.item.scrollIntoView({ block: 'nearest', inline: 'nearest' }); }
});

// A node is the same while the tree grows if it begins with the same token after the same words.
const keyOf = (node) => (node.up ? `${keyOf(node.up)} ${node.start}:${node.id ?? (node.stops ? 'stop' : 'more')}` : 'root');

function update() {
  if ((props.value || '') === drawn) return;
  drawn = props.value || '';
  const key = view?.growing && selected ? keyOf(selected) : null, focused = group.contains(document.activeElement);
  const place = view?.growing ? [box.scrollLeft, box.scrollTop] : null;
  selected = null;
  read(drawn);
  selected = key && order.find((node) => keyOf(node) === key) || null;
  element.classList.toggle('growing', Boolean(view?.growing));
  element.closest('.rerun-results')?.classList.toggle('early', Boolean(view?.growing));
  draw();
  if (focused && selected) selected.item.focus({ preventScroll: true });
  // a tall tree starts at its middle; one that grows stays where a person looks
  const middle = view && width >= NARROW ? view.nodes[0].y - box.clientHeight / 2 : 0;
  [box.scrollLeft, box.scrollTop] = view && place ? place : [0, middle];
}
watch('value', update);
new ResizeObserver(() => { if (view && box.clientWidth && box.clientWidth !== width) draw(); }).observe(box);
update();
