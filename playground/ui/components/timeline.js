const LEFT = 52, WIDTH = 1000, HEIGHT = 80, BINS = 320; // svg units; if there are more tokens than bins, a bin shows its longest gap
const find = (selector) => element.querySelector(selector);
const plot = find('.plot');
let gaps = 0, per = 1, bins = [], sorted = [], limit = null, ttft = null, prefill = null, marked = null, due = 0;

function add(gap) { // the cost per token is the same after ten and after ten thousand
  if (gaps === BINS * per) {
    bins = Array.from({ length: BINS / 2 }, (_, i) => Math.max(bins[2 * i], bins[2 * i + 1]));
    per *= 2;
  }
  const bin = Math.floor(gaps / per);
  bins[bin] = Math.max(bins[bin] ?? 0, gap);
  gaps += 1;
  let low = 0, high = sorted.length;
  while (low < high) { const middle = (low + high) >> 1; if (sorted[middle] < gap) low = middle + 1; else high = middle; }
  sorted.splice(low, 0, gap);
}

const step = () => (WIDTH - LEFT) / Math.max(bins.length, 24);

function draw() {
  due = 0;
  const top = Math.max(...bins, (limit || 0) * 1.3, 1e-9) * 1.12, bar = step() * (bins.length > 160 ? 1 : 0.82);
  const y = (s) => HEIGHT - s / top * HEIGHT;
  find('.gaps').setAttribute('d', bins.map((s, i) => `M${(LEFT + i * step()).toFixed(1)} ${HEIGHT}V${y(s).toFixed(1)}h${bar.toFixed(2)}V${HEIGHT}z`).join(''));
  find('rect.first').setAttribute('y', ttft === null ? HEIGHT : 0);
  find('rect.first').setAttribute('height', ttft === null ? 0 : HEIGHT);
  const read = ttft && prefill ? Math.min(1, prefill / ttft) * HEIGHT : 0;
  find('rect.read').setAttribute('y', HEIGHT - read);
  find('rect.read').setAttribute('height', read);
  const at = limit && gaps ? y(limit).toFixed(1) : -9;
  find('.bound').setAttribute('y1', at); find('.bound').setAttribute('y2', at);
  find('.top').textContent = gaps ? `↑ ${seconds(top)}` : '';
  find('.ttft').textContent = ttft === null ? '' : `first token ${seconds(ttft)} (ttft)${prefill === null ? '' : `, prompt ${seconds(prefill)} (prefill)`}`;
  find('.range').textContent = (gaps ? `tokens 2 to ${gaps + 1}, median ${seconds(sorted[gaps >> 1])}` : '') + (limit && gaps ? `, limit ${seconds(limit)}` : '');
  plot.setAttribute('aria-label', gaps ? word('timeline.time_each_token_2', { first: find('.ttft').textContent, rest: find('.range').textContent }) : word('timeline.no_tokens_yet'));
  mark(marked);
}
const soon = () => { if (!due) due = requestAnimationFrame(draw); };

function mark(index) { // index of a token; the first one's time is the ttft block
  marked = index;
  if (index === null || index < 1 || !gaps) { find('.mark').setAttribute('d', ''); return; }
  const x = LEFT + Math.min(bins.length - 1, Math.floor((index - 1) / per)) * step();
  find('.mark').setAttribute('d', `M${x.toFixed(1)} 0h${step().toFixed(2)}V${HEIGHT}h${(-step()).toFixed(2)}z`);
}

hear('reset', () => { gaps = 0; per = 1; bins = []; sorted = []; ttft = prefill = marked = null; soon(); });
hear('prompt', (prompt) => { prefill = prompt.prefill_s; soon(); });
hear('tokens', ({ tokens, from }) => {
  for (let i = Math.max(1, from); i < tokens.length; i++) add(tokens[i].time - tokens[i - 1].time);
  ttft = tokens[0].time;
  soon();
});
hear('meters', (values) => { if (values.limit_s !== undefined && values.limit_s !== limit) { limit = values.limit_s; soon(); } });
hear('inspect', ({ index }) => mark(index));
plot.addEventListener('pointermove', (event) => {
  const box = plot.getBoundingClientRect(), slot = Math.floor(((event.clientX - box.left) / box.width * WIDTH - LEFT) / step());
  if (gaps && slot < bins.length) say('pick', slot < 0 ? 0 : Math.min(gaps, 1 + slot * per));
});
plot.addEventListener('pointerleave', () => say('unpick'));
draw();
