// What a person expects, drawn before the measurement; what was measured is laid over it. A line has heights at even
// places from the first token to the last, in multiples of its own first token's time: it begins at 1.
const LINES = [['with', word('guess.with'), 'time'], ['without', word('guess.without'), 'memory']];
const STEPS = 16, TOP = 6, RISE = 3, MOST = 100; // places after the first; least top of the axis; a chosen rise; the highest
const SHAPES = { flat: () => 0, straight: (way) => way, faster: (way) => way * way };
const NAMES = [['', word('guess.not_drawn')], ['flat', word('guess.flat')], ['straight', word('guess.straight')], ['faster', word('guess.faster')], ['hand', word('guess.hand')]];
const box = element.querySelector('.plot'), svg = box.querySelector('svg'), said = element.querySelector('.said');
let active = 'without', stroke = null, here = null, known = {};

const line = (key) => props.value?.[key];
const shaped = (shape, end) => ({ shape, ys: Array.from({ length: STEPS + 1 }, (_, i) => 1 + (end - 1) * SHAPES[shape](i / STEPS)) });
function set(key, now) {
  props.value = { ...props.value, [key]: now };
  active = key;
  draw();
}

function row([key, label, colour], place) {
  const one = el('div', 'row'), name = el('label', 'name'), pick = el('input'), select = el('select'), end = el('input');
  pick.type = 'radio';
  pick.name = 'guess-line';
  pick.addEventListener('change', () => { active = key; });
  name.append(pick, swatch(colour, place), el('span', '', label));
  select.append(...NAMES.map(([value, text]) => { const option = el('option', '', text); option.value = value; return option; }));
  select.setAttribute('aria-label', word('guess.shape_of', { line: label }));
  Object.assign(end, { type: 'number', min: 0.1, max: MOST, step: 0.1 });
  end.setAttribute('aria-label', word('guess.end_of', { line: label }));
  select.addEventListener('change', () => {
    const shape = select.value, before = line(key);
    set(key, !shape ? null : shape === 'hand' ? { shape, ys: before?.ys ?? shaped('flat', 1).ys } : shaped(shape, shape === 'flat' ? 1 : RISE));
    trigger('input');
  });
  end.addEventListener('change', () => {
    set(key, shaped(line(key).shape, Math.min(MOST, Math.max(0.1, +end.value || 1))));
    trigger('input');
  });
  one.append(name, select, end, el('span', 'unit', word('guess.at_the_end')));
  return { one, update() {
    const now = line(key);
    pick.checked = active === key;
    select.value = now?.shape ?? '';
    end.disabled = !['straight', 'faster'].includes(now?.shape);
    if (document.activeElement !== end) end.value = now ? +now.ys[STEPS].toFixed(1) : '';
  } };
}

const mk = (tag, attributes, text) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (text != null) node.textContent = text;
  return node;
};
function swatch(colour, place) {
  const node = mk('svg', { viewBox: '0 0 22 12', 'aria-hidden': 'true' });
  node.append(mk('path', { d: 'M0 6H22', class: `drawn ${colour}` }), mk('circle', { cx: 11, cy: 6, r: place ? 2 : 4, class: `dot ${colour}` }));
  return node;
}

function draw() {
  for (const one of rows) one.update();
  const width = box.clientWidth, height = box.clientHeight;
  if (!width) return; // folded
  const heights = LINES.flatMap(([key]) => [...(line(key)?.ys ?? []), ...(known[key] ?? []).map((point) => point[1])]);
  const step = Math.ceil(Math.max(TOP, ...heights) / TOP), top = step * TOP, edge = { left: 40, right: width - 10, top: 24, bottom: height - 24 };
  const x = (way) => edge.left + way * (edge.right - edge.left), y = (times) => edge.bottom - times / top * (edge.bottom - edge.top);
  here = { ...edge, highest: top };
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.replaceChildren(mk('text', { x: 0, y: 12, class: 'label' }, word('guess.axis')));
  for (let times = 0; times <= top; times += step) {
    svg.append(mk('line', { x1: edge.left, x2: edge.right, y1: y(times), y2: y(times), class: times ? 'grid' : 'base' }), mk('text', { x: edge.left - 8, y: y(times) + 4, 'text-anchor': 'end' }, times ? `${times}×` : '0'));
  }
  svg.append(mk('text', { x: edge.left, y: height - 6, class: 'label' }, word('guess.first')), mk('text', { x: edge.right, y: height - 6, 'text-anchor': 'end', class: 'label' }, word('guess.last')));
  const path = (points) => `M${points.map(([way, times]) => `${x(way).toFixed(1)} ${y(times).toFixed(1)}`).join('L')}`;
  LINES.forEach(([key, , colour], place) => {
    const ys = line(key)?.ys, measured = known[key];
    if (ys) {
      svg.append(mk('path', { d: path(ys.map((times, i) => [i / STEPS, times])), class: `drawn ${colour}` }));
      for (let i = 0; i <= STEPS; i += 4) svg.append(mk('circle', { cx: x(i / STEPS), cy: y(ys[i]), r: place ? 2 : 4, class: `dot ${colour}` }));
    }
    if (measured) svg.append(mk('path', { d: path(measured), class: `measured ${colour}` }));
  });
  if (!heights.length) svg.append(mk('text', { x: (edge.left + edge.right) / 2, y: y(top / 2) - 8, 'text-anchor': 'middle', class: 'label' }, word('guess.draw_here')));
}

// A stroke sets the heights that it passes; of a new line, the rest follows the pen.
const within = (share) => Math.max(0, Math.min(1, share));
function move({ clientX, clientY }) {
  const at = svg.getBoundingClientRect(), way = within((clientX - at.left - here.left) / (here.right - here.left));
  const place = Math.round(way * STEPS), times = Math.round(within((here.bottom - clientY + at.top) / (here.bottom - here.top)) * here.highest * 10) / 10;
  const from = stroke.last ?? (stroke.isNew ? [0, 1] : [place, times]), [[a, low], [b, high]] = from[0] <= place ? [from, [place, times]] : [[place, times], from];
  for (let i = a; i <= b; i += 1) stroke.ys[i] = a === b ? times : low + (high - low) * (i - a) / (b - a);
  stroke.far = Math.max(stroke.far, place);
  if (stroke.isNew && place === stroke.far) stroke.ys.fill(times, place);
  stroke.ys[0] = 1;
  stroke.last = [place, times];
  set(active, { shape: 'hand', ys: [...stroke.ys] });
}
svg.addEventListener('pointerdown', (event) => {
  if (event.button || !here) return;
  const before = line(active), isNew = before?.shape !== 'hand';
  svg.setPointerCapture(event.pointerId);
  stroke = { isNew, ys: isNew ? shaped('flat', 1).ys : [...before.ys], last: null, far: 0 };
  move(event);
});
svg.addEventListener('pointermove', (event) => { if (stroke) move(event); });
for (const end of ['pointerup', 'pointercancel']) svg.addEventListener(end, () => { if (stroke) { stroke = null; trigger('input'); } });

function read() {
  known = props.measured || {};
  const words = props.said || '';
  if (said.textContent !== words) said.textContent = words;
  if (words) element.querySelector('details').open = true;
  draw();
}
const rows = LINES.map(row);
element.querySelector('.rows').append(...rows.map((one) => one.one));
new ResizeObserver(draw).observe(box);
watch(['value', 'measured', 'said'], read);
const isBack = LINES.some(([key]) => line(key)); // another panel was in front, and Gradio kept the value alone
if (isBack) element.querySelector('details').open = true;
read();
if (isBack) trigger('input');
