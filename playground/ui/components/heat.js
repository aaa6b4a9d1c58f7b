const canvas = element.querySelector('canvas'), find = (selector) => element.querySelector(selector);
let view = null, of = [], cell = 1, side = 0, at = [0, 0], drawn = null;

const alike = (a, b) => {
  const from = (of[a] * view.counts.length + of[b]) * 2, text = view.cells.slice(from, from + 2);
  return text === '##' ? 100 : Number(text);
};

function draw() {
  if (!view) return;
  const room = Math.min(340, element.clientWidth || 340);
  cell = Math.max(1, Math.min(20, Math.floor(room / side)));
  const scale = Math.ceil(devicePixelRatio || 1), size = side * cell;
  canvas.width = canvas.height = size * scale;
  canvas.style.width = canvas.style.height = `${size}px`;
  const pen = canvas.getContext('2d'), style = getComputedStyle(element), tone = style.getPropertyValue('--prob').trim();
  pen.scale(scale, scale);
  pen.fillStyle = style.getPropertyValue('--panel');
  pen.fillRect(0, 0, size, size);
  const gap = cell > 6 ? 1 : 0;
  for (let a = 0; a < side; a++) for (let b = 0; b < side; b++) {
    pen.fillStyle = `hsl(${tone} / ${0.04 + 0.96 * (alike(a, b) / 100)})`;
    pen.fillRect(b * cell, a * cell, cell - gap, cell - gap);
  }
  pen.strokeStyle = style.getPropertyValue('--ink');
  pen.lineWidth = 2;
  pen.strokeRect(at[1] * cell + 0.5, at[0] * cell + 0.5, Math.max(2, cell - gap - 1), Math.max(2, cell - gap - 1));
}

function tell(a, b) {
  at = [a, b];
  const share = alike(a, b), same = of[a] === of[b];
  find('.big').textContent = `${share}%`;
  find('.pair').textContent = a === b ? word('heat.one_run_with') : same ? word('heat.same_answer_given', { count: view.counts[of[a]] }) : word('heat.tokens_common_1');
  find('.one').textContent = view.texts[of[a]];
  find('.two').textContent = same ? '' : view.texts[of[b]];
  canvas.setAttribute('aria-label', word('heat.similarity_runs_answers', { runs: side, answers: view.counts.length, row: a + 1, column: b + 1, share }));
  draw();
}

function update() {
  if ((props.value || '') === drawn) return;
  drawn = props.value || '';
  view = drawn ? JSON.parse(drawn) : null;
  of = view ? view.counts.flatMap((count, answer) => Array(count).fill(answer)) : [];
  side = of.length;
  if (view) tell(0, Math.min(1, side - 1));
}

canvas.addEventListener('pointermove', (event) => {
  if (!view) return;
  const box = canvas.getBoundingClientRect(), place = (v) => Math.max(0, Math.min(side - 1, Math.floor(v / (box.width / side))));
  tell(place(event.clientY - box.top), place(event.clientX - box.left));
});
canvas.addEventListener('keydown', (event) => {
  const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
  if (!view || !step) return;
  event.preventDefault();
  tell(Math.max(0, Math.min(side - 1, at[0] + step[0])), Math.max(0, Math.min(side - 1, at[1] + step[1])));
});
watch('value', update);
new ResizeObserver(() => { if (view && element.clientWidth) draw(); }).observe(element);
update();
