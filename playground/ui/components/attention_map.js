const find = (selector) => element.querySelector(selector);
const whole = find('.whole'), toks = find('.toks'), canvas = find('canvas');
let view = null, drawn = '', head = 0, spans = [], tokens = '', query = 0, atToken = 0, shaded = 0;
const SCALE = 1e4; // weights travel as whole numbers
const LONG = 512, BLOCK = 128; // tokens of a long text are in blocks; only visible blocks are laid out

const row = () => {
  if (head) return view.heads[head - 1];
  return view.heads[0].map((_, i) => view.heads.reduce((sum, one) => sum + one[i], 0) / view.heads.length);
};

function draw() {
  const text = props.value || '';
  if (text === drawn) return;
  drawn = text;
  const next = text ? JSON.parse(text) : null;
  find('.problem').textContent = next?.problem || '';
  if (next?.problem) { whole.hidden = false; element.classList.remove('busy'); return; }
  view = next;
  whole.hidden = !view;
  if (!view) return;
  head = view.head;
  query = view.query;
  build();
  element.classList.remove('busy');
  paint();
}

function build() { // thousands of tokens are built once, then only shaded again
  const own = JSON.stringify(view.tokens);
  if (own === tokens) return;
  tokens = own;
  atToken = view.query;
  shaded = 0;
  spans = view.tokens.map((text, i) => {
    const span = el('span', 'tok', text.replace(/\n/g, '↵\n') || '·');
    span.dataset.index = i;
    span.tabIndex = -1;
    span.setAttribute('role', 'button');
    span.setAttribute('aria-label', `token ${i}: ${visible(text)}`);
    return span;
  });
  const long = spans.length > LONG;
  toks.classList.toggle('long', long);
  if (!long) { toks.replaceChildren(...spans); return; }
  const blocks = [];
  for (let from = 0; from < spans.length; from += BLOCK) { const block = el('div', 'block'); block.append(...spans.slice(from, from + BLOCK)); blocks.push(block); }
  toks.replaceChildren(...blocks);
}

function paint() {
  const weights = row(), most = Math.max(...weights, 1);
  for (let i = 0; i < Math.max(shaded, weights.length); i++) {
    const shade = i < weights.length ? Math.sqrt(weights[i] / most).toFixed(2) : '0.00';
    if (spans[i].dataset.shade !== shade) { spans[i].dataset.shade = shade; spans[i].style.setProperty('--w', shade); }
  }
  shaded = weights.length;
  toks.querySelector('.query')?.classList.remove('query');
  toks.querySelector('[tabindex="0"]')?.setAttribute('tabindex', '-1');
  spans[query].classList.add('query');
  spans[atToken].tabIndex = 0;
  const name = head ? `head ${head}` : `mean over ${view.heads.length} heads`;
  find('.who').textContent = `Layer ${view.layer}, ${name}: from token ${query}, ${visible(view.tokens[query])}.`;
  const sums = head ? [view.sums[head - 1]] : view.sums, low = Math.min(...sums), high = Math.max(...sums);
  const first = head ? weights[0] / SCALE : view.share;
  find('.sum').textContent = `${head ? 'The row sums to' : 'Rows of all heads sum to'} ${low.toFixed(6)}${high - low > 5e-7 ? ` to ${high.toFixed(6)}` : ''}. Shade: the square root of the weight, against the largest. ${view.cost}`;
  find('.sink').textContent = `On the first token: ${percent(first)}. ${first > 0.2 && query ? 'It is an attention sink: it takes weight that has nowhere else to go (Xiao et al. 2023, arXiv 2309.17453).' : 'Many heads put much weight there whatever the token is: an attention sink (Xiao et al. 2023, arXiv 2309.17453).'}`;
  tell(atToken);
  square();
}

function tell(i) {
  const weights = row();
  find('.one').textContent = i > query ? `Token ${i}, ${visible(view.tokens[i])}: comes later, so it has no weight.` : `Token ${i}, ${visible(view.tokens[i])}: ${weights[i] > 0 ? percent(weights[i] / SCALE) : 'below 0.01%'}.`;
}

function square() {
  const rows = view.matrix;
  find('.all').hidden = !rows;
  if (!rows) return;
  const side = rows.length, cell = Math.max(1, Math.floor(240 / side)), scale = Math.ceil(devicePixelRatio || 1);
  canvas.width = canvas.height = side * cell * scale;
  canvas.style.width = canvas.style.height = `${side * cell}px`;
  const pen = canvas.getContext('2d'), style = getComputedStyle(element);
  pen.scale(scale, scale);
  pen.fillStyle = style.getPropertyValue('--paper');
  pen.fillRect(0, 0, side * cell, side * cell);
  rows.forEach((weights, y) => weights.forEach((weight, x) => {
    pen.fillStyle = `hsl(${style.getPropertyValue('--prob')} / ${Math.sqrt(weight / SCALE)})`;
    pen.fillRect(x * cell, y * cell, cell, cell);
  }));
  pen.strokeStyle = style.getPropertyValue('--ink');
  pen.strokeRect(0.5, query * cell + 0.5, side * cell - 1, Math.max(1, cell - 1));
}

function ask(i) {
  if (i === query) return;
  element.classList.add('busy');
  say('query', i);
}

const hit = (event) => event.target.closest?.('.tok');
toks.addEventListener('pointerover', (event) => { if (hit(event)) tell(+hit(event).dataset.index); });
toks.addEventListener('pointerleave', () => { if (view) tell(atToken); });
toks.addEventListener('click', (event) => { if (hit(event)) { hit(event).focus({ preventScroll: true }); ask(+hit(event).dataset.index); } });
toks.addEventListener('focusin', (event) => {
  if (!hit(event)) return;
  spans[atToken].tabIndex = -1;
  atToken = +hit(event).dataset.index;
  spans[atToken].tabIndex = 0;
  tell(atToken);
});
toks.addEventListener('keydown', (event) => {
  if (!hit(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); ask(+hit(event).dataset.index); return; }
  const next = nextToken(spans, +hit(event).dataset.index, event.key);
  if (next) { event.preventDefault(); next.focus({ preventScroll: true }); next.scrollIntoView({ block: 'nearest' }); }
});
canvas.addEventListener('click', (event) => ask(Math.min(view.tokens.length - 1, Math.floor(event.offsetY / canvas.clientHeight * view.matrix.length))));
hear('requested', (request) => {
  if (!view) return;
  if (request.layer !== view.layer || request.query !== view.query || view.matrix) element.classList.add('busy');
  head = request.head;
  paint();
});
watch('value', draw);
draw();
