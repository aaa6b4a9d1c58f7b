// Texts whose pieces are of several kinds; the first kind is the plain one.
const LOOKS = { accepted: 'good', rejected: 'gone', corrected: 'late', bonus: 'more', broke: 'bad', read: 'late', other: 'bad' };
const box = element.querySelector('.texts');

function piece([text, kind], kinds) {
  const about = kinds.find(([name]) => name === kind)?.[1];
  const node = el('span', `k ${LOOKS[kind] ?? ''}`, text);
  if (kind in LOOKS && about) node.title = about;
  return node;
}

function key(kinds) {
  const line = el('div', 'key');
  line.append(...kinds.map(([kind, about]) => {
    const entry = el('span'), sample = el('span', `k ${LOOKS[kind] ?? ''}`, 'abc');
    sample.setAttribute('aria-hidden', 'true');
    entry.append(sample, el('span', '', about));
    return entry;
  }));
  return line;
}

function card({ title, kinds, pieces }) {
  const one = el('div', 'one'), text = el('div', 'text');
  text.dir = 'auto';
  text.tabIndex = 0;
  text.setAttribute('role', 'group');
  text.setAttribute('aria-label', title);
  text.append(...pieces.map((part) => piece(part, kinds)));
  one.append(el('h3', '', title), key(kinds), text);
  return one;
}

function draw() {
  const texts = props.value ? JSON.parse(props.value) : [];
  box.replaceChildren(...texts.map(card));
}
watch('value', draw);
draw();
