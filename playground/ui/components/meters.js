const { energy: assumed, numbers } = window.playground;

// Emissions depend on the site and the grid assumed on the page.
function emissions(joules) {
  const pue = assumed.now('pue').value, grid = assumed.now('grid').value;
  const label = { energy_co2_label: word('meters.co_e_g', { grid: numbers.number(grid), pue: numbers.number(pue) }) };
  return joules == null ? label : { ...label, energy_co2: numbers.grams(window.playground.formulas.carbon_g(joules, pue, grid)) };
}

const figures = [...element.querySelectorAll('[data-k]')], names = [...element.querySelectorAll('[data-label]')];
const [weights, kv] = element.querySelectorAll('.bar i');
let measured = {};

function draw() {
  const values = { ...measured, ...emissions(measured.gross_joules) };
  for (const node of figures) {
    const aside = node.matches('.sub, .date'), text = values[node.dataset.k] ?? (aside ? '' : '–');
    if (node.textContent !== text) { node.textContent = text; if (aside) node.title = text; }
    node.classList.toggle('nothing', text === '–');
    const row = node.closest('.row[hidden]');
    if (row && values[node.dataset.k]) row.hidden = false;
  }
  for (const node of names) { // a row's name may carry a value, as "own hardware, $0.08/h"
    const text = values[`${node.dataset.label}_label`];
    if (text && node.textContent !== text) node.textContent = text;
  }
  weights.style.width = `${(values.weights_share || 0) * 100}%`;
  kv.style.width = `${(values.kv_share || 0) * 100}%`;
  say('meters', values);
}

explain(props.definitions);
for (const button of element.querySelectorAll('.place')) button.addEventListener('click', () => window.playground.showPrices());
hear('detail', (open) => { element.querySelector('.gauges').hidden = !open; });
const read = (values) => { measured = values || {}; draw(); };
hear('live-meters', read); // during a run, its feed gives the measurements
watch('value', () => read(props.value));
assumed.onChange(draw);
read(props.value);
