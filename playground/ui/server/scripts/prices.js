// The price list of the page, and the models chosen from it: one choice for all tables and the Cost tab.
//   come()        a promise: the list is here. Few look a price up, so it is fetched when it is first needed; until then
//                 there are only the chosen ids
//   all           id -> { id, title, input, cached, written, output, request_usd, has_cached, has_written, context_window }
//                 where a price is [[start, USD per million tokens], ...], as the formulas expect
//   as_of         version and date of the list; '' until it is here
//   find(name)    the entry of `provider/model` or `provider:model`, or null
//   near(name)    up to three ids like it
//   chosen()      ids; choose(ids) takes those that exist, at most `most`, and returns them; reset() takes `first`
//   factor()      assumed tokens of an API model per token of ours; setFactor(number) returns whether it could be used
//   names()       id of a <datalist> of all models, created on first use
//   menu()        a promise of what fills the menu of reference prices
//   onChange(fn)  called after every change, in this tab or another; returns a function that unsubscribes
window.playground.prices = ((first) => {
  const STORE = 'playground:prices:1', MOST = 10, MOST_CHARS = 10_000, FACTOR = { low: 0.1, high: 10 };
  const listeners = new Set();
  let raw = null, list = null, state = null;

  function read() {
    if (list) return list;
    const all = Object.create(null);
    const tiers = (price) => (typeof price === 'number' ? [[-1, price]] : price);
    const rates = raw.rates.map(([input, cached, written, output, request_usd]) => ({
      input: tiers(input), cached: tiers(cached ?? input), written: tiers(written ?? input), output: tiers(output),
      request_usd, has_cached: cached !== null, has_written: written !== null,
    }));
    for (const [provider, [name, models]] of Object.entries(raw.providers)) {
      for (const [own, place, title, context_window] of models) {
        const id = `${provider}/${own}`;
        all[id] = { id, title: `${name}: ${title || own}`, ...rates[place], context_window: context_window || null };
      }
    }
    list = all;
    return list;
  }

  function usable(ids) { // known, each once, not too many
    const known = Array.isArray(ids) ? ids.filter((id) => typeof id === 'string' && (!raw || id in read())) : [];
    return [...new Set(known)].slice(0, MOST);
  }
  const usableFactor = (value) => typeof value === 'number' && value >= FACTOR.low && value <= FACTOR.high;

  function current() {
    if (state) return state;
    let stored = null;
    try {
      const text = localStorage.getItem(STORE);
      stored = text && text.length <= MOST_CHARS ? JSON.parse(text) : null;
    } catch { /* forbidden or not ours: the first choice */ }
    const ids = usable(stored?.ids);
    state = { ids: ids.length ? ids : usable(first), factor: usableFactor(stored?.factor) ? stored.factor : 1 };
    return state;
  }

  function change(next) {
    state = { ...current(), ...next };
    try { localStorage.setItem(STORE, JSON.stringify(state)); } catch { /* full or forbidden: for this page only */ }
    for (const listener of listeners) listener();
  }

  addEventListener('storage', (event) => {
    if (event.key !== STORE) return;
    state = null;
    for (const listener of listeners) listener();
  });

  function take(data) { // the list has come: chosen ids can be checked
    raw = data;
    const known = usable(current().ids);
    state = { ...state, ids: known.length || !state.ids.length ? known : usable(first) };
    for (const listener of listeners) listener();
  }
  const come = async () => { if (!raw) await window.playground.fetched('list'); };

  const name = (text) => text.trim();
  const find = (text) => read()[name(text)] ?? read()[name(text).replace(':', '/')] ?? null;

  function near(text) { // the ids that share most of its words
    const words = name(text).toLowerCase().split(/[^a-z0-9.]+/).filter(Boolean);
    if (!words.length) return [];
    const score = (id) => words.reduce((sum, word) => sum + (id.includes(word) ? word.length : 0), 0);
    return Object.keys(read()).map((id) => [score(id.toLowerCase()), id]).filter(([found]) => found)
      .sort(([a, x], [b, y]) => b - a || x.length - y.length).slice(0, 3).map(([, id]) => id);
  }

  function names() {
    const id = 'price-list-names';
    if (!document.getElementById(id)) {
      const options = Object.values(read()).map((one) => new Option(one.title, one.id)), all = document.createElement('datalist');
      all.id = id;
      all.append(...options);
      document.body.append(all);
    }
    return id;
  }

  async function menu() {
    const short = ([[, usd]]) => `$${Number(usd.toPrecision(6))}`;
    try { await come(); } catch { return { __type__: 'update' }; } // the chosen one stays the only choice
    const choices = Object.values(read()).map((one) => [`${one.title}, ${short(one.input)} in, ${short(one.output)} out`, one.id]);
    return { __type__: 'update', choices, allow_custom_value: false };
  }

  return {
    take,
    come,
    menu,
    most: MOST,
    limits: FACTOR,
    get all() { return read(); },
    get as_of() { return raw?.as_of ?? ''; },
    get first() { return usable(first); },
    find,
    near,
    names,
    chosen: () => [...current().ids],
    choose(ids) { const taken = usable(ids); change({ ids: taken }); return taken; },
    reset() { const before = current(); change({ ids: usable(first), factor: 1 }); return () => change(before); }, // takes it back
    factor: () => current().factor,
    setFactor(value) { if (!usableFactor(value)) return false; change({ factor: value }); return true; },
    onChange(listener) { listeners.add(listener); return () => listeners.delete(listener); },
  };
})(PLAYGROUND_CONFIG.prices);
