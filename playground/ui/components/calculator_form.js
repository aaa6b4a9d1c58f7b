// The inputs of a calculator: a number with its unit, a slider, its source, and what is wrong with it.
const cost = window.playground.cost;
let ids = 0;

// A slider has whole steps from 0 to 1000; by ratio where the field says so.
const slide = (field) => {
  const [low, high] = field.slider;
  const span = field.log ? Math.log(high / low) : high - low;
  const step = field.unit === 'share' ? 0.01 : field.whole ? 1 : 0;
  return {
    to: (place) => {
      const raw = field.log ? low * Math.exp(span * place / 1000) : low + span * place / 1000;
      if (field.log) return +raw.toPrecision(2);
      return step ? +(Math.round(raw / step) * step).toFixed(6) : +raw.toPrecision(3);
    },
    from: (number) => Math.round(1000 * Math.max(0, Math.min(1, field.log ? Math.log(Math.max(number, low) / low) / span : (number - low) / span))),
  };
};

const sourceWord = (source) => (source.startsWith('assumed') ? word('calculator_form.assumed') : source.startsWith('measured') ? word('calculator_form.measured') : source.startsWith('list') ? word('calculator_form.from_list') : source.startsWith('from a link') ? 'from a link' : 'typed');

// A share is typed and shown in percent; it is kept as a share, as links, files and formulas have it.
const percentOf = (share) => +(share * 100).toPrecision(12);
const kept = (field, raw) => {
  const number = field.unit === 'share' ? cost.parse(raw.replace(/\s*%\s*$/, '')) : null;
  return number === null ? raw : String(+(number / 100).toPrecision(12));
};
const written = (field, { text, number, source }) => {
  if (field.unit === 'share') { const share = number ?? cost.parse(text); return share === null ? text : String(percentOf(source.startsWith('measured') ? +share.toPrecision(5) : share)); }
  if (number === null || (source.startsWith('typed') && Math.abs(number) < 1000)) return text;
  return number.toLocaleString('en', { maximumSignificantDigits: source.startsWith('measured') && !Number.isInteger(number) ? 5 : 12 });
};

// A label with a "?" that tells what it is; `about` is what `explain` shows, by key.
function labelled(label, key, definition, about, more = {}) {
  const row = termOf(label), words = el('span', 'about', definition);
  row.dataset.term = key;
  about[key] = { definition, formula: '', unit: '', source: '', ...more };
  words.id = `${label.htmlFor}-about`;
  row.lastChild.setAttribute('aria-describedby', words.id);
  return [row, words];
}

const here = (name) => name && cost.section(props.section)?.fields.includes(name); // a switch is valid in either position

function makeField(name, about) {
  const field = cost.field(name), row = el('div', 'field'), id = `cost-${props.section}-${name}-${ids++}`;
  const label = el('label', '', field.label), input = el('input'), unit = el('span', 'unit', word(field.sign)), from = el('button', 'from'), problem = el('p', 'problem');
  row.dataset.field = name;
  label.htmlFor = input.id = id;
  const [named, words] = labelled(label, name, field.about, about, { unit: field.unit === 'share' ? 'percent; type 20 for 20 %' : '' });
  problem.id = `${id}-problem`;
  from.type = 'button';
  if (field.unit === 'switch') {
    input.type = 'checkbox';
    input.addEventListener('change', () => cost.set(name, input.checked ? 1 : 0));
    row.classList.add('switch');
    row.append(input, named, words, from, problem);
  } else {
    input.type = 'text';
    input.inputMode = 'decimal';
    input.autocomplete = 'off';
    input.setAttribute('aria-describedby', problem.id);
    input.addEventListener('input', () => cost.set(name, kept(field, input.value)));
    row.append(named, words, input, unit);
  }
  let range = null, ratio = null;
  if (field.slider && field.unit !== 'switch') {
    ratio = slide(field);
    range = el('input', 'range');
    Object.assign(range, { type: 'range', min: 0, max: 1000, step: 1 });
    range.setAttribute('aria-label', word('calculator_form.slider', { label: field.label }));
    range.addEventListener('input', () => cost.set(name, ratio.to(+range.value)));
    row.append(range);
  }
  const hint = field.unit === 'J' ? el('p', 'hint') : null; // energy is always shown with its method
  if (field.unit !== 'switch') row.append(from, problem, ...(hint ? [hint] : []));
  from.addEventListener('click', () => { cost.unset(name); input.value = written(field, cost.value(name)); input.focus(); });
  return { row, update() {
    const now = cost.value(name), { number, problem: wrong, source, set } = now, text = written(field, now), where = sourceWord(source);
    row.hidden = Boolean((here(field.when) && cost.value(field.when).number !== 1) || (here(field.unless) && cost.value(field.unless).number === 1));
    if (input.type === 'checkbox') input.checked = number === 1;
    else if (document.activeElement !== input && input.value !== text) input.value = text;
    if (range && number !== null) { const place = ratio.from(number); if (+range.value !== place && document.activeElement !== range) range.value = place; range.setAttribute('aria-valuetext', `${text} ${field.sign}`); }
    if (from.textContent !== where) from.textContent = where;
    from.classList.toggle('set', set);
    from.disabled = !set;
    from.title = set ? word('calculator_form.go_back', { source }) : source === 'assumed' ? field.about : source;
    from.setAttribute('aria-label', set ? word('calculator_form.back', { label: field.label, source: where }) : `${field.label}: ${where}`);
    if (hint) hint.textContent = set ? source : '';
    if (problem.textContent !== wrong) problem.textContent = wrong;
    input.setAttribute('aria-invalid', wrong ? 'true' : 'false');
  } };
}

