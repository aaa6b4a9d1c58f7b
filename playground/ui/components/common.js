// Shared by all parts: Gradio gives each script `element`, `props`, `trigger` and `watch`.
const el = (tag, cls, text) => {
  const node = document.createElement(tag);
  if (cls) node.className = cls;
  if (text != null) node.textContent = text;
  return node;
};
// Parts of one pane talk by events on the document; panes never receive each other's events.
const say = (what, detail) => document.dispatchEvent(new CustomEvent(`playground:${props.pane}:${what}`, { detail }));
const hear = (what, act) => document.addEventListener(`playground:${props.pane}:${what}`, (event) => act(event.detail));
// Invisible characters get a visible form: spaces, line ends, control and zero-width characters.
const visible = (text) => {
  if (text === '') return '‹no text›';
  return text
    .replace(/ /g, '␣').replace(/\r/g, '␍').replace(/\n/g, '↵').replace(/\t/g, '⇥')
    .replace(/[\u0000-\u001f\u007f-\u009f\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
      (c) => `‹U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}›`);
};
// The bytes of a piece of a character, as the engine spells them; '' for any other token.
const bytesOf = (text) => (/^(<0x[0-9A-F]{2}>)+$/.test(text ?? '') ? text.match(/[0-9A-F]{2}(?=>)/g).join(' ') : '');
const { word } = window.playground, { percent, plural, seconds } = window.playground.numbers;
// Whether text runs to the left here: the next token of the line is on the left of this one, or the one before on its right.
const runsLeft = (all, at) => {
  const boxOf = (node) => (node?.lastElementChild || node)?.getBoundingClientRect(); // the word: a space before it may be on another line
  const here = boxOf(all[at]);
  for (const step of [1, -1]) {
    const box = boxOf(all[at + step]);
    if (box?.width && Math.abs(box.bottom - here.bottom) < 4) return (box.left - here.left) * step < 0;
  }
  return false;
};
// Where a key moves among tokens in lines of text: to the neighbour, first, last, or nearest of the next line.
const nextToken = (all, at, key) => {
  if (key === 'ArrowRight' || key === 'ArrowLeft') return all[at + ((key === 'ArrowRight') === runsLeft(all, at) ? -1 : 1)];
  if (key === 'Home') return all[0];
  if (key === 'End') return all[all.length - 1];
  const step = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0;
  if (!step) return null;
  const from = all[at].getBoundingClientRect(), x = from.left + from.width / 2;
  let best = null, bestDistance = Infinity, row = null;
  for (let j = at + step; all[j]; j += step) {
    const box = all[j].getBoundingClientRect();
    if (Math.abs(box.bottom - from.bottom) < 4) continue;
    row ??= box.bottom;
    if (Math.abs(box.bottom - row) >= 4) break;
    const distance = Math.abs(box.left + box.width / 2 - x);
    if (distance < bestDistance) { best = all[j]; bestDistance = distance; }
  }
  return best;
};

// A button that resets; it takes that back until something else has changed, which its user reports by the result.
const undoable = (button, reset, state) => {
  const label = button.textContent;
  let undo = null, after = '';
  const show = () => { button.textContent = undo ? word('common.undo') : label; };
  button.addEventListener('click', () => {
    if (undo) { undo(); undo = null; } else { undo = reset(); after = state(); }
    show();
  });
  return () => { if (undo && state() !== after) { undo = null; show(); } };
};

const termOf = (words) => {
  const node = el('span', 'term'), ask = el('button', '', '?');
  ask.type = 'button';
  ask.setAttribute('aria-label', word('common.explain'));
  node.append(words, ask);
  return node;
};
// A term's definition in a box beside it, on hover, focus and click. `element` holds `.term[data-term]` and one `.tip`.
const explain = (definitions) => {
  const tip = element.querySelector('.tip');
  let shown = null;
  const hide = () => { shown = null; tip.classList.remove('open'); };
  const show = (term) => {
    if (!term || term === shown) return;
    shown = term;
    const about = definitions[term.dataset.term], list = el('dl');
    for (const [name, text] of [[word('common.tip_unit'), about.unit], [word('common.tip_formula'), about.formula], [word('common.tip_source'), about.source]]) if (text) list.append(el('dt', '', name), el('dd', '', word(text)));
    tip.replaceChildren(el('p', '', word(about.definition)), list);
    tip.classList.add('open');
    place();
  };
  const place = () => {
    const at = shown.getBoundingClientRect(), box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(at.left, innerWidth - box.width - 8))}px`;
    tip.style.top = `${at.bottom + 6 + box.height > innerHeight ? Math.max(8, at.top - box.height - 6) : at.bottom + 6}px`;
  };
  const term = (event) => event.target.closest?.('.term');
  element.addEventListener('pointerover', (event) => { if (term(event)) show(term(event)); });
  element.addEventListener('pointerout', (event) => { // the tip itself may be pointed at
    const to = event.relatedTarget;
    if (shown && !(to && (shown.contains(to) || tip.contains(to))) && !shown.contains(document.activeElement)) hide();
  });
  element.addEventListener('focusin', (event) => show(term(event)));
  element.addEventListener('click', (event) => show(term(event))); // not every browser focuses a clicked button
  element.addEventListener('focusout', hide);
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') hide(); });
  const scrolled = () => { if (shown?.contains(document.activeElement)) place(); else hide(); }; // focus may scroll
  addEventListener('scroll', scrolled, { passive: true, capture: true });
};
