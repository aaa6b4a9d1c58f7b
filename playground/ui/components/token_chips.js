const PAGE = 400;
const find = (selector) => element.querySelector(selector);
const chips = find('.chips'), earlier = find('.earlier'), later = find('.later');
let drawn = null, value = null, from = 0;

function chip([id, text, kind]) {
  const node = el('span', `chip ${kind}`);
  node.append(el('span', 'text', visible(text)), el('span', 'id', String(id)));
  if (kind !== 'text') node.append(el('span', 'unseen', kind === 'control' ? ' control token' : ' template'));
  return node;
}

function page() {
  const to = Math.min(value.tokens.length, from + PAGE), nodes = [], starts = new Map(value.labels || []);
  for (let i = from; i < to; i++) {
    if (starts.has(i)) nodes.push(el('span', 'label', starts.get(i)));
    nodes.push(chip(value.tokens[i]));
  }
  chips.replaceChildren(...nodes);
  const whole = value.tokens.length <= PAGE;
  find('.pages').hidden = whole;
  find('.sub').textContent = [value.note, whole ? '' : `shown: ${(from + 1).toLocaleString('en')} to ${to.toLocaleString('en')}`].filter(Boolean).join('; ');
  earlier.disabled = from === 0;
  later.disabled = to === value.tokens.length;
  chips.scrollTop = 0;
}

function draw() {
  if (props.value === drawn) return;
  drawn = props.value;
  value = drawn ? JSON.parse(drawn) : null;
  from = 0;
  element.classList.toggle('filled', Boolean(value));
  find('.title').textContent = value?.title || '';
  if (value) page();
}

earlier.addEventListener('click', () => { from = Math.max(0, from - PAGE); page(); });
later.addEventListener('click', () => { from += PAGE; page(); });
watch('value', draw);
draw();