// Menus that fill several inputs at once: a machine from the list, a grid, real lengths.
function makeChoice(choice, about) {
  const row = el('div', 'field choice'), select = el('select'), label = el('label', '', choice.label), hint = el('p', 'hint');
  select.id = `cost-${props.section}-choice-${ids++}`;
  label.htmlFor = select.id;
  const fill = (options, value) => {
    const made = JSON.stringify(options);
    if (select.dataset.made !== made) {
      select.dataset.made = made;
      select.replaceChildren(...options.map(([id, title]) => { const option = el('option', '', title); option.value = id; return option; }));
    }
    select.value = value;
  };
  row.append(...labelled(label, `choice-${choice.id}`, choice.about, about), select, hint);
  if (choice.id === 'lengths') {
    select.addEventListener('change', () => cost.setLengths(select.value));
    return { row, update() { fill(cost.lengthSets().map((one) => [one.id, one.title]), cost.lengths.id); hint.textContent = `${cost.lengths.tokens.length} answers. ${cost.lengths.source}`; } };
  }
  const holds = (option) => Object.entries(option.set).every(([name, number]) => cost.value(name).number === number);
  select.addEventListener('change', () => {
    const option = choice.options.find((one) => one.id === select.value);
    if (option) for (const [name, number] of Object.entries(option.set)) cost.set(name, number, `list: ${option.title}. ${option.source}`);
  });
  return { row, update() {
    const now = choice.options.find(holds);
    fill([['', word('calculator_form.your_own')], ...choice.options.map((one) => [one.id, one.title])], now?.id || '');
    hint.textContent = now ? now.source : '';
  } };
}

function makeModel(which, title, about) {
  const row = el('div', 'field model'), label = el('label', '', title), input = el('input'), problem = el('p', 'problem'), hint = el('p', 'hint');
  input.id = `cost-${which}-${ids++}`;
  input.type = 'text';
  input.autocomplete = 'off';
  input.spellcheck = false;
  problem.id = `${input.id}-problem`;
  input.setAttribute('aria-describedby', problem.id);
  label.htmlFor = input.id;
  input.addEventListener('focus', () => input.setAttribute('list', window.playground.prices.names())); // two thousand entries that few need
  input.addEventListener('input', () => cost.setModel(which, input.value));
  row.append(...labelled(label, which, word('calculator_form.model_api_whose'), about), input, problem, hint);
  return { row, update() {
    const { text, found, problem: wrong } = cost.model(which);
    if (document.activeElement !== input && input.value !== text) input.value = text;
    if (problem.textContent !== wrong) problem.textContent = wrong;
    input.setAttribute('aria-invalid', wrong ? 'true' : 'false');
    hint.textContent = found ? priced(found) : '';
  } };
}
const priced = (model) => {
  const rate = (tiers) => `${tiers.map(([start, usd]) => `$${usd}${start > -1 ? ` above ${start.toLocaleString('en')} tokens` : ''}`).join(', ')}`;
  return `${model.title}: ${rate(model.input)} in, ${model.has_cached ? `${rate(model.cached)} cached` : 'no cached price'}, ${rate(model.output)} out, per million tokens`;
};
