// The Cost tab's inputs and results, for all its parts. Every number comes from `window.playground.formulas`, which is
// Python's code, so a slider needs no server; what a link or the storage holds is data, checked against the limits.
//   field(name)          label, unit, limits... of an input
//   value(name)          { text, number, problem, source }: as set, or derived from another input, or its default
//   set(name, text, source), unset(name), model(which), setModel(which, text), setCurrency(code, rate)
//   result(section)      { figures, series, inputs } or null while an input of it can't be used
//   offer(list), take(id)   sets of measured numbers; using the newest of each (''), one, or 'none'
//   use({source, section, field})   one such set, for this input, whose calculator opens; wanted(section) is the input
//   snapshot(), open(sheet), link()
//   on(fn)               called once a frame after changes
window.playground.cost = (() => {
  // Inputs that Play uses as well: they stand under "Prices and energy", and what is set there or here holds in both.
  const PLACE = { pue: 'pue', g_per_kwh: 'grid' }, PRICE = 'usd_per_hour';
  const STORE = 'playground:cost:1', WHICH = ['model', 'large_model', 'small_model'], RATIO = 'tokens_per_token', MOST_CHARS = 300_000;
  const listeners = new Set(), drawings = {};
  const numbers = window.playground.numbers;
  let config = null, state = null, waiting = false, linked = null, goal = null;

  function read() {
    if (config) return config;
    config = window.playground.spoken(window.playground.costConfig, ['label', 'title', 'lead', 'about', 'definition', 'name', 'zero', 'never']);
    config.byName = Object.fromEntries(config.fields.map((field) => [field.id, field]));
    config.bySection = Object.fromEntries(config.sections.map((section) => [section.id, section]));
    return config;
  }
  const prices = () => window.playground.prices;
  const energy = () => window.playground.energy, { chosen, initial } = window.playground;
  const first = () => ({ values: {}, models: { ...read().models, model: '' }, // '' is the reference price of "Prices and energy"
    currency: { code: 'USD', rate: '1' }, lengths: read().lengths[0], offered: [], taken: '' });

  const text = (raw, most) => (typeof raw === 'string' ? raw.slice(0, most) : typeof raw === 'number' ? String(raw) : null);
  function restored(raw) { // known names and plain text only; the fields report their limits
    const made = first();
    for (const [name, own] of Object.entries(raw?.values || {})) {
      const value = text(own?.text, 60);
      if (read().byName[name] && value !== null) made.values[name] = { text: value, source: text(own.source, 400) || 'typed', adopted: own.adopted === true, from: text(own.from, 100) || '' };
    }
    for (const which of WHICH) made.models[which] = text(raw?.models?.[which], 200) || made.models[which];
    if (raw?.currency) made.currency = { code: text(raw.currency.code, 3) || 'USD', rate: text(raw.currency.rate, 30) || '1' };
    const tokens = raw?.lengths?.tokens;
    if (Array.isArray(tokens) && tokens.length > 1 && tokens.length <= 10_000 && tokens.every((n) => Number.isInteger(n) && n >= 0 && n <= 1e6)) made.lengths = { id: text(raw.lengths.id, 100) || 'stored', title: text(raw.lengths.title, 200) || 'real runs', source: text(raw.lengths.source, 400) || '', tokens };
    return made;
  }
  function fromLink() {
    const pairs = [...new URLSearchParams(location.hash.slice(1))].filter(([name]) => name.startsWith('cost.'));
    if (!pairs.length || location.hash.length > 8192) return null;
    const raw = { values: {}, models: {}, currency: {} };
    let left = 0, section = null, compared = null;
    for (const [long, value] of pairs) {
      const name = long.slice(5);
      if (read().byName[name]) raw.values[name] = { text: value, source: 'from a link' };
      else if (WHICH.includes(name)) raw.models[name] = value;
      else if (name === 'code' || name === 'rate') raw.currency[name] = value;
      else if (name === 'lengths' && read().lengths.some((one) => one.id === value)) raw.lengths = read().lengths.find((one) => one.id === value);
      else if (name === 'compared') compared = value.split(',').slice(0, prices().most);
      else if (name === 'section') section = read().bySection[value] ? value : null;
      else left += 1;
    }
    return { raw, section, left, compared };
  }
  function current() {
    if (state) return state;
    linked = fromLink();
    let stored = null;
    try { const kept = sessionStorage.getItem(STORE); stored = kept && kept.length <= MOST_CHARS ? JSON.parse(kept) : null; } catch { /* forbidden or not ours */ }
    state = restored(linked ? linked.raw : stored);
    if (linked?.compared) prices().choose(linked.compared);
    if (linked && state.values[RATIO]) prices().setFactor(numbers.parse(state.values[RATIO].text));
    return state;
  }
  function changed() {
    try { const { values, models, currency, lengths } = current(); sessionStorage.setItem(STORE, JSON.stringify({ values, models, currency, lengths })); } catch { /* for this page only */ }
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; for (const listener of listeners) listener(); });
  }

  const plain = (n) => n.toLocaleString('en', { maximumFractionDigits: 12 });
  function check(field, raw) { // [number, problem]
    const number = numbers.parse(raw);
    if (number === null) return [null, `${field.label} must be a number; got “${raw.slice(0, 60)}”${numbers.withAPoint(raw)}`];
    const said = (n) => (field.unit === 'share' ? `${plain(+(n * 100).toPrecision(12))} %` : plain(n));
    if (!(number >= field.low && number <= field.high)) return [null, `${field.label} must be ${said(field.low)} to ${said(field.high)}; got ${field.unit === 'share' ? said(number) : raw.slice(0, 60)}.`];
    return [number, ''];
  }
  const shown = (n) => String(+n.toPrecision(12));
  function value(name) {
    const field = read().byName[name], own = current().values[name];
    if (own) { const [number, problem] = check(field, own.text); return { text: own.text, number, problem, source: own.source, set: true }; }
    if (name === RATIO && prices().factor() !== 1) return { text: shown(prices().factor()), number: prices().factor(), problem: '', source: 'typed', set: true };
    if (PLACE[name]) {
      const { value: number, source } = energy().now(PLACE[name]);
      if (number !== field.default) return { text: shown(number), number, problem: '', source: source ? `list: ${source}` : 'typed', set: true };
    }
    if (name === PRICE && chosen('hardware_usd_per_hour') !== null) { const number = chosen('hardware_usd_per_hour'); return { text: shown(number), number, problem: '', source: 'typed under “Prices and energy”', set: true }; }
    if (field.follows === null) return { text: shown(field.default), number: field.default, problem: '', source: 'assumed', set: false };
    const base = value(field.follows);
    if (base.number === null) return { text: '', number: null, problem: '', source: 'assumed', set: false };
    const number = Math.min(field.high, Math.max(field.low, +(base.number * field.factor).toPrecision(15)));
    return { text: shown(number), number, problem: '', source: `assumed: ${field.factor} × ${base.set ? 'what is set' : 'the default'}`, set: false };
  }
  function set(name, raw, source = 'typed') {
    current().values[name] = { text: String(raw), source };
    const { number } = value(name);
    if (name === RATIO && number !== null) prices().setFactor(number); // the price tables' too
    if (PLACE[name] && number !== null) energy().type(PLACE[name], number);
    if (name === PRICE && number !== null) place('hardware_usd_per_hour', number);
    changed();
  }
  function unset(name) {
    delete current().values[name];
    if (name === RATIO) prices().setFactor(1);
    if (PLACE[name]) energy().choose(PLACE[name], energy().choices(PLACE[name])[0].id);
    if (name === PRICE) place('hardware_usd_per_hour', initial('hardware_usd_per_hour'));
    changed();
  }

  // The model and the price of this machine stand in the sidebar, too: its fields take what is set here.
  const SHARED = ['reference_model', 'hardware_usd_per_hour'], toPlace = {};
  function place(name, now) { toPlace[name] = now; document.dispatchEvent(new Event('playground:placed')); }
  function placed() { // values of those fields, once
    const values = SHARED.map((name) => toPlace[name] ?? { __type__: 'update' });
    for (const name of SHARED) delete toPlace[name];
    return values;
  }

  function model(which) {
    const own = current().models[which], text = own || (which === 'model' ? chosen('reference_model') ?? read().models.model : own), found = prices().find(text);
    if (found) return { text, found, problem: '' };
    const near = prices().near(text);
    return { text, found: null, problem: `No model “${text.slice(0, 80)}” in the price list.${near.length ? ` Near it: ${near.join(', ')}.` : ''}` };
  }
  function setModel(which, text) {
    current().models[which] = text.trim().slice(0, 200);
    const { found } = model(which);
    if (which === 'model' && found) place('reference_model', found.id);
    changed();
  }
  function currency() {
    const { code, rate } = current().currency, number = numbers.parse(rate), good = /^[A-Z]{3}$/.test(code);
    const problem = !good ? 'A currency code has three letters, such as EUR.' : !(number > 0 && number <= 1e6) ? `One USD must be above 0 and at most 1,000,000 of it${numbers.withAPoint(rate)}` : '';
    return { code, rate, problem, shown: problem ? 'USD' : code, per_usd: problem ? 1 : number };
  }
  function setCurrency(code, rate) { current().currency = { code: code.trim().toUpperCase().slice(0, 3), rate: rate.trim().slice(0, 30) }; changed(); }

  function models(section) {
    if (section === 'cascade') { const large = model('large_model').found, small = model('small_model').found; return large && small ? [large, small] : null; }
    const chosen = model('model').found;
    if (!chosen) return null;
    return [chosen, ...prices().chosen().map((id) => prices().all[id]).filter((one) => one.id !== chosen.id)];
  }
  function result(id) {
    const section = read().bySection[id], inputs = { ...read().constants, output_lengths: [...current().lengths.tokens] }, used = models(id);
    if (!used) return null;
    for (const name of section.inputs) { const { number } = value(name); if (number === null) return null; inputs[name] = number; }
    return { ...window.playground.formulas[section.calculate](inputs, used), inputs, models: used };
  }

  function money(usd) {
    const { shown: code, per_usd } = currency();
    return numbers.money(usd * per_usd, code);
  }
  const figure = (x, unit) => (unit === 'usd' ? money(x) : numbers.figure(x, unit));

  // Measured numbers fill what nobody has typed: those of one document, or the newest of each kind. A batch measures
  // throughput better than a single run, so rates come from the best kind of document first.
  const RATES = ['throughput_tokens_per_s', 'prefill_tokens_per_s', 'joules_per_token', 'net_joules_per_token'], BEST = ['throughput', 'experiment', 'rerun', 'run'];
  function newest(name) {
    const having = current().offered.filter((one) => one.facts[name] !== undefined);
    return RATES.includes(name) ? BEST.map((kind) => having.find((one) => one.kind === kind)).find(Boolean) || having[0] : having[0];
  }
  const NAMES = { net_joules_per_token: 'joules_per_token' };
  function adopt(pick) {
    const { values } = current(), fill = (name, number, source, from) => {
      if (read().byName[name] && Number.isFinite(number) && (!values[name] || values[name].adopted)) values[name] = { text: shown(number), source: `measured: ${source}`.slice(0, 400), adopted: true, from };
    };
    for (const name of Object.keys(values)) if (values[name].adopted) delete values[name];
    const names = [...new Set(current().offered.flatMap((one) => Object.keys(one.facts)))].sort(); // net after gross: it wins
    for (const name of names) {
      const found = pick(name), fact = found?.facts[name];
      if (typeof fact?.value === 'number') fill(NAMES[name] || name, fact.value, fact.source, found.id);
      if (name === 'output_lengths' && fact?.value.length > 1) current().lengths = { id: found.id, title: found.title, source: fact.source, tokens: fact.value };
      if (name === 'training_tokens_per_s' && fact) fill('training_usd_per_million', window.playground.formulas.training_rate_usd(value('usd_per_hour').number ?? 0, fact.value), `${fact.source}, at ${value('usd_per_hour').text} USD/h`, found.id);
    }
  }
  function offer(list, id) {
    current().offered = list;
    if (id) current().taken = id;
    if (list.length) take(current().taken); else changed(); // what was measured before a reload stays
  }
  function take(id) { // '' is the newest of each, 'none' nothing measured, else one document
    current().taken = current().offered.some((one) => one.id === id) || id === 'none' ? id : '';
    adopt((name) => (current().taken === 'none' ? undefined : current().taken ? current().offered.find((one) => one.id === current().taken && one.facts[name] !== undefined) : newest(name)));
    changed();
  }
  function use({ source, section, field }) { // a person wants this number: it also replaces what was typed there
    delete current().values[field];
    offer([source, ...current().offered.filter((one) => one.id !== source.id)], source.id);
    goal = { section, field };
    window.playground.tabs.show(['Cost', read().bySection[section].tab]);
  }
  function wanted(section) { // once
    const field = goal?.section === section ? goal.field : '';
    if (field) goal = null;
    return field;
  }
  const adopted = () => Object.entries(current().values).filter(([, one]) => one.adopted);
  function lengthSets() {
    const measured = current().offered.filter((one) => one.facts.output_lengths?.value.length > 1).map((one) => ({ id: one.id, title: one.title, source: one.facts.output_lengths.source, tokens: one.facts.output_lengths.value }));
    const all = [...measured, ...read().lengths], now = current().lengths;
    return all.some((one) => one.id === now.id) ? all : [now, ...all];
  }
  function setLengths(id) { const found = lengthSets().find((one) => one.id === id); if (found) { current().lengths = found; changed(); } }

  function allSet() { // here and in the places that others share
    const shared = [RATIO, PRICE, ...Object.keys(PLACE)].map((name) => [name, value(name)]).filter(([, one]) => one.set);
    return { ...current().values, ...Object.fromEntries(shared.map(([name, { text, source }]) => [name, { text, source }])) };
  }
  function snapshot() {
    const values = Object.entries(allSet()), { code, rate } = current().currency, { tokens, source } = current().lengths;
    return {
      ...current().models, model: model('model').text, compared: prices().chosen(),
      given: Object.fromEntries(values.map(([name, own]) => [name, own.text])), sources: Object.fromEntries(values.map(([name, own]) => [name, own.source])),
      currency: { code, per_usd: rate }, lengths: { tokens, source },
    };
  }
  function open(sheet) { // a saved calculation: its assumptions are set as if typed, and its defaults stay defaults
    const raw = { values: {}, models: { model: sheet.model, large_model: sheet.large_model, small_model: sheet.small_model }, currency: { code: sheet.currency.code, rate: String(sheet.currency.per_usd) }, lengths: { tokens: sheet.output_lengths, source: sheet.lengths_source, title: sheet.lengths_source } };
    for (const [name, number] of Object.entries(sheet.assumptions)) if (!sheet.sources[name]?.startsWith('assumed')) raw.values[name] = { text: String(number), source: sheet.sources[name] };
    const { offered } = current();
    state = { ...restored(raw), offered };
    if (sheet.models.length) prices().choose(sheet.models);
    changed();
  }
  const otherLengths = () => current().lengths.id !== read().lengths[0].id && read().lengths.some((one) => one.id === current().lengths.id);
  function link(section) {
    const pairs = new URLSearchParams(), { models, currency: money } = current(), own = { ...models, model: model('model').text };
    pairs.set('cost.section', section);
    for (const [name, { text }] of Object.entries(allSet())) pairs.set(`cost.${name}`, text);
    for (const [which, id] of Object.entries(own)) if (id !== read().models[which]) pairs.set(`cost.${which}`, id);
    if (otherLengths()) pairs.set('cost.lengths', current().lengths.id);
    if (prices().chosen().join() !== prices().first.join()) pairs.set('cost.compared', prices().chosen().join());
    if (money.code !== 'USD') { pairs.set('cost.code', money.code); pairs.set('cost.rate', money.rate); }
    return pairs.toString();
  }
  function reset() { // returns what takes it back
    const before = current(), undo = prices().reset(), shared = sidebar(), places = Object.values(PLACE).map((kind) => [kind, energy().now(kind)]);
    state = { ...first(), offered: before.offered, taken: 'none' };
    for (const name of [...Object.keys(PLACE), PRICE]) unset(name);
    place('reference_model', initial('reference_model'));
    changed();
    return () => {
      SHARED.forEach((name, i) => place(name, shared[i]));
      state = { ...before, offered: current().offered };
      undo();
      for (const [kind, { id, value: number }] of places) if (!id || !energy().choose(kind, id)) energy().type(kind, number);
      changed();
    };
  }

  // Charts are separate parts: each is notified of its drawing, and finds it here when its tab first opens.
  function draw(feed, spec) {
    const made = JSON.stringify(spec);
    if (drawings[feed] === made) return;
    drawings[feed] = made;
    document.dispatchEvent(new CustomEvent('playground:drawing', { detail: feed }));
  }

  // A link to a calculation opens its tab.
  function arrive() {
    if (!location.hash.includes('cost.') || !window.playground.costConfig) return;
    current();
    if (linked) changed();
    const section = linked && linked.section && read().bySection[linked.section].tab;
    window.playground.tabs.show(['Cost', ...(section ? [section] : [])]);
  }
  prices().onChange(() => { // another tab or a price table may have changed the ratio
    const own = current().values[RATIO];
    if (own && numbers.parse(own.text) !== prices().factor()) delete current().values[RATIO];
    changed();
  });
  if (window.playground.energy) energy().onChange(() => { // the same for the site and the grid
    for (const [name, kind] of Object.entries(PLACE)) { const own = current().values[name]; if (own && numbers.parse(own.text) !== energy().now(kind).value) delete current().values[name]; }
    changed();
  });
  const sidebar = () => SHARED.map((name) => window.playground.settings()[name]);
  let before = sidebar();
  document.addEventListener('playground:settings', () => { // a field of the sidebar holds for what was set here before
    const [id, price] = sidebar(), was = before;
    before = [id, price];
    if ((id === was[0] && price === was[1]) || !window.playground.costConfig) return;
    const { models: own, values } = current();
    if (id !== was[0] && own.model && prices().find(own.model)?.id !== id) own.model = '';
    if (price !== was[1] && values[PRICE] && numbers.parse(values[PRICE].text) !== price) delete values[PRICE];
    changed();
  });
  arrive();

  return {
    get config() { return read(); }, field: (name) => read().byName[name], section: (id) => read().bySection[id],
    parse: numbers.parse, value, set, unset, model, setModel, currency, setCurrency, result, money, figure, offer, take, use, wanted, lengthSets, setLengths, adopted,
    get lengths() { return current().lengths; }, get offered() { return current().offered; }, get taken() { return current().taken; },
    get linked() { current(); return linked; }, snapshot, open, link, reset, placed, draw, drawing: (feed) => drawings[feed] || '',
    on(listener) { listeners.add(listener); return () => listeners.delete(listener); },
  };
})();
