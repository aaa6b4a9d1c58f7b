const form = element.querySelector('form'), status = element.querySelector('.status');
form.addEventListener('submit', (event) => event.preventDefault());
const about = {}, model = makeModel('model', word('cost_bar.api_model_type'), about);
form.append(model.row);

const from = el('div', 'field from-run'), fromLabel = el('label', '', word('cost_bar.numbers_taken_from')), select = el('select');
select.id = 'cost-taken';
fromLabel.htmlFor = select.id;
from.append(...labelled(fromLabel, 'taken', word('cost_bar.runs_this_page'), about), select, el('p', 'hint', word('cost_bar.measured_here')));
select.addEventListener('change', () => cost.take(select.value));
form.append(from);

const money = el('div', 'field currency'), code = el('input'), rate = el('input'), wrong = el('p', 'problem');
const named = (input, id, label, why) => { const one = el('label', '', label); input.id = id; input.type = 'text'; input.autocomplete = 'off'; input.setAttribute('aria-describedby', 'cost-currency-problem'); one.htmlFor = id; return labelled(one, id, why, about); };
wrong.id = 'cost-currency-problem';
rate.inputMode = 'decimal';
money.append(...named(code, 'cost-code', word('cost_bar.currency'), word('cost_bar.three_letters_such')), ...named(rate, 'cost-rate', word('cost_bar.for_one_usd'), word('cost_bar.rate.about')), code, rate, wrong);
for (const input of [code, rate]) input.addEventListener('input', () => cost.setCurrency(code.value, rate.value));
form.append(money);
explain(about);

// What measured values have replaced, in a sentence or two; empty if they have replaced nothing.
function announced() {
  const order = cost.config.fields.map((field) => field.id), own = cost.adopted().sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)), ids = new Set(own.map(([, one]) => one.from)), used = cost.offered.filter((one) => ids.has(one.id));
  if (!own.length) return '';
  const said = own.slice(0, 4).map(([name, one]) => { const { label, unit } = cost.field(name); return `${label} ${unit === 'usd' ? `$${one.text}` : window.playground.numbers.figure(+one.text, unit)}`; });
  const more = own.length > 4 ? ` and ${own.length - 4} more` : '';
  const from = used.length ? ` Taken from ${used.map((one) => `${one.title}${one.answers ? `, ${plural(one.answers, 'answer')}` : ''}`).join('; ')}.` : '';
  const short = used.filter((one) => one.cut).map(({ cut, answers }) => {
    const which = cut < answers ? `${cut} of ${answers} answers were` : answers === 1 ? 'The answer was' : `All ${answers} answers were`;
    return ` ${which} cut at a limit: whole answers are longer, and cost more.`;
  });
  return `Measured values stand in for assumed ones: ${said.join(', ')}${more}.${from}${[...new Set(short)].join('')}`;
}

function draw() {
  model.update();
  const offered = cost.offered, options = offered.length ? [['', word('cost_bar.newest_measured_each')], ['none', word('cost_bar.none_only_typed')], ...offered.map((one) => [one.id, one.title])] : [['', word('cost_bar.nothing_measured')]];
  if (select.dataset.made !== JSON.stringify(options)) {
    select.dataset.made = JSON.stringify(options);
    select.replaceChildren(...options.map(([id, title]) => { const option = el('option', '', title); option.value = id; return option; }));
  }
  select.value = cost.taken;
  if (select.selectedIndex < 0) select.value = '';
  const words = announced(), note = element.querySelector('.taken');
  note.hidden = !words;
  if (note.firstChild.textContent !== words) note.firstChild.textContent = words;
  const now = cost.currency();
  if (document.activeElement !== code) code.value = now.code;
  if (document.activeElement !== rate) rate.value = now.rate;
  wrong.textContent = now.problem;
  for (const input of [code, rate]) input.setAttribute('aria-invalid', now.problem ? 'true' : 'false');
}

const front = () => window.playground.english(document.querySelector('#cost-sections [role="tab"][aria-selected="true"]')?.textContent.trim());
cost.share = async () => { // copies a link; what to say about it
  const section = cost.config.sections.find((one) => one.tab === front()) || cost.config.sections[0];
  window.playground.tabs.link(cost.link(section.id));
  const copied = await window.playground.hand.copy(location.href);
  return `${copied ? word('cost_bar.link_copied') : word('cost_bar.link_address_bar')}. It holds every input that is not an assumption, after the # sign, which no server sees.`;
};
element.querySelector('[data-do="prices"]').addEventListener('click', () => window.playground.showPrices());
element.querySelector('[data-do="assumed"]').addEventListener('click', () => { cost.take('none'); select.focus(); });
const moved = undoable(element.querySelector('[data-do="reset"]'), () => {
  status.textContent = word('cost_bar.all_inputs_are');
  const undo = cost.reset();
  return () => { status.textContent = ''; undo(); };
}, () => JSON.stringify(cost.snapshot()));
if (cost.linked) status.textContent = `Inputs from a link.${cost.linked.left ? ` ${cost.linked.left} could not be read and were left out.` : ''}`;
cost.on(() => { moved(); draw(); });
document.addEventListener('playground:placed', () => trigger('input'));
draw();
window.playground.foldsSidebar(element); // most inputs are here
