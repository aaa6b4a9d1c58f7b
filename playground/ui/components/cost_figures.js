const cost = window.playground.cost, section = cost.section(props.section);
const big = element.querySelector('.big'), rest = element.querySelector('.rest'), verdict = element.querySelector('.verdict'), broken = element.querySelector('.broken');
explain(cost.config.notes);
element.dataset.colour = section.figures[0].unit === 'usd' ? 'money' : 'energy';

const figures = section.figures.map((figure, place) => {
  const isLarge = place < section.large, box = isLarge ? el('div', 'cell') : el('div', 'row'), term = el(isLarge ? 'div' : 'dt'), name = termOf(figure.label), value = el(isLarge ? 'b' : 'dd');
  name.dataset.term = figure.formula;
  term.append(name);
  value.dataset.k = figure.id;
  box.append(term, value);
  (isLarge ? big : rest).append(box);
  return { figure, value };
});
rest.hidden = figures.length <= section.large;

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
  if (!found) broken.textContent = word('cost_figures.nothing_calculated_while');
  for (const { figure, value } of figures) {
    const number = found?.figures[figure.id], text = number === undefined ? '–' : number === 0 && figure.zero ? figure.zero : cost.figure(number, figure.unit);
    const range = found && figure.low ? `, ${cost.figure(found.figures[figure.low], figure.unit)} to ${cost.figure(found.figures[figure.high], figure.unit)}` : '';
    if (value.textContent !== text + range) value.replaceChildren(text, ...(range ? [el('small', '', range)] : []));
    value.classList.toggle('words', number === 0 && Boolean(figure.zero));
  }
  const sentence = found && section.verdicts[found.figures.verdict];
  verdict.hidden = !sentence;
  if (sentence) verdict.textContent = sentence.replace(/\{(\w+)\}/g, (_, id) => cost.figure(found.figures[id] ?? found.inputs[id], section.figures.find((one) => one.id === id)?.unit || cost.field(id).unit));
  drawCharts(section, found);
  if (section.id === 'month' && found) price(found.inputs);
  clearTimeout(spoken);
  spoken = setTimeout(() => { if (open) element.querySelector('.voice').textContent = figures.slice(0, 2).map(({ figure, value }) => `${figure.label}: ${value.textContent}`).join('; '); }, 600);
}
let open = false; // known from its size: reading the element would restyle the page
cost.on(() => { if (open) draw(); });
new ResizeObserver(([entry]) => { const before = open; open = entry.contentRect.width > 0; if (open && !before) draw(); }).observe(element); // an opening tab shows what changed meanwhile
draw();
