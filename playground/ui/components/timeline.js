const LEFT = 52, WIDTH = 1000, HEIGHT = 80, BINS = 320; // svg units; more tokens than bins share one, its longest gap shown
const find = (selector) => element.querySelector(selector);
const plot = find('.plot');
let gaps = [], limit = null, ttft = null, prefill = null, marked = null;

function bins() {
  const n = Math.min(gaps.length, BINS);
  return Array.from({ length: n }, (_, i) => Math.max(...gaps.slice(Math.floor(i * gaps.length / n), Math.floor((i + 1) * gaps.length / n))));
}

function draw() {
  const heights = bins(), top = Math.max(...heights, (limit || 0) * 1.3, 1e-9) * 1.12;
  const slots = Math.max(heights.length, 24), step = (WIDTH - LEFT) / slots, bar = step * (slots > 160 ? 1 : 0.82);
  const y = (s) => HEIGHT - s / top * HEIGHT;
  find('.gaps').setAttribute('d', heights.map((s, i) => `M${(LEFT + i * step).toFixed(1)} ${HEIGHT}V${y(s).toFixed(1)}h${bar.toFixed(2)}V${HEIGHT}z`).join(''));
  find('rect.first').setAttribute('y', ttft === null ? HEIGHT : 0);
  find('rect.first').setAttribute('height', ttft === null ? 0 : HEIGHT);
  const read = ttft && prefill ? Math.min(1, prefill / ttft) * HEIGHT : 0;
  find('rect.read').setAttribute('y', HEIGHT - read);
  find('rect.read').setAttribute('height', read);
  const at = limit && heights.length ? y(limit).toFixed(1) : -9;
  find('.bound').setAttribute('y1', at); find('.bound').setAttribute('y2', at);
  find('.top').textContent = gaps.length ? `↑ ${seconds(top)}` : '';
  find('.ttft').textContent = ttft === null ? '' : `ttft ${seconds(ttft)}${prefill === null ? '' : `, prefill ${seconds(prefill)}`}`;
  const sorted = [...gaps].sort((a, b) => a - b), median = sorted[Math.floor(sorted.length / 2)];
  find('.range').textContent = (gaps.length ? `tokens 2 to ${gaps.length + 1}, median ${seconds(median)}` : '') + (limit && gaps.length ? `, limit ${seconds(limit)}` : '');
  plot.setAttribute('aria-label', gaps.length ? `Time of each token: ${find('.ttft').textContent}, ${find('.range').textContent}` : 'No tokens yet');
}

function mark(index) { // index of a token; the first one's time is the ttft block
  marked = index;
  if (index === null || index < 1 || !gaps.length) { find('.mark').setAttribute('d', ''); return; }
  const n = Math.min(gaps.length, BINS), slots = Math.max(n, 24), step = (WIDTH - LEFT) / slots;
  const x = LEFT + Math.min(n - 1, Math.floor((index - 1) * n / gaps.length)) * step;
  find('.mark').setAttribute('d', `M${x.toFixed(1)} 0h${step.toFixed(2)}V${HEIGHT}h${(-step).toFixed(2)}z`);
}

hear('reset', () => { gaps = []; ttft = prefill = null; draw(); mark(null); });
hear('prompt', (prompt) => { prefill = prompt.prefill_s; draw(); });
hear('tokens', (tokens) => {
  for (let i = gaps.length + 1; i < tokens.length; i++) gaps.push(tokens[i][4] - tokens[i - 1][4]);
  ttft = tokens.length ? tokens[0][4] : null;
  draw(); mark(marked);
});
hear('meters', (values) => { if (values.limit_s !== undefined && values.limit_s !== limit) { limit = values.limit_s; draw(); } });
hear('inspect', ({ index }) => mark(index));
plot.addEventListener('pointermove', (event) => {
  const box = plot.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * WIDTH;
  if (!gaps.length) return;
  const n = Math.min(gaps.length, BINS), slot = Math.floor((x - LEFT) / ((WIDTH - LEFT) / Math.max(n, 24)));
  if (slot < n) say('pick', slot < 0 ? 0 : 1 + Math.floor(slot * gaps.length / n));
});
plot.addEventListener('pointerleave', () => say('unpick'));
draw();
