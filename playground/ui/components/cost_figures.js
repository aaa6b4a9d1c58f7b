const cost = window.playground.cost, section = cost.section(props.section);
const big = element.querySelector('.big'), rest = element.querySelector('.rest'), verdict = element.querySelector('.verdict'), broken = element.querySelector('.broken');
explain(cost.config.notes);
element.dataset.colour = section.figures[0].unit === 'usd' ? 'money' : 'energy';

const figures = section.figures.map((figure, place) => {
  const box = place < 4 ? el('div', 'cell') : el('div', 'row'), term = el(place < 4 ? 'div' : 'dt'), name = termOf(figure.label), value = el(place < 4 ? 'b' : 'dd');
  name.dataset.term = figure.formula;
  term.append(name);
  value.dataset.k = figure.id;
  box.append(term, value);
  (place < 4 ? big : rest).append(box);
  return { figure, value };
});
rest.hidden = figures.length <= 4;

// The table of list prices below the month shows one such request.
let request = null;
const tell = () => document.dispatchEvent(new CustomEvent('playground:cost-request:meters', { detail: { usage: request } }));
const price = ({ input_tokens: input, output_tokens: output, cached_share: share }) => {
  request = { requests: 1, input, cached: input * share, output };
  tell();
};
document.addEventListener('toggle', (event) => { // it may arrive after the first request was announced
  if (request && event.target.closest?.('#cost-prices')) tell();
}, true);

let spoken = 0;
function draw() {
  const found = cost.result(section.id);
  element.classList.toggle('wrong', !found);
  broken.hidden = Boolean(found);
  if (!found) broken.textContent = 'Nothing is calculated while an input is not valid: see the message there.';
  for (const { figure, value } of figures) {
    const number = found?.figures[figure.id], text = number === undefined ? '–' : number === 0 && figure.zero ? figure.zero : cost.figure(number, figure.unit);
    if (value.textContent !== text) value.textContent = text;
    value.classList.toggle('words', number === 0 && Boolean(figure.zero));
  }
  const sentence = found && section.verdicts[found.figures.verdict];
  verdict.hidden = !sentence;
  if (sentence) verdict.textContent = sentence.replace(/\{(\w+)\}/g, (_, id) => cost.figure(found.figures[id] ?? found.inputs[id], section.figures.find((one) => one.id === id)?.unit || cost.field(id).sign));
  drawCharts(section, found);
  if (section.id === 'month' && found) price(found.inputs);
  clearTimeout(spoken);
  spoken = setTimeout(() => { if (open) element.querySelector('.voice').textContent = figures.slice(0, 2).map(({ figure, value }) => `${figure.label}: ${value.textContent}`).join('; '); }, 600);
}
let open = false; // known from its size: reading the element would restyle the page
cost.on(() => { if (open) draw(); });
new ResizeObserver(([entry]) => { const before = open; open = entry.contentRect.width > 0; if (open && !before) draw(); }).observe(element); // an opening tab shows what changed meanwhile
draw();
