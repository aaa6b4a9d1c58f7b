// Widths are shares of the whole: the dropped part, then the context with its free part at the end.
const out = element.querySelector('.out'), bar = element.querySelector('.bar'), status = element.querySelector('.status');
const idle = status.textContent;
let drawn = null;


function piece([kind, name, tokens]) {
  const node = el('i', kind);
  node.style.flexGrow = tokens;
  node.title = `${name}: ${plural(tokens, 'token')}`;
  node.dataset.kind = kind;
  return node;
}

function draw(next = props.value) {
  if (next === drawn) return;
  drawn = next;
  const value = drawn ? JSON.parse(drawn) : null, parts = value?.parts || [];
  const fallen = parts.filter(([kind]) => kind === 'dropped');
  const lost = fallen.reduce((sum, part) => sum + part[2], 0);
  element.classList.toggle('known', parts.length > 0);
  out.replaceChildren(...fallen.map(piece));
  bar.replaceChildren(...parts.filter(([kind, , tokens]) => kind !== 'dropped' && tokens).map(piece));
  out.hidden = !lost;
  out.style.flexGrow = lost;
  bar.style.flexGrow = value ? Math.max(1, value.context) : 1;
  status.textContent = value ? value.summary : idle;
  status.classList.toggle('problem', Boolean(value?.problem));
  say('parts', value);
}

element.addEventListener('click', (event) => { const kind = event.target.dataset?.kind; if (kind) say('choose', kind); });
hear('key', () => say('parts', drawn ? JSON.parse(drawn) : null)); // for a key that is drawn later
hear('live-strip', draw); // during an answer, its feed gives the usage
watch('value', () => draw());
draw();
