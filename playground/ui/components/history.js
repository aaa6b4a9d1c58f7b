// When work ends, its document is fetched and kept; an entry opens in the tab that shows its kind.
const { files, runs } = window.playground, box = element.querySelector('dialog'), list = element.querySelector('.list');
const when = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

function entry({ key, kind, title, made }) {
  const item = el('li'), words = el('div', 'words'), open = el('button', 'open', 'Open'), remove = el('button', '', 'Delete');
  words.append(el('span', 'title', title), el('span', 'sub', `${kind}, ${when.format(key)}${made ? `, ${made}` : ''}`));
  for (const button of [open, remove]) { button.type = 'button'; button.setAttribute('aria-label', `${button.textContent}: ${title}`); }
  open.addEventListener('click', async () => { const text = await runs.text(key); box.close(); if (text) await files.give(kind, text); });
  remove.addEventListener('click', async () => { await runs.remove(key); await draw(); });
  item.append(words, open, remove);
  return item;
}

async function draw() {
  const all = await runs.all().catch(() => []);
  element.dataset.count = all.length;
  list.replaceChildren(...all.map(entry));
  element.querySelector('.none').hidden = all.length > 0;
  element.querySelector('.clear').disabled = !all.length;
}

document.addEventListener('playground:history', async () => { await draw(); box.showModal(); });
element.querySelector('.close').addEventListener('click', () => box.close());
element.querySelector('.clear').addEventListener('click', async () => { await runs.clear(); await draw(); });
let kept = '';
document.addEventListener('playground:ended', () => { props.value = { kept, id: Date.now() }; trigger('input'); });
watch('value', async () => {
  const { key, kind, title, made, text } = props.value || {};
  if (!text || key === kept) return;
  kept = key;
  await runs.add({ kind, title, made, text }).catch(() => {}); // no room, or not allowed: the run itself is not touched
  await draw();
});
