// value = a step's distribution; everything else happens here, without requests to the server.
const find = (selector) => element.querySelector(selector), all = (selector) => [...element.querySelectorAll(selector)];
const table = makeTable(find('table.stages')), again = makeRedraw(find('.redraw .bars')), both = makeBoth(find('table.both'));
const knobs = all('input[type=range]'), radios = all('input[type=radio]'), cells = all('.draws .cell').map((cell) => [...cell.children].map((node) => node.appendChild(document.createTextNode(''))));
// A slider changes the data of existing text nodes: new nodes would restyle the page.
const words = (node) => node.appendChild(document.createTextNode(''));
const about = words(find('.about')), reason = words(find('.why')), status = words(find('.status'));
const values = Object.fromEntries(all('.value').map((node) => [node.dataset.v, words(node)]));
let shown = null, sampler = null, run = null, settings = null, chosen = -1, order = 'transformers', spoken = 0;
explain(props.definitions);

function makeBoth(node) {
  const head = el('tr');
  [word('sampler.both_order'), word('sampler.both_top_k'), word('sampler.both_top_p'), word('sampler.both_min_p'), word('sampler.both_entropy'), word('sampler.both_draws')].forEach((name) => { const cell = el('th', '', name); cell.scope = 'col'; head.append(cell); });
  node.tHead.append(head);
  return Object.keys(SAMPLER_ORDERS).map((name) => {
    const row = el('tr'), first = el('th', '', name);
    first.scope = 'row';
    row.append(first);
    const texts = Array.from({ length: 5 }, () => leaf(row, 'td', ''));
    node.tBodies[0].append(row);
    return { name, row, texts };
  });
}

function knobText(name, value) {
  const off = { top_p: 1, top_k: 0, min_p: 0, repetition_penalty: 1 }[name];
  return value === off ? `off (${off})` : name === 'temperature' && value === 0 ? '0 (greedy)' : whole(value) === String(value) ? String(value) : String(+value.toFixed(4));
}

function fillKnobs() {
  for (const knob of knobs) {
    const name = knob.dataset.k, value = settings[name];
    if (name === 'top_k') knob.max = Math.max(200, run.settings.top_k, value);
    knob.value = value;
    turned(knob);
  }
}
function turned(knob) {
  const text = knobText(knob.dataset.k, settings[knob.dataset.k]);
  put(values[knob.dataset.k], text);
  knob.setAttribute('aria-valuetext', text);
}

function draw() {
  const found = Object.fromEntries(Object.keys(SAMPLER_ORDERS).map((name) => [name, sampler.run(settings, name)])), here = found[order];
  const full = fillTable(table, run, here, chosen);
  put(about, `${whole(run.vocabulary)} tokens; the first ${Math.min(SAMPLER_ROWS, run.ids.length)} drawn, the rest only counted; a full bar is ${full * 100}%; redrawn in the page, nothing is sent`);
  fillRedraw(again, status, run, here.stages[5], null);
  for (const { name, row, texts } of both) {
    const kept = (stage) => whole(found[name].stages.find((one) => one.name === stage).kept);
    [kept('top_k'), kept('top_p'), kept('min_p'), `${found[name].stages[5].bits.toFixed(2)} bits`, visible(run.texts[found[name].drawn])].forEach((text, i) => put(texts[i], text));
    dress(row, name === order ? 'on' : '');
  }
  why(found);
  tellDraw(here);
  return here;
}

function why(found) {
  const [ours, theirs] = ['transformers', 'llama.cpp'].map((name) => found[name].stages[5].kept), T = settings.temperature;
  const same = 'llama.cpp divides by the temperature last: its cuts see the model’s probabilities. transformers divides first: its cuts see them';
  put(reason, T === 0 ? word('sampler.at_temperature_0')
    : T === 1 ? word('sampler.at_temperature_1')
    : `${same} ${T < 1 ? 'sharpened' : 'flattened'} by ${T}. So the same numbers keep ${whole(ours)} and ${whole(theirs)} tokens.`);
}

