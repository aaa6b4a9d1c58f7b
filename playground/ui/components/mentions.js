const find = (selector) => element.querySelector(selector);
const token = (index) => (Number.isInteger(index) ? index + 1 : (index + 1).toFixed(1));

function rate(row, n) {
  const line = el('div', 'ment'), track = el('span', 'ci'), interval = el('b'), dot = el('i');
  interval.style.left = `${row.low * 100}%`; interval.style.width = `${(row.high - row.low) * 100}%`;
  dot.style.left = `${row.rate * 100}%`;
  track.append(interval, dot);
  const text = el('span', 'number', row.said);
  text.append(el('span', 'of', ` ${row.count}/${n}`));
  line.append(el('span', 'word', row.word), track, text);
  return line;
}

function strip(row, longest) { // one mark per position, as high as the number of runs that say it first there
  const line = el('div', 'strip'), track = el('span', 'track'), count = new Map();
  for (const place of row.places) count.set(place, (count.get(place) || 0) + 1);
  const most = Math.max(1, ...count.values()), at = (place) => `${longest > 1 ? (place / (longest - 1)) * 100 : 0}%`;
  for (const [place, runs] of count) {
    const mark = el('i');
    mark.style.left = at(place); mark.style.height = `${5 + (runs / most) * 12}px`;
    mark.title = `token ${place + 1}: ${runs}`;
    track.append(mark);
  }
  if (row.median != null) { const middle = el('b'); middle.style.left = at(row.median); track.append(middle); }
  line.append(el('span', 'word', row.word), track, el('span', 'number', row.median == null ? 'never' : `median ${token(row.median)}`));
  return line;
}

function sentence({ n, pieces }) {
  const line = el('li'), text = el('span', 'text');
  text.append(...pieces.map(([piece, marked]) => (marked ? el('mark', '', piece) : piece)));
  line.append(el('span', 'times', `×${n}`), text);
  return line;
}

function sentences(row, open) {
  const box = el('details'), list = el('ul'), all = row.sentences.length + row.left;
  box.open = open;
  box.dataset.word = row.word;
  list.append(...row.sentences.map(sentence));
  if (row.left) list.append(el('li', 'left', `and ${plural(row.left, 'more sentence')}: the saved file has all answers`));
  const head = el('summary', '', `${row.word}: `);
  head.append(el('span', 'sub', `${plural(all, 'sentence')} in ${plural(row.count, 'run')}`));
  box.append(head, list);
  return box;
}

function drawSentences(rows) { // what a person opened or closed stays so while words are typed
  const box = find('.said'), before = new Map([...box.children].map((one) => [one.dataset.word, one.open]));
  const said = rows.filter((row) => row.sentences.length);
  box.replaceChildren(...said.map((row, at) => sentences(row, before.get(row.word) ?? at === 0)));
}

function draw() {
  const view = props.value ? JSON.parse(props.value) : { n: 0, longest: 1, rows: [], cut: '', raise: 0, advice: [] };
  element.classList.toggle('filled', view.rows.length > 0);
  find('.cut').hidden = !view.cut || !view.rows.length;
  find('.cut span').textContent = view.cut;
  find('.cut button').hidden = !view.raise;
  find('.cut button').textContent = word('mentions.raise_limit_tokens', { count: view.raise });
  find('.rows').replaceChildren(...view.rows.map((row) => rate(row, view.n)));
  find('.first-head').textContent = word('mentions.token_first_mention');
  find('.strips').replaceChildren(...view.rows.map((row) => strip(row, view.longest)));
  drawSentences(view.rows);
  const [from, to] = find('.scale').children;
  from.textContent = '1'; to.textContent = view.longest.toLocaleString('en');
  find('.needs').replaceChildren(...view.advice.map((text) => el('li', '', text)));
}
find('.cut button').addEventListener('click', () => trigger('input'));
watch('value', draw);
draw();
