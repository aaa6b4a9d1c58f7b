const find = (selector) => element.querySelector(selector);
const share = (x, low, high) => `${(100 * (x - low) / (high - low || 1)).toFixed(3)}%`;

function line(row, low, high, kind) {
  const item = el('li', kind === 'tornado' ? 'whole' : row.strong ? 'strong' : ''), name = el('span', 'name', row.name), track = el('span', 'track'), bar = el('i');
  if (row.note) name.append(el('small', '', row.note));
  bar.style.left = share(row.low, low, high);
  bar.style.right = `calc(100% - ${share(kind === 'tornado' ? row.high : row.base, low, high)})`;
  track.append(bar);
  if (kind === 'tornado') { const base = el('s'); base.style.left = share(row.base, low, high); track.append(base); }
  if (row.whisker) { const span = el('u'); span.style.left = share(row.whisker[0], low, high); span.style.right = `calc(100% - ${share(row.whisker[1], low, high)})`; track.append(span); }
  item.append(name, track, el('span', 'text', row.text));
  return item;
}

let drawn = null;
function draw(feed) {
  const text = window.playground.cost.drawing(props.feed);
  if ((feed && feed !== props.feed) || text === drawn) return;
  drawn = text;
  const spec = text ? JSON.parse(text) : null, rows = spec ? spec.rows : [];
  find('.title').textContent = spec?.title || '';
  find('.about').textContent = spec?.about || '';
  const ends = rows.flatMap((row) => [row.low, row.base, row.high ?? row.base, ...(row.whisker || [])]), low = spec?.kind === 'tornado' ? Math.min(...ends) : 0, high = Math.max(...ends, low);
  find('.rows').replaceChildren(...rows.map((row) => line(row, low, high, spec.kind)));
}
document.addEventListener('playground:drawing', (event) => draw(event.detail));
draw();
