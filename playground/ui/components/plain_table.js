const whole = element.querySelector('.whole'), head = element.querySelector('thead'), body = element.querySelector('tbody'), note = element.querySelector('.note');
let drawn = null;

function cell(tag, content) { // text, or [text, share, mark]
  const [text, share, mark] = Array.isArray(content) ? content : [content];
  const node = el(tag, share == null ? '' : 'shade'), words = el('span', 'figure', text);
  if (tag === 'th') node.scope = 'row';
  if (share != null) node.style.setProperty('--share', share);
  if (mark) words.append(el('span', 'sign', ' ✓'), el('span', 'unseen', ' greedy decoding gives it'));
  node.append(words);
  return node;
}

function draw() {
  if (props.value === drawn) return;
  drawn = props.value;
  const value = drawn ? JSON.parse(drawn) : null;
  whole.hidden = !value;
  if (!value) return;
  const names = el('tr');
  names.append(...value.head.map((name) => { const node = el('th', '', name); node.scope = 'col'; return node; }));
  head.replaceChildren(names);
  body.replaceChildren(...value.rows.map((row) => { const node = el('tr'); node.append(...row.map((one, i) => cell(i ? 'td' : 'th', one))); return node; }));
  note.textContent = value.note || '';
}

watch('value', draw);
draw();
