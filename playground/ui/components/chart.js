// A spec is drawn at the pixel size of its container and redrawn on resize: nothing is stretched.
const find = (selector) => element.querySelector(selector);
const plot = find('.plot'), svg = find('.plot > svg'), tip = find('.tip'), guide = find('.guide');
const COLOURS = ['time', 'memory', 'money', 'energy', 'ink', 'ink-2', 'add', 'del'];
const DASHES = ['', '7 4', '2 3', '10 3 2 3'];
const CHAR = 7.25, LINE = 15; // a figure of the mono type at 12 px; a row of text
const uid = `chart-${Math.random().toString(36).slice(2)}`;
const pen = document.createElement('canvas').getContext('2d');
let spec = null, drawn = '', places = [], at = null, halos = null, here = null;

// Reading styles while writing to the page forces a restyle: constant ones are read once.
let size = null, family = '';
const face = () => (family ||= getComputedStyle(plot).fontFamily);
const colour = (name) => (COLOURS.includes(name) ? `var(--${name})` : 'hsl(var(--prob))');
const mk = (tag, attributes, style, text) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  Object.assign(node.style, style);
  if (text != null) node.textContent = text;
  return node;
};
const numbers = window.playground.numbers;
const plain = (v, digits) => v.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: 0 });

function figure(v, axis) {
  if (v == null) return '–';
  if (axis.categories) return axis.categories[v];
  return axis.percent ? percent(v) : numbers.figure(v, axis.unit || '');
}
const named = (axis, unit = axis.unit) => axis.label + (unit && !axis.percent ? ` (${unit})` : '');

