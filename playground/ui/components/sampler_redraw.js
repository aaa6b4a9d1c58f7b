// Fresh draws against the expectation: a bar is the count, a mark the expectation, and the band twice its deviation.
const REDRAW_ROWS = 11, REDRAWS = 1000;

function makeRedraw(box) {
  const rows = Array.from({ length: REDRAW_ROWS + 1 }, () => {
    const row = el('div', 'bar'), name = leaf(row, 'span', 'word'), track = el('span', 'track'), band = el('u'), bar = el('i'), mark = el('s');
    track.append(band, bar, mark); row.append(track);
    const number = leaf(row, 'span', 'number');
    box.append(row);
    return { row, name, band, bar, mark, number };
  });
  return rows;
}

// The likeliest tokens under the settings, and all others together as the last row.
function redrawRows(data, last) {
  const { order } = last.weights.field, count = Math.min(REDRAW_ROWS, last.left.n);
  const rows = Array.from({ length: count }, (_, j) => ({ token: order[j], name: visible(data.texts[order[j]]), chance: last.chance(order[j]) }));
  const others = last.kept - count;
  if (others > 0) rows.push({ token: null, name: `${whole(others)} others`, chance: Math.max(0, 1 - rows.reduce((sum, row) => sum + row.chance, 0)) });
  return rows;
}

function fillRedraw(nodes, status, data, last, counts) {
  const rows = redrawRows(data, last), named = new Set(rows.map((row) => row.token));
  let others = 0, inside = 0;
  if (counts) for (const [token, count] of counts) if (!named.has(token)) others += count;
  for (const row of rows) {
    row.expected = row.chance * REDRAWS;
    row.two = 2 * Math.sqrt(REDRAWS * row.chance * (1 - row.chance));
    row.count = counts ? (row.token === null ? others : counts.get(row.token) || 0) : null;
    if (row.count !== null && Math.abs(row.count - row.expected) <= row.two + 0.5) inside++; // counts are whole
  }
  const most = Math.max(...rows.map((row) => Math.max(row.expected + row.two, row.count || 0)));
  const place = (n) => `${(Math.max(0, n) / most * 100).toFixed(2)}%`;
  nodes.forEach((node, i) => {
    const row = rows[i];
    node.row.style.visibility = row ? '' : 'hidden';
    if (!row) return;
    put(node.name, row.name);
    node.bar.style.width = row.count === null ? '0' : place(row.count);
    node.mark.style.left = place(row.expected);
    node.band.style.left = place(row.expected - row.two);
    node.band.style.width = place(row.expected + row.two - Math.max(0, row.expected - row.two));
    put(node.number, `${row.count === null ? '–' : whole(row.count)} / ${row.expected.toFixed(row.expected < 9.95 ? 1 : 0)} ± ${row.two.toFixed(row.two < 9.95 ? 1 : 0)}`);
  });
  put(status, counts ? `${inside} of ${rows.length} rows are within ± 2 standard deviations of the expectation; about 95 % should be.`
    : word('sampler_redraw.drawn_expected_2'));
}
