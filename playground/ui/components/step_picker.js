// answer = {id, prompt, tokens: [text...], first, ready}: `ready`: the model is in memory, so `first` is requested at once.
const SHOWN = 400; // of a long answer only the tokens around the chosen one are in the page
const WAIT_MS = 90; // held arrow keys request only the token they stop at
const list = element.querySelector('.toks');
let shown = null, run = null, at = -1, from = 0, timer = 0;

function token(index) {
  const text = run.tokens[index], node = el('span', 'tok', text);
  if (!text.trim()) { node.classList.add(text.includes('\n') ? 'line' : text ? 'blank' : 'none'); node.setAttribute('aria-label', text ? visible(text) : `token ${index + 1}, no text`); }
  node.setAttribute('role', 'option');
  node.setAttribute('aria-posinset', index + 1);
  node.setAttribute('aria-setsize', run.tokens.length);
  node.setAttribute('aria-selected', 'false');
  node.dataset.index = index;
  node.tabIndex = -1;
  return node;
}

function fill(middle) {
  from = Math.max(0, Math.min(middle - SHOWN / 2, run.tokens.length - SHOWN));
  const to = Math.min(run.tokens.length, from + SHOWN);
  list.replaceChildren(...Array.from({ length: to - from }, (_, i) => token(from + i)));
  const more = (name, count, where) => { element.querySelector(`.${name}`).textContent = count > 0 ? ` … ${count.toLocaleString('en')} tokens ${where} ` : ''; };
  more('before', from, 'before');
  more('after', run.tokens.length - to, 'after');
}

const nodeAt = (index) => list.children[index - from];
function mark(index, focus) {
  if (at >= 0 && nodeAt(at)) { nodeAt(at).setAttribute('aria-selected', 'false'); nodeAt(at).tabIndex = -1; }
  if (!nodeAt(index) || index - from < 20 && from > 0 || from + SHOWN - index < 20 && from + SHOWN < run.tokens.length) fill(index);
  at = index;
  const node = nodeAt(index);
  node.tabIndex = 0;
  node.setAttribute('aria-selected', 'true');
  element.querySelector('.where').textContent = `Step ${index.toLocaleString('en')}: token ${(index + 1).toLocaleString('en')} of ${run.tokens.length.toLocaleString('en')}`;
  if (focus) { node.focus({ preventScroll: true }); node.scrollIntoView({ block: 'nearest' }); }
}

function choose(index, { focus = true, now = false } = {}) {
  if (index < 0 || index >= run.tokens.length) return;
  mark(index, focus);
  clearTimeout(timer);
  timer = setTimeout(() => { props.value = String(index); trigger('input'); }, now ? 0 : WAIT_MS);
}

function draw() {
  const answer = props.answer || '';
  if (answer === shown) return;
  shown = answer;
  clearTimeout(timer);
  at = -1;
  try { run = answer ? JSON.parse(answer) : null; } catch { run = null; }
  element.classList.toggle('filled', run !== null);
  say('shown', run !== null);
  say('reset');
  list.replaceChildren();
  if (!run) return;
  element.querySelector('.prompt').textContent = run.prompt;
  element.querySelector('.where').textContent = 'Step';
  fill(0);
  if (run.ready) choose(run.first, { focus: false, now: true });
  else list.firstChild.tabIndex = 0;
}

list.addEventListener('click', (event) => { const node = event.target.closest('.tok'); if (node) choose(+node.dataset.index, { now: true }); });
list.addEventListener('keydown', (event) => {
  const node = event.target.closest('.tok');
  if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
  const index = +node.dataset.index, last = run.tokens.length - 1;
  const own = { ArrowRight: Math.min(last, index + 1), ArrowLeft: Math.max(0, index - 1), Home: 0, End: last, Enter: index, ' ': index }[event.key];
  const row = own === undefined ? nextToken(list.children, index - from, event.key) : null, next = own ?? (row ? +row.dataset.index : undefined);
  if (next === undefined) return;
  event.preventDefault();
  if (next !== at) choose(next);
});
watch('answer', draw);
draw();
