// When work ends, or a file was opened, the document is fetched and kept; an entry opens in the tab that shows its kind.
const { files, runs, tabs } = window.playground, box = element.querySelector('dialog'), list = element.querySelector('.list');
const when = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

const MOST = 4, chosen = new Set();
const canCompare = () => [...document.querySelectorAll('[role="tab"]')].some((tab) => window.playground.english(tab.textContent.trim()) === 'Compare');
function count() { element.querySelector('.compare').disabled = chosen.size < 2 || chosen.size > MOST; }
function mark(key, title) { // the first one marked is what the others are compared with
  const tick = el('input');
  tick.type = 'checkbox';
  tick.setAttribute('aria-label', word('history.compare_2', { title }));
  tick.addEventListener('change', () => { if (tick.checked) chosen.add(key); else chosen.delete(key); count(); });
  return tick;
}

function entry({ key, kind, title, made }) {
  const item = el('li'), words = el('div', 'words'), open = el('button', 'open', word('history.open')), remove = el('button', '', word('history.delete'));
  words.append(el('span', 'title', title), el('span', 'sub', `${kind}, ${when.format(key)}${made ? `, ${made}` : ''}`));
  for (const button of [open, remove]) { button.type = 'button'; button.setAttribute('aria-label', `${button.textContent}: ${title}`); }
  open.addEventListener('click', async () => { const found = await runs.entry(key); box.close(); if (found) await files.give(kind, found.text); });
  remove.addEventListener('click', async () => { await runs.remove(key); await draw(); });
  item.append(kind === 'run' && canCompare() ? mark(key, title) : el('span'), words, open, remove);
  return item;
}

async function draw() {
  const all = await runs.all().catch(() => []);
  element.dataset.count = all.length;
  chosen.clear();
  count();
  for (const part of element.querySelectorAll('.compare, .compares')) part.hidden = !canCompare() || all.filter(({ kind }) => kind === 'run').length < 2;
  list.replaceChildren(...all.map(entry));
  element.querySelector('.none').hidden = all.length > 0;
  element.querySelector('.clear').disabled = !all.length;
}

document.addEventListener('playground:history', async () => { await draw(); box.showModal(); });
element.querySelector('.compare').addEventListener('click', async () => {
  const marked = await Promise.all([...chosen].map((key) => runs.entry(key)));
  box.close();
  await files.give('compare', JSON.stringify(marked.filter(Boolean).map((one) => one.text)));
});
element.querySelector('.close').addEventListener('click', () => box.close());
element.querySelector('.clear').addEventListener('click', async () => { await runs.clear(); await draw(); });
const newest = {}; // of this page, by what shows it
let kept = '';
for (const kind of ['ended', 'opened']) document.addEventListener(`playground:${kind}`, ({ detail }) => { props.value = { kept, slots: detail, id: Date.now() }; trigger('input'); });
watch('value', async () => {
  const { key, kind, title, made, text, slot } = props.value || {};
  if (!text || key === kept) return;
  kept = key;
  const now = await runs.add({ kind, title, made, text }).catch(() => null); // no room, or not allowed: the run itself is not touched
  const before = newest[slot];
  if (now && before && before !== now) document.dispatchEvent(new CustomEvent('playground:replaced', { detail: { kind, before, now } }));
  if (now) { newest[slot] = now; tabs.shows(slot, kind, now); }
  await draw();
});
