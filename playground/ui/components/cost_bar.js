const form = element.querySelector('form'), status = element.querySelector('.status');
form.addEventListener('submit', (event) => event.preventDefault());
const model = makeModel('model', 'API model, type to search');
form.append(model.row);

const from = el('div', 'field from-run'), fromLabel = el('label', '', 'Numbers taken from'), select = el('select');
select.id = 'cost-taken';
fromLabel.htmlFor = select.id;
from.append(fromLabel, select, el('p', 'hint', 'Measured here: runs, reruns, agents and throughput of this page, and opened files.'));
select.addEventListener('change', () => cost.take(select.value));
form.append(from);

const money = el('div', 'field currency'), code = el('input'), rate = el('input'), wrong = el('p', 'problem');
const named = (input, id, label) => { const one = el('label', '', label); input.id = id; input.type = 'text'; input.autocomplete = 'off'; input.setAttribute('aria-describedby', 'cost-currency-problem'); one.htmlFor = id; return one; };
wrong.id = 'cost-currency-problem';
rate.inputMode = 'decimal';
money.append(named(code, 'cost-code', 'Currency'), named(rate, 'cost-rate', 'for one USD'), code, rate, wrong);
for (const input of [code, rate]) input.addEventListener('input', () => cost.setCurrency(code.value, rate.value));
form.append(money);

function draw() {
  model.update();
  const offered = cost.offered, options = offered.length ? [['', 'the newest measured of each'], ['none', 'nothing: only typed and assumed values'], ...offered.map((one) => [one.id, one.title])] : [['', 'nothing measured yet: run a prompt']];
  if (select.dataset.made !== JSON.stringify(options)) {
    select.dataset.made = JSON.stringify(options);
    select.replaceChildren(...options.map(([id, title]) => { const option = el('option', '', title); option.value = id; return option; }));
  }
  select.value = cost.taken;
  if (select.selectedIndex < 0) select.value = '';
  const now = cost.currency();
  if (document.activeElement !== code) code.value = now.code;
  if (document.activeElement !== rate) rate.value = now.rate;
  wrong.textContent = now.problem;
  for (const input of [code, rate]) input.setAttribute('aria-invalid', now.problem ? 'true' : 'false');
}

const front = () => document.querySelector('#cost-sections [role="tab"][aria-selected="true"]')?.textContent.trim();
async function share() {
  const section = cost.config.sections.find((one) => one.tab === front()) || cost.config.sections[0];
  const text = cost.link(section.id);
  history.replaceState(null, '', `#${text}`);
  let copied = false;
  try { await navigator.clipboard.writeText(location.href); copied = true; } catch { /* not allowed, or no secure context */ }
  status.textContent = `${copied ? 'Link copied' : 'The link is in the address bar'}. It holds every input that is not an assumption, after the # sign, which no server sees.`;
}
const chooser = element.querySelector('input[type=file]');
chooser.addEventListener('change', async () => {
  const file = chooser.files[0];
  if (!file) return;
  const over = file.size > props.max_bytes;
  status.textContent = over ? `${file.name} has ${file.size.toLocaleString('en')} bytes; the limit is ${props.max_bytes.toLocaleString('en')}.` : '';
  if (!over) { props.value = JSON.stringify({ action: 'open', text: await textOf(file), id: Date.now() }); trigger('input'); }
  chooser.value = '';
});
element.addEventListener('click', (event) => {
  const action = event.target.closest('button[data-do]')?.dataset.do;
  if (!action) return;
  status.textContent = '';
  if (action === 'link') { share(); return; }
  if (action === 'open') { chooser.click(); return; }
  if (action === 'reset') { cost.reset(); status.textContent = 'All inputs are assumptions again.'; return; }
  props.value = JSON.stringify({ action, sheet: cost.snapshot(), id: Date.now() });
  trigger('input');
});
if (cost.linked) status.textContent = `Inputs from a link.${cost.linked.left ? ` ${cost.linked.left} could not be read and were left out.` : ''}`;
cost.on(draw);
draw();
window.playground.foldsSidebar(element); // most inputs are here
