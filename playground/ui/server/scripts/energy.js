// What the page assumes about electricity: the PUE of the site and the carbon intensity of the grid. It changes what is
// shown, never a record, so it stays in the browser.
//   kinds            'pue' and 'grid'
//   choices(kind)    [{ id, title, value, source }], limits(kind) [low, high]
//   now(kind)        { id, value, source }: id '' and no source where the value was typed
//   choose(kind, id), type(kind, number)   return whether it could be used
//   onChange(fn)     called after every change, in this tab or another; returns a function that unsubscribes
window.playground.energy = ((config) => {
  const STORE = 'playground:energy:1', MOST_CHARS = 1_000, kinds = ['pue', 'grid'];
  const listeners = new Set();
  let state = null;

  const listed = (kind, id) => config[kind].choices.find((one) => one.id === id);
  const within = (kind, value) => typeof value === 'number' && value >= config[kind].limits[0] && value <= config[kind].limits[1];

  function usable(kind, stored) { // a choice that is still in the list, or a number in the limits, or the first choice
    if (typeof stored === 'string' && listed(kind, stored)) return stored;
    return within(kind, stored) ? stored : config[kind].choices[0].id;
  }

  function current() {
    if (state) return state;
    let stored = null;
    try {
      const text = localStorage.getItem(STORE);
      stored = text && text.length <= MOST_CHARS ? JSON.parse(text) : null;
    } catch { /* forbidden or not ours: the first choice */ }
    state = Object.fromEntries(kinds.map((kind) => [kind, usable(kind, stored?.[kind])]));
    return state;
  }

  function change(kind, value) {
    state = { ...current(), [kind]: value };
    try { localStorage.setItem(STORE, JSON.stringify(state)); } catch { /* full or forbidden: for this page only */ }
    for (const listener of [...listeners]) listener();
  }

  addEventListener('storage', (event) => {
    if (event.key !== STORE) return;
    state = null;
    for (const listener of [...listeners]) listener();
  });

  return {
    kinds,
    choices: (kind) => config[kind].choices,
    limits: (kind) => config[kind].limits,
    now(kind) {
      const one = current()[kind], found = typeof one === 'string' ? listed(kind, one) : null;
      return found ? { id: found.id, value: found.value, source: found.source } : { id: '', value: one, source: '' };
    },
    choose(kind, id) { if (!listed(kind, id)) return false; change(kind, id); return true; },
    type(kind, value) { if (!within(kind, value)) return false; change(kind, value); return true; },
    onChange(listener) { listeners.add(listener); return () => listeners.delete(listener); },
  };
})(PLAYGROUND_CONFIG.energy);
