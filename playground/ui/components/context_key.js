const box = element.querySelector('.key');
const PAUSE_MS = 500; // the chosen part is requested again once the strip rests
let drawn = '', later = 0;

// The kinds of the strip, each once, with the total of its parts.
function draw(value) {
  const sums = new Map();
  for (const [kind, , tokens, name] of value?.parts || []) {
    const sum = sums.get(kind) || { name, tokens: 0, parts: 0 };
    sum.tokens += tokens; sum.parts += 1;
    sums.set(kind, sum);
  }
  const next = JSON.stringify([...sums]);
  if (next === drawn) return;
  drawn = next;
  clearTimeout(later);
  if (props.value) later = setTimeout(() => (sums.has(props.value) ? trigger('input') : choose('')), PAUSE_MS);
  const focused = document.activeElement?.dataset?.kind;
  box.replaceChildren(...[...sums].map(([kind, sum]) => {
    const node = el(kind === 'free' || kind === 'room' ? 'span' : 'button', 'entry'), swatch = el('i', kind);
    if (node.tagName === 'BUTTON') { node.type = 'button'; node.dataset.kind = kind; node.setAttribute('aria-pressed', String(kind === props.value)); }
    swatch.setAttribute('aria-hidden', 'true');
    node.append(swatch, el('span', 'name', sum.name), el('span', 'tokens', sum.tokens.toLocaleString('en')));
    return node;
  }));
  if (focused && box.contains(document.activeElement) === false) box.querySelector(`button[data-kind="${focused}"]`)?.focus();
}

function choose(kind) {
  const button = kind && box.querySelector(`button[data-kind="${kind}"]`);
  if (kind && !button) return;
  for (const one of box.querySelectorAll('button')) one.setAttribute('aria-pressed', String(one === button));
  props.value = kind;
  trigger('input');
}

box.addEventListener('click', (event) => { const button = event.target.closest('button'); if (button) choose(button.dataset.kind); });
hear('parts', draw);
hear('choose', choose);
say('key');