function tickText(v, step, axis) {
  if (axis.percent) return `${plain(v * 100, Math.max(0, -Math.floor(Math.log10(step * 100) + 1e-9)))}%`;
  if (v !== 0 && (Math.abs(v) >= 1e6 || step < 1e-4)) return numbers.number(v);
  return plain(v, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}

// Round numbers: 1, 2 or 5 times a power of ten, about `count` of them.
function roundStep(span, count) {
  const power = 10 ** Math.floor(Math.log10(span / count)), rest = span / count / power;
  return power * (rest <= 1 ? 1 : rest <= 2 ? 2 : rest <= 5 ? 5 : 10);
}

// From values to pixels. `wide` ends on round numbers if the axis has no fixed ends.
function scale(axis, values, from, to, count, { zero, wide, whole }) {
  let low = axis.min ?? Math.min(...values, ...(zero && !axis.log ? [0] : [])), high = axis.max ?? Math.max(...values, ...(zero && !axis.log ? [0] : []));
  if (axis.log) return logScale(axis, low, high, from, to, count);
  if (high <= low) { if (axis.min == null && !zero) low -= 0.5; high = low + (axis.percent ? 1 : axis.min == null && !zero ? 1 : Math.abs(low) || 1); }
  const step = Math.max(roundStep(high - low, count), whole ? 1 : 0);
  if (wide && axis.min == null) low = Math.floor(low / step + 1e-9) * step;
  if (wide && axis.max == null) high = Math.ceil(high / step - 1e-9) * step;
  if (axis.percent && axis.max == null && Math.max(...values) <= 1) high = Math.min(high, 1);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(i * step + 0); // + 0: never -0
  const [unit, size] = numbers.axisUnit(axis.unit || '', Math.max(Math.abs(low), Math.abs(high)));
  return { px: (v) => from + (v - low) / (high - low) * (to - from), low, unit, ticks: ticks.map((v) => [v, tickText(v / size, step / size, axis)]) };
}

function logScale(axis, low, high, from, to, count) {
  let first = Math.log10(low), last = Math.log10(high);
  if (last - first < 1) { const middle = (first + last) / 2; first = middle - 0.5; last = middle + 0.5; }
  const powers = [];
  for (let p = Math.ceil(first - 1e-9); p <= last + 1e-9; p++) powers.push(p);
  const every = Math.max(1, Math.ceil(powers.length / Math.max(2, count))), long = powers.some((p) => p < -3 || p > 5);
  const between = last - first < 2.5 ? [1, 2, 5] : [1]; // on a short axis powers of ten only are too few
  const places = between.length > 1 ? [powers[0] - 1, ...powers] : powers.filter((p) => p % every === 0);
  const ticks = places.flatMap((p) => between.map((m) => m * 10 ** p)).filter((v) => v >= 10 ** first * (1 - 1e-9) && v <= 10 ** last * (1 + 1e-9))
    .map((v) => [v, long && between.length === 1 && !axis.percent ? `10${numbers.raised(Math.round(Math.log10(v)))}` : axis.percent ? percent(v) : long ? numbers.number(v) : plain(v, 6)]);
  return { px: (v) => from + (Math.log10(v) - first) / (last - first) * (to - from), low: 10 ** first, ticks };
}

function cut(text, width, font) {
  pen.font = font;
  if (pen.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && pen.measureText(`${text.slice(0, end)}…`).width > width) end--;
  return `${text.slice(0, end)}…`;
}

// Names of categories: at most two lines each, and only as many as there is room for.
function names(width) {
  const all = spec.x.categories, every = Math.max(1, Math.ceil(all.length * 30 / width)), room = width / all.length * every - 6;
  const font = `12px ${face()}`;
  pen.font = font;
  return all.map((name, i) => {
    if (i % every) return [];
    const words = name.split(' ');
    let first = words.shift();
    while (words.length && pen.measureText(`${first} ${words[0]}`).width <= room) first += ` ${words.shift()}`;
    return [first, words.join(' ')].filter(Boolean).map((line) => cut(line, room, font));
  });
}

// Labels of marks in rows above the plot; without room they are numbered, and listed below.
function markRows(x, left, right) {
  pen.font = `12px ${face()}`;
  const ends = [], marks = spec.marks.filter((mark) => mark.label).sort((a, b) => a.x - b.x).map((mark, i) => ({ ...mark, number: i + 1 }));
  let numbered = marks.length > 4;
  for (const mark of numbered ? [] : marks) {
    const width = pen.measureText(mark.label).width + 10, at = x(mark.x), flip = at + width > right;
    const from = flip ? at - width : at;
    mark.row = ends.findIndex((end) => end <= from);
    if (mark.row < 0) mark.row = ends.length;
    mark.flip = flip;
    ends[mark.row] = flip ? at + 4 : at + width;
    if (from < left || mark.row > 2) numbered = true;
  }
  if (numbered) { // from left to right; those too close to distinguish share a place
    const groups = [];
    for (const mark of marks) {
      const last = groups[groups.length - 1], at = x(mark.x);
      if (last && at - last.from < 12 + CHAR * `${last.first}–${mark.number}`.length) last.last = mark.number;
      else groups.push({ from: at, first: mark.number, last: mark.number });
      groups[groups.length - 1].to = at;
    }
    return { rows: 1, marks, groups };
  }
  return { rows: ends.length, marks };
}

const shape = (i, x, y, r) => [
  `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`, `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
  `M${x} ${y - r * 1.2}L${x + r * 1.15} ${y + r}H${x - r * 1.15}z`, `M${x} ${y - r * 1.3}L${x + r * 1.3} ${y}L${x} ${y + r * 1.3}L${x - r * 1.3} ${y}z`,
][i % 4];

// Series differ by more than hue: by dash and shape, bars by hatching.
const fill = (series, i) => (series.kind === 'bars' && i % 4 ? `url(#${uid}-${i % 4}-${series.colour})` : colour(series.colour));
function hatch(series, i) {
  const pattern = mk('pattern', { id: `${uid}-${i % 4}-${series.colour}`, width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: `rotate(${[0, 45, -45, 0][i % 4]})` });
  pattern.append(mk('rect', { width: 6, height: 6 }, { fill: colour(series.colour), opacity: 0.25 }), mk('rect', { width: 2.5, height: 6 }, { fill: colour(series.colour) }));
  return pattern;
}

function key(series, i) {
  const box = mk('svg', { viewBox: '0 0 22 12', 'aria-hidden': 'true' });
  if (series.kind === 'bars') box.append(mk('rect', { x: 5, y: 0, width: 12, height: 12 }, { fill: fill(series, i) }));
  else {
    if (series.kind !== 'dots') box.append(mk('path', { class: 'curve', d: 'M0 6H22', 'stroke-dasharray': DASHES[i % 4] }, { stroke: colour(series.colour) }));
    if (series.kind !== 'step') box.append(mk('path', { d: shape(i, 11, 6, 4) }, { fill: colour(series.colour) }));
  }
  return box;
}

function heads() {
  find('.title').textContent = spec?.title || '';
  const legend = find('.legend'), several = spec && spec.series.length > 1;
  legend.textContent = '';
  if (several) spec.series.forEach((series, i) => { const item = el('span'); item.append(key(series, i), el('span', '', series.name)); legend.append(item); });
  find('.head').classList.toggle('filled', Boolean(spec?.title || several));
  find('.summary').textContent = spec?.summary || '';
}

let shown; // an unchanged value is not drawn again

const value = () => (props.feed ? window.playground.cost.drawing(props.feed) : props.value);

function read() {
  const now = value();
  if (now === shown) return;
  shown = now;
  try { spec = now ? JSON.parse(now) : null; } catch { spec = null; }
  if (spec) { spec.marks ||= []; spec.series ||= []; }
  const filled = Boolean(spec?.series.some((series) => series.points.some((point) => point[1] != null)));
  plot.classList.toggle('filled', filled);
  find('figure').hidden = !filled && Boolean(props.quiet);
  find('.values').hidden = !filled;
  heads();
  if (filled) plot.setAttribute('role', 'slider'); else plot.removeAttribute('role');
  plot.tabIndex = filled ? 0 : -1;
  const all = new Set(filled ? [...spec.series.flatMap((series) => series.points.map((point) => point[0])), ...spec.marks.map((mark) => mark.x)] : []);
  places = [...all].sort((a, b) => a - b);
  if (at !== null && at >= places.length) at = places.length ? places.length - 1 : null;
  if (filled) speak(at ?? 0); else for (const name of ['aria-valuenow', 'aria-valuemin', 'aria-valuemax', 'aria-valuetext']) plot.removeAttribute(name);
  table();
  drawn = '';
  draw();
}

function draw() {
  const { width, height } = size ??= { width: plot.clientWidth, height: plot.clientHeight };
  if (!width || drawn === `${width} ${height}`) return; // in a closed tab there is no size yet
  drawn = `${width} ${height}`;
  find('.summary').classList.toggle('unseen', width >= 480 && !props.summary);
  svg.textContent = '';
  find('.numbered').hidden = true;
  here = halos = null;
  if (!plot.classList.contains('filled')) { hide(); return; }
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const values = spec.series.flatMap((series) => [...series.points.map((point) => point[1]), ...(series.low || []), ...(series.high || [])]).filter((v) => v != null && (!spec.y.log || v > 0));
  const bars = spec.series.filter((series) => series.kind === 'bars'), rows = spec.x.categories ? names(width - 50) : [];
  const bottom = height - (spec.x.label ? LINE : 0) - 6 - (rows.some((lines) => lines[1]) ? 2 : 1) * LINE;
  const whole = (list) => list.every(Number.isInteger), label = 10 + LINE * 0.6;
  const makeY = (top) => scale(spec.y, values, bottom, top, Math.max(2, Math.floor((bottom - top) / 38)), { zero: true, wide: true, whole: whole(values) && !spec.y.percent });
  const left = Math.ceil(Math.max(...[20, 60, 100].flatMap((top) => makeY(top).ticks.map((tick) => tick[1].length))) * CHAR) + 8, right = width - 12;
  const unit = spec.x.categories ? (right - left) / spec.x.categories.length : 0;
  const barXs = [...new Set(bars.flatMap((series) => series.points.map((point) => point[0])))];
  const pad = spec.x.categories ? 0 : barXs.length ? Math.min(barXs.length > 4 ? 90 : 40, (right - left) / (barXs.length + 1) / 2) : 0;
  const x = spec.x.categories ? { px: (v) => left + (v + 0.5) * unit, ticks: [] }
    : scale(spec.x, places, left + pad + 2, right - pad, Math.max(2, Math.floor((right - left) / 78)), { zero: false, wide: false, whole: whole(places) });
  const marks = markRows(x.px, left, right), top = label + 6 + (marks.marks.length ? marks.rows * LINE : 0) + (values.length && bars.length ? 6 : 0);
  const y = makeY(top);
  here = { x: x.px, y: y.px, left, right, top, bottom, unit };
  frame(x, y, rows);
  spec.series.forEach((series, i) => { if (series.kind === 'bars' && i % 4) svg.append(hatch(series, i)); });
  const slot = unit || (barXs.length > 1 ? Math.min(...barXs.sort((a, b) => a - b).slice(1).map((v, i) => x.px(v) - x.px(barXs[i]))) : 40);
  bars.forEach((series, k) => drawBars(series, spec.series.indexOf(series), k, bars.length, unit ? Math.min(slot * 0.7, 64 * bars.length) : Math.min(slot * 0.92, 2 * pad)));
  spec.series.forEach((series, i) => { if (series.kind !== 'bars') drawPoints(series, i); });
  drawMarks(marks, top);
  halos = mk('g', {});
  svg.append(halos);
  if (at !== null && tip.classList.contains('open')) show(at);
}

function frame(x, y, rows) {
  const { left, right, top, bottom } = here;
  const label = (axis, room, unit) => cut(named(axis, unit), room, `12px ${face()}`);
  svg.append(mk('text', { class: 'label', x: 0, y: 11 }, {}, label(spec.y, right, y.unit)));
  for (const [v, text] of y.ticks) {
    const level = Math.round(y.px(v)) + 0.5;
    svg.append(mk('line', { class: v === 0 ? 'base' : 'grid', x1: left, x2: right, y1: level, y2: level }));
    svg.append(mk('text', { x: left - 6, y: level + 4, 'text-anchor': 'end' }, {}, text));
  }
  svg.append(mk('line', { class: 'base', x1: left, x2: right, y1: Math.round(bottom) + 0.5, y2: Math.round(bottom) + 0.5 }));
  for (const [v, text] of x.ticks) {
    const place = x.px(v), half = text.length * CHAR / 2;
    svg.append(mk('line', { class: 'base', x1: place, x2: place, y1: bottom, y2: bottom + 4 }));
    svg.append(mk('text', { x: Math.min(Math.max(place, half), right + 12 - half), y: bottom + 16, 'text-anchor': 'middle' }, {}, text));
  }
  rows.forEach((lines, i) => lines.forEach((line, k) => svg.append(mk('text', { class: 'label', x: x.px(i), y: bottom + 16 + k * LINE, 'text-anchor': 'middle' }, {}, line))));
  const rowsBelow = rows.some((lines) => lines[1]) ? 2 : 1;
  if (spec.x.label) svg.append(mk('text', { class: 'label', x: right, y: bottom + 16 + rowsBelow * LINE, 'text-anchor': 'end' }, {}, label(spec.x, right, x.unit)));
}

function drawMarks({ marks, rows, groups }, top) {
  const line = (mark, height) => { // a pale edge keeps it visible across bars
    const place = { x1: here.x(mark.x), x2: here.x(mark.x), y1: height, y2: here.bottom };
    svg.append(mk('line', { class: 'edge', ...place }), mk('line', { class: 'mark', ...place }, { stroke: colour(mark.colour) }));
  };
  for (const mark of spec.marks) if (!mark.label) line(mark, top - 2);
  for (const mark of marks) {
    const place = here.x(mark.x), height = groups ? top - 2 : top - (rows - mark.row) * LINE + 2;
    line(mark, height);
    if (!groups) svg.append(mk('text', { class: 'label', x: place + (mark.flip ? -4 : 4), y: height + 9, 'text-anchor': mark.flip ? 'end' : 'start' }, {}, mark.label));
  }
  if (!groups) return;
  for (const { from, to, first, last } of groups) {
    const text = first === last ? `${first}` : `${first}–${last}`, half = text.length * CHAR / 2;
    svg.append(mk('text', { class: 'number', x: Math.max(here.left + half, Math.min((from + to) / 2, here.right - half)), y: top - 6, 'text-anchor': 'middle' }, {}, text));
  }
  const list = find('.numbered');
  list.textContent = '';
  for (const mark of marks) {
    const item = el('li');
    item.append(el('b', '', mark.number), `${mark.label} `, el('span', 'figure', figure(mark.x, { ...spec.x, unit: '' })));
    list.append(item);
  }
  list.hidden = false;
}

function whisker(series, i, x) {
  const low = series.low?.[i], high = series.high?.[i];
  if (low == null || high == null) return;
  const a = here.y(low), b = here.y(high);
  svg.append(mk('path', { class: 'whisker', d: `M${x - 4} ${a}h8M${x - 4} ${b}h8M${x} ${a}V${b}` }));
}

function drawBars(series, index, k, count, slot) {
  const width = Math.max(1, slot / count), floor = here.bottom;
  const labelled = here.unit && series.points.length * count <= 12 && !series.low && width > 26;
  series.points.forEach(([x, y], i) => {
    if (y == null) return;
    const from = here.x(x) - width * count / 2 + k * width, zero = spec.y.log ? floor : here.y(Math.max(0, spec.y.min ?? 0)), level = here.y(y);
    const high = y === 0 ? 0 : Math.max(1, Math.abs(zero - level));
    svg.append(mk('rect', { x: from + 0.5, y: Math.min(zero, zero - level > 0 ? zero - high : zero), width: Math.max(0.5, width - 1), height: high }, { fill: fill(series, index) }));
    whisker(series, i, from + width / 2);
    if (labelled) svg.append(mk('text', { class: 'value', x: from + width / 2, y: level - 4, 'text-anchor': 'middle' }, {}, figure(y, { ...spec.y, unit: '' })));
  });
}

function drawPoints(series, index) {
  const dots = series.kind === 'dots', tint = colour(series.colour), xy = series.points.map(([x, y]) => (y == null || (spec.y.log && y <= 0) ? null : [here.x(x), here.y(y)]));
  if (!dots && series.low) {
    const ends = series.points.map(([x], i) => [here.x(x), series.low[i], series.high[i]]).filter((end) => end[1] != null && end[2] != null);
    const line = (list, k) => list.map((end, i) => (series.kind === 'step' && i ? `H${end[0]}V${here.y(end[k])}` : `L${end[0]} ${here.y(end[k])}`)).join('');
    const back = series.kind === 'step' ? [...ends].reverse().map((end, i) => `${i ? `V${here.y(end[1])}` : `L${end[0]} ${here.y(end[1])}`}${ends[ends.length - 2 - i] ? `H${end[0]}` : ''}`).join('') : line([...ends].reverse(), 1);
    if (ends.length > 1) svg.append(mk('path', { class: 'band', d: `M${line(ends, 2).slice(1)}${back}z` }, { fill: tint }));
  }
  if (!dots) {
    let d = '', open = false;
    for (const point of xy) {
      if (point) d += !open ? `M${point[0]} ${point[1]}` : series.kind === 'step' ? `H${point[0]}V${point[1]}` : `L${point[0]} ${point[1]}`;
      open = Boolean(point);
    }
    svg.append(mk('path', { class: 'curve', d, 'stroke-dasharray': DASHES[index % 4] }, { stroke: tint }));
  }
  xy.forEach((point, i) => {
    if (!point) return;
    if (dots) whisker(series, i, point[0]);
    const alone = !xy[i - 1] && !xy[i + 1];
    if (dots || alone || (series.kind === 'line' && xy.length <= 24)) svg.append(mk('path', { d: shape(index, point[0], point[1], dots ? 4.5 : 3.5) }, { fill: tint }));
  });
}

// The values at one position of the x axis, as text.
function valuesAt(place) {
  const x = places[place], lines = [];
  for (const series of spec.series) series.points.forEach((point, i) => {
    if (point[0] !== x) return;
    const interval = series.low?.[i] != null && series.high?.[i] != null ? ` (${figure(series.low[i], { ...spec.y, unit: '' })} to ${figure(series.high[i], { ...spec.y, unit: '' })})` : '';
    lines.push([spec.series.length > 1 ? series.name : spec.y.label, figure(point[1], spec.y) + interval, series.labels?.[i] || '']);
  });
  for (const mark of spec.marks) if (mark.x === x) lines.push([mark.label || 'marked', '', '']);
  return { head: spec.x.categories ? figure(x, spec.x) : `${spec.x.label} ${figure(x, spec.x)}`, lines };
}

function speak(place) {
  const { head, lines } = valuesAt(place);
  plot.setAttribute('aria-valuemin', 1);
  plot.setAttribute('aria-valuemax', places.length);
  plot.setAttribute('aria-valuenow', place + 1);
  plot.setAttribute('aria-valuetext', `${head}: ${lines.map((line) => line.filter(Boolean).join(' ')).join('; ')}`);
}

function show(place) {
  if (!here || !places.length) return;
  at = place;
  speak(place);
  const { head, lines } = valuesAt(place), x = here.x(places[place]);
  tip.textContent = '';
  tip.append(el('b', '', head));
  for (const [name, value, more] of lines) { const row = el('div'); row.append(el('span', '', name), el('span', 'figure', value)); if (more) row.append(el('span', 'more', more)); tip.append(row); }
  tip.classList.add('open');
  guide.hidden = false;
  Object.assign(guide.style, { left: `${x}px`, top: `${here.top}px`, height: `${here.bottom - here.top}px` });
  const box = tip.getBoundingClientRect(), width = plot.clientWidth, beside = x + 12 + box.width <= width ? x + 12 : x - 12 - box.width;
  tip.style.left = `${Math.max(0, Math.min(beside, width - box.width))}px`;
  halos.textContent = '';
  for (const series of spec.series) for (const [px, py] of series.points) {
    if (px === places[place] && py != null && series.kind !== 'bars' && (!spec.y.log || py > 0)) halos.append(mk('circle', { class: 'halo', cx: here.x(px), cy: here.y(py), r: 7 }));
  }
}

function hide() {
  tip.classList.remove('open');
  guide.hidden = true;
  if (halos) halos.textContent = '';
}

function table() {
  const head = find('thead'), body = find('tbody'), details = find('.values');
  if (!details.open || details.hidden) { head.textContent = body.textContent = ''; return; }
  const row = (tag, cells) => { const line = el('tr'); cells.forEach((text, i) => { const cell = el(i && tag === 'td' ? 'td' : 'th', '', text); if (cell.tagName === 'TH') cell.scope = tag === 'td' ? 'row' : 'col'; line.append(cell); }); return line; };
  const exact = (v, axis) => (v == null ? '–' : axis.categories ? axis.categories[v] : String(Number.isInteger(v) ? v : Number(v.toPrecision(7))));
  const columns = spec.series.flatMap((series) => [[series.name, (i) => series.points[i]?.[1], series], ...(series.low ? [['low', (i) => series.low[i], series], ['high', (i) => series.high[i], series]] : [])]);
  const unit = (axis) => (axis.percent ? `${axis.label}, 0 to 1` : named(axis));
  head.replaceChildren(row('th', [unit(spec.x), ...columns.map(([name, , series]) => (name === series.name ? `${name}: ${unit(spec.y)}` : `${series.name}: ${name}`)), ...(spec.marks.length ? ['marks'] : [])]));
  const lines = places.flatMap((x) => {
    const spots = spec.series.map((series) => series.points.flatMap((point, i) => (point[0] === x ? [i] : []))), marks = spec.marks.filter((mark) => mark.x === x).map((mark) => mark.label || 'marked').join(', ');
    return Array.from({ length: Math.max(1, ...spots.map((list) => list.length)) }, (_, k) => row('td', [
      exact(x, spec.x), ...columns.map(([, value, series]) => { const i = spots[spec.series.indexOf(series)][k]; return i === undefined ? '' : exact(value(i), spec.y); }), ...(spec.marks.length ? [k ? '' : marks] : []),
    ]));
  });
  body.replaceChildren(...lines);
}

function nearest(event) {
  const x = event.clientX - plot.getBoundingClientRect().left;
  let best = 0;
  places.forEach((v, i) => { if (Math.abs(here.x(v) - x) < Math.abs(here.x(places[best]) - x)) best = i; });
  return best;
}

const point = (event) => { if (here && places.length) show(nearest(event)); };
plot.addEventListener('pointermove', point);
plot.addEventListener('pointerdown', point);
plot.addEventListener('pointerleave', () => { if (document.activeElement !== plot) hide(); });
plot.addEventListener('focus', () => { if (plot.matches(':focus-visible')) show(at ?? 0); });
plot.addEventListener('blur', hide);
plot.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') { hide(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || !places.length) return;
  const now = at ?? 0, page = Math.max(2, Math.round(places.length / 10));
  const next = { ArrowRight: now + 1, ArrowUp: now + 1, ArrowLeft: now - 1, ArrowDown: now - 1, Home: 0, End: places.length - 1, PageUp: now + page, PageDown: now - page }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  show(Math.max(0, Math.min(places.length - 1, next)));
});
find('.values').addEventListener('toggle', table);
new ResizeObserver(([entry]) => { size = entry.contentRect; draw(); }).observe(plot);
watch('value', read);
if (props.feed) document.addEventListener('playground:drawing', (event) => { if (event.detail === props.feed) read(); });
read();