function tellDraw(here) {
  const last = here.stages[5], cell = (i, ...texts) => texts.forEach((text, line) => put(cells[i][line], text));
  const left = chosen >= 0 && last.weights.field.place[chosen] < last.left.n;
  cell(0, word('sampler.run_chose'), visible(run.chosen.text), `${percent(Math.exp(run.chosen.logprob))} from the model, ${percent(run.chosen.sampled)} in the run,  ${left ? `${percent(last.chance(chosen))} here` : chosen < 0 ? 'far down the tail with these settings' : 'removed here'}`);
  cell(1, word('sampler.with_these_settings'), visible(run.texts[here.drawn]), `${percent(here.chance)} chance${here.second === null ? '; no other token is left' : `; ${visible(run.texts[here.second])} came second, ${here.margin.toFixed(2)} below`}`);
  cell(2, here.uniform === null ? word('sampler.random_number') : word('sampler.random_number_that'), here.uniform === null ? 'none' : here.uniform.toFixed(6), here.uniform === null ? 'greedy takes the highest score' : `of 0 to 1, so Gumbel noise ${here.noise.toFixed(3)}`);
}

function speak() { // when a slider stops, not while it moves
  clearTimeout(spoken);
  spoken = setTimeout(() => {
    if (!sampler) return;
    const here = sampler.run(settings, order), last = here.stages[5];
    find('.voice').textContent = `${whole(last.kept)} of ${whole(run.vocabulary)} tokens left, entropy ${last.bits.toFixed(2)} bits, draws ${visible(run.texts[here.drawn])}`;
  }, 400);
}

function read() {
  if (props.value === shown) return;
  shown = props.value;
  try { run = props.value ? JSON.parse(props.value) : null; } catch { run = null; }
  element.classList.toggle('filled', run !== null);
  sampler = run && makeSampler(run);
  if (!run) return;
  chosen = run.ids.indexOf(run.chosen.id);
  settings = { ...run.settings };
  const exact = run.ids.length, tail = run.vocabulary - exact;
  find('.exact').textContent = tail ? `${whole(exact)} of ${whole(run.vocabulary)} tokens are here exactly, including every token that a draw can choose; the other ${whole(tail)} as ${whole(run.tail.high.length)} bins. Counts are right within 0.1 % of the vocabulary, masses within 0.1 points.`
    : `All ${whole(exact)} tokens are here exactly.`;
  if (!run.agrees) find('.exact').textContent += ` The logits differ from the run's: log probability ${run.logprob.toFixed(4)} now, ${run.chosen.logprob.toFixed(4)} then. ${run.changed.join('; ')}`;
  fillKnobs();
  draw();
}

element.addEventListener('input', (event) => {
  if (!run || event.target.type !== 'range') return;
  settings = { ...settings, [event.target.dataset.k]: +event.target.value };
  turned(event.target);
  draw();
  speak();
});
for (const radio of radios) radio.addEventListener('change', () => { order = radio.value; if (run) { draw(); speak(); } });
find('.reset').addEventListener('click', () => { if (!run) return; settings = { ...run.settings }; fillKnobs(); draw(); speak(); });
find('.again').addEventListener('click', () => {
  if (!run) return;
  const last = sampler.run(settings, order).stages[5];
  fillRedraw(again, status, run, last, samplerRedraw(last, REDRAWS, Math.random));
});
// The sidebar's sliders act here too while this is in front.
let inFront = false, sidebar = { ...window.playground.settings() };
new ResizeObserver(([entry]) => {
  inFront = entry.contentRect.width > 0;
  document.documentElement.classList.toggle('sampling', inFront);
}).observe(element);
document.addEventListener('playground:settings', () => {
  const now = { ...window.playground.settings() }, changed = knobs.map((knob) => knob.dataset.k).filter((name) => now[name] !== sidebar[name]);
  sidebar = now;
  if (!inFront || !run || !changed.length) return;
  settings = { ...settings, ...Object.fromEntries(changed.map((name) => [name, now[name]])) };
  fillKnobs();
  draw();
  speak();
});
hear('reset', () => { shown = null; run = sampler = null; element.classList.remove('filled'); });
watch('value', read);
read();
