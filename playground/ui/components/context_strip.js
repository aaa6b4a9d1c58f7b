// Widths are shares of the whole: what fell out, then the context with what is free at its end.
const out = element.querySelector('.out'), bar = element.querySelector('.bar'), told = element.querySelector('.told');
const idle = told.textContent;
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
  told.textContent = value ? value.told : idle;
  told.classList.toggle('problem', Boolean(value?.problem));
  say('parts', value);
}

element.addEventListener('click', (event) => { const kind = event.target.dataset?.kind; if (kind) say('choose', kind); });
hear('key', () => say('parts', drawn ? JSON.parse(drawn) : null)); // a key that is drawn later asks
hear('live-strip', draw); // while an answer comes, its feed says what is taken
watch('value', () => draw());
draw();
