const find = (selector) => element.querySelector(selector);
const whole = find('.whole'), head = find('thead'), body = find('tbody'), rise = find('.rise');
let view = null, drawn = '', at = null, cells = [];

function draw() {
  const text = props.value || '';
  if (text === drawn) return;
  drawn = text;
  view = text ? JSON.parse(text) : null;
  whole.hidden = !view;
  if (!view) return;
  const top = el('tr');
  top.append(named(el('th', '', 'layer'), 'col'));
  view.positions.forEach((position, place) => {
    const name = named(el('th'), 'col');
    name.append(el('span', 'text', visible(view.texts[place])), el('small', '', position));
    name.title = visible(view.texts[place]);
    top.append(name);
  });
  head.replaceChildren(top);
  cells = [];
  const rows = document.createDocumentFragment();
  for (let layer = view.cells.length - 1; layer >= 0; layer--) {
    const row = el('tr');
    row.append(named(el('th', '', layer || 'in'), 'row'));
    cells[layer] = view.cells[layer].map(([said, prob, rank, own], place) => {
      const cell = el('td', rank === 1 ? 'own' : '', visible(said));
      cell.tabIndex = -1;
      cell.dataset.at = `${layer} ${place}`;
      cell.style.setProperty('--p', prob);
      cell.title = `${visible(said)} ${percent(prob)}; final answer ${visible(view.finals[place])}: rank ${rank.toLocaleString('en')}, ${percent(own)}`;
      row.append(cell);
      return cell;
    });
    rows.append(row);
  }
  body.replaceChildren(rows);
  show(view.cells.length - 1, view.positions.length - 1);
  find('.scroll').scrollLeft = 1e6;
}

const named = (node, scope) => { node.scope = scope; return node; };

function show(layer, place) {
  if (at) { const old = cells[at[0]]?.[at[1]]; if (old) { old.tabIndex = -1; old.removeAttribute('aria-selected'); } }
  for (const old of body.querySelectorAll('.column')) old.classList.remove('column');
  at = [layer, place];
  const [said, prob, rank, own, ratio] = view.cells[layer][place], last = view.cells.length - 1, final = visible(view.finals[place]);
  const cell = cells[layer][place];
  cell.tabIndex = 0;
  cell.setAttribute('aria-selected', 'true');
  for (const row of cells) row[place].classList.add('column');
  find('.says').textContent = `After token ${view.positions[place]}, ${visible(view.texts[place])}, the model says ${final} with ${percent(view.cells[last][place][1])}.`;
  const where = layer === 0 ? 'What enters the first layer' : `Layer ${layer} of ${last}`;
  const change = ratio == null ? '' : ` What the layer adds is ${Number(ratio.toPrecision(3))} times as long as the stream here.`;
  find('.here').textContent = `${where}: ${visible(said)} with ${percent(prob)}. The final answer has rank ${rank.toLocaleString('en')}, ${percent(own)}.${change}`;
  let since = last;
  while (since > 0 && view.cells[since - 1][place][2] === 1) since--;
  find('.since').textContent = since === last ? `Only the last layer puts ${final} first.` : `${final} stays first from ${since === 0 ? 'the input' : `layer ${since}`} on. Bars: its probability, layer by layer.`;
  rise.replaceChildren(...view.cells.map((row, number) => {
    const bar = el('i', number === layer ? 'now' : '');
    bar.style.height = `${Math.max(2, row[place][3] * 100)}%`;
    return bar;
  }));
}

const hit = (event) => event.target.closest?.('td');
const place = (cell) => cell.dataset.at.split(' ').map(Number);
body.addEventListener('click', (event) => hit(event)?.focus({ preventScroll: true }));
body.addEventListener('pointerover', (event) => { if (hit(event) && !body.contains(document.activeElement)) show(...place(hit(event))); });
body.addEventListener('focusin', (event) => { if (hit(event)) show(...place(hit(event))); });
body.addEventListener('keydown', (event) => {
  const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [-1, 0], ArrowUp: [1, 0] }[event.key];
  const ends = { Home: 0, End: view && view.positions.length - 1 }[event.key];
  if (!view || (!step && ends == null) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const next = step ? cells[at[0] + step[0]]?.[at[1] + step[1]] : cells[at[0]][ends];
  if (next) { next.focus({ preventScroll: true }); next.scrollIntoView({ block: 'nearest', inline: 'nearest' }); }
});
watch('value', draw);
draw();
