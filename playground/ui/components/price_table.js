const prices = window.playground.prices, cost = window.playground.formulas.usage_cost;
const at = (selector) => element.querySelector(selector);
const details = at('details'), body = at('tbody'), whose = at('.whose'), select = at('select'), name = at('.name');
const again = at('.again'), factor = at('.factor'), problem = at('.choose .problem'), wrong = at('.wrong');
const usages = new Map(); // usage by pane
let ran = [], scheduled = false, drawn = '';

const { money, number } = window.playground.numbers;
const count = (tokens) => tokens.toLocaleString('en', { maximumFractionDigits: 0 });

// Each request pays by the length of its own prompt, so one is priced and multiplied.
function priced(model, usage) {
  const { requests } = usage, own = prices.factor(), each = (tokens) => tokens / requests * own;
  const cached = again.checked ? usage.input : usage.cached;
  const one = cost(each(usage.input), each(cached), 0, each(usage.output), model);
  const fee = model.request_usd * requests, notes = [];
  if (cached && !model.has_cached) notes.push(word('price_table.no_cached_rate'));
  if (fee) notes.push(`${money(fee)} for the ${requests > 1 ? 'requests' : 'request'} in the total`);
  if (model.context_window && each(usage.input) > model.context_window) notes.push(`the prompt is longer than its context of ${count(model.context_window)}`);
  return {
    model, notes, cached: one.cached_usd * requests, output: one.output_usd * requests, total: one.total_usd * requests,
    input: Math.max(0, one.input_usd - one.cached_usd) * requests,
  };
}

function row({ model, notes, input, cached, output, total }, least, most) {
  const line = el('tr'), who = el('th'), bar = el('span', 'figure', money(total)), gone = el('button', 'remove', '✕');
  const what = el('span', 'name-of', model.title), id = el('small', '', model.id);
  who.scope = 'row';
  who.append(what, id);
  if (notes.length) who.append(el('small', 'notes', notes.join('; ')));
  bar.style.setProperty('--share', most ? total / most : 0);
  const whole = el('td');
  whole.append(bar);
  gone.type = 'button';
  gone.dataset.id = model.id;
  gone.setAttribute('aria-label', word('price_table.remove', { title: model.title }));
  const last = el('td', 'last');
  last.append(gone);
  line.append(who, whole, el('td', '', least ? `× ${number(total / least)}` : '–'), el('td', '', money(input)),
    el('td', '', money(cached)), el('td', '', money(output)), last);
  return line;
}

function usageNow() {
  const chosen = ran.length > 1 ? select.value : ran[0];
  return usages.get(chosen) || null;
}

function words(usage) {
  if (!usage) return word('price_table.prices_appear_with');
  const { requests, input, cached, output } = usage, each = requests > 1 ? ` of ${count(requests)} requests` : '';
  const held = again.checked ? word('price_table.all_them_as') : word('price_table.them_cached', { count: count(cached) });
  return `${count(input)} tokens in${each}, ${held}, ${count(output)} out`;
}

function draw() {
  scheduled = false;
  const ids = prices.chosen(), usage = usageNow();
  const size = `${ids.length} list ${ids.length === 1 ? 'price' : 'prices'}`, shown = at('.how-many');
  if (shown.textContent !== size) shown.textContent = size;
  if (!details.open) return;
  if (!prices.as_of) { prices.come().catch(() => { problem.textContent = 'The price list did not come, because the server did not answer. Close this and open it again.'; }); return; }
  const now = JSON.stringify([ids, usage, prices.factor(), again.checked, ran]);
  if (now === drawn) return;
  drawn = now;
  whose.hidden = ran.length < 2;
  at('.counts').textContent = words(usage);
  at('.as-of').textContent = word('price_table.prices', { date: prices.as_of });
  if (document.activeElement !== factor) factor.value = prices.factor();
  const rows = ids.map((id) => priced(prices.all[id], usage || { requests: 1, input: 0, cached: 0, output: 0 }));
  rows.sort((a, b) => a.total - b.total);
  const paid = rows.filter((one) => one.total > 0), least = paid.length ? paid[0].total : 0, most = rows.length ? rows.at(-1).total : 0;
  const focused = document.activeElement?.closest?.('.remove') && element.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  body.replaceChildren(...rows.map((one) => row(one, least, most)));
  if (focused) ([...body.querySelectorAll('.remove')].find((one) => one.dataset.id === focused) || name).focus();
}
const soon = () => { if (!scheduled) { scheduled = true; requestAnimationFrame(draw); } };

async function add() {
  await prices.come().catch(() => {});
  const text = name.value, found = prices.find(text), ids = prices.chosen();
  const refuse = (sentence) => { problem.textContent = sentence; name.setAttribute('aria-invalid', 'true'); name.focus(); };
  if (!text.trim()) return refuse(word('price_table.name_model_as'));
  if (!found) {
    const close = prices.near(text);
    return refuse(`${JSON.stringify(text.slice(0, 60))} is not in the price list.${close.length ? ` Near it: ${close.join(', ')}.` : ''}`);
  }
  if (ids.includes(found.id)) return refuse(`${found.title} is in the table already.`);
  if (ids.length >= prices.most) return refuse(word('price_table.table_holds_models', { count: prices.most }));
  clear();
  name.value = '';
  prices.choose([...ids, found.id]);
}
function clear() { problem.textContent = ''; name.removeAttribute('aria-invalid'); }

name.addEventListener('focus', () => name.setAttribute('list', prices.names()), { once: true });
name.addEventListener('input', clear);
at('.choose').addEventListener('submit', (event) => { event.preventDefault(); add(); });
const moved = undoable(at('.reset'), () => { clear(); return prices.reset(); }, () => JSON.stringify([prices.chosen(), prices.factor()]));
body.addEventListener('click', (event) => {
  const id = event.target.closest('.remove')?.dataset.id;
  if (!id) return;
  clear();
  prices.choose(prices.chosen().filter((one) => one !== id));
});
factor.addEventListener('input', () => {
  const { low, high } = prices.limits, fine = prices.setFactor(window.playground.numbers.parse(factor.value));
  wrong.textContent = fine ? '' : word('price_table.from_used', { low, high, used: String(prices.factor()) });
  factor.setAttribute('aria-invalid', fine ? 'false' : 'true');
});
factor.addEventListener('blur', () => { factor.value = prices.factor(); wrong.textContent = ''; factor.setAttribute('aria-invalid', 'false'); });
again.addEventListener('change', soon);
select.addEventListener('change', soon);
details.addEventListener('toggle', soon);
for (const pane of props.sources) {
  document.addEventListener(`playground:${pane}:meters`, ({ detail }) => {
    if (detail.usage) usages.set(pane, detail.usage); // a state without counts, as "loading", keeps those of the previous run
    ran = props.sources.filter((one) => usages.has(one));
    for (const option of select.options) option.hidden = option.disabled = !usages.has(option.value);
    if (!usages.has(select.value) && ran.length) select.value = ran[0];
    soon();
  });
}
prices.onChange(() => { moved(); soon(); });
explain(props.definitions);
draw();
