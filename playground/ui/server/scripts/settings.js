// Settings in the link's #fragment and in the browser's storage. Both are treated as data: known keys with checked
// values only, which fill in the controls; nothing here runs a prompt. Python checks every value again. This runs before
// Gradio draws the page, and writes into what it will draw: no control ever shows, or acts on, another value first.
Object.assign(window.playground, ((config) => {
  const { word } = window.playground, STORE = 'playground:settings:1', MAX_LINK_BYTES = 8192, MAX_STORED_CHARS = 200_000;
  const fields = config.fields;
  const now = {}, first = {}; // the values of all controls, and those of a new page
  const LATE = new Set(['tabs', 'tabitem', 'accordion']);
  class Plain extends Array {}
  const place = (name) => fields.findIndex((field) => field.name === name);
  const own = new Map(); // the fields of single sections that links hold, by id: their part, and its first value as text
  let drawn = null; // the seed of the newest run
  const bytes = (text) => new TextEncoder().encode(text).length;

  function checked(field, raw) { // the value, or undefined if it is not valid
    if (field.kind === 'flag') return raw === true || raw === 'true' ? true : raw === false || raw === 'false' ? false : undefined;
    if (field.kind === 'number') {
      const value = typeof raw === 'string' && raw.trim() ? Number(raw) : raw;
      return typeof value === 'number' && value >= field.low && value <= field.high ? value : undefined;
    }
    return typeof raw === 'string' && raw.length <= field.high ? raw : undefined;
  }

  function fragment(values, ids = []) { // after the settings, values of single sections that are not the first, of fields that are there
    const pairs = new URLSearchParams(), texts = ids.map((_, i) => written(values[fields.length + i]));
    fields.forEach((field, i) => { if (field.link && values[i] != null && values[i] !== '') pairs.set(field.name, String(values[i])); });
    ids.forEach((id, i) => { if (texts[i] !== own.get(id)?.text && document.getElementById(id)) pairs.set(id, texts[i]); });
    return pairs.toString();
  }

  const written = (value) => (typeof value === 'string' ? value : JSON.stringify(value ?? ''));
  const isPane = (value) => typeof value?.on === 'boolean' && Array.isArray(value.changes)
    && value.changes.every((one) => Array.isArray(one) && one.length === 2 && one.every((text) => typeof text === 'string'));
  function ownValue({ type, props }, text) { // as its part holds it, or undefined if it can't
    const { options } = props.props ?? {};
    if (options) return options.some(([value]) => value === text) ? text : undefined;
    if (type === 'textbox') return text;
    let value;
    try { value = JSON.parse(text); } catch { return undefined; }
    if (type === 'number' || type === 'slider') return typeof value === 'number' ? value : undefined;
    if (type === 'checkbox') return typeof value === 'boolean' ? value : undefined;
    if (type === 'checkboxgroup') return Array.isArray(value) && value.every((one) => props.choices.some(([, choice]) => choice === one)) ? value : undefined;
    return isPane(value) ? value : undefined;
  }

  function link(...without) { // the fragment without the place that `tabs.js` keeps in it
    const pairs = new URLSearchParams(location.hash.slice(1));
    for (const name of ['tab', 'run', ...without]) pairs.delete(name);
    return pairs.toString();
  }

  function fromLink() { // null: no link; else the values found and what to say about it
    const text = link();
    if (!text) return null;
    const problem = (words) => ({ found: {}, note: { kind: 'note', title: word('settings.this_link_was'), text: words, id: Date.now() } });
    if (bytes(text) > MAX_LINK_BYTES) return problem(word('settings.has_more_than', { limit: MAX_LINK_BYTES }));
    const found = {}, filled = {};
    let ignored = 0;
    for (const [name, raw] of new URLSearchParams(text)) {
      if (name.startsWith('cost.')) continue; // the Cost tab's, which reports them itself
      const field = fields.find((one) => one.link && one.name === name), part = own.get(name)?.part, into = field ? found : filled;
      const value = field ? checked(field, raw) : part && ownValue(part, raw);
      if (value === undefined || name in into) ignored += 1; else into[name] = value;
    }
    const empty = !Object.keys({ ...found, ...filled }).length;
    if (empty && text.startsWith('cost.')) return null;
    if (empty) return problem(word('settings.no_settings_could'));
    const left = ignored ? ` ${ignored} ${ignored === 1 ? 'entry' : 'entries'} could not be read and ${ignored === 1 ? 'was' : 'were'} left out.` : '';
    return { found, filled, note: { kind: 'note', title: word('settings.settings_from_link'), text: `Nothing has run yet: check them, then run.${left}`, id: Date.now() } };
  }

  function fromStorage() { // this tab's settings first; a new tab starts with the latest of any
    for (const place of [() => sessionStorage, () => localStorage]) {
      try {
        const stored = JSON.parse(place().getItem(STORE) || 'null');
        if (!stored || typeof stored !== 'object') continue;
        const found = {};
        for (const field of fields) { const value = checked(field, stored[field.name]); if (value !== undefined) found[field.name] = value; }
        return found;
      } catch { /* storage is full, forbidden or not ours: start with the defaults */ }
    }
    return {};
  }

  function restore(components) {
    for (const part of components) if (part.props.elem_classes?.includes('in-link')) own.set(part.props.elem_id, { part, text: written(part.props.value) });
    const link = fromLink(), found = link && Object.keys(link.found).length ? link.found : fromStorage();
    const props = Object.fromEntries(components.map((one) => [one.props.elem_id, one.props]));
    for (const field of fields) {
      const own = props[field.elem_id], value = found[field.name];
      if (own) now[field.name] = first[field.name] = own.value;
      if (!own || value === undefined) continue;
      own.value = now[field.name] = value;
      if (field.slider) own.maximum = Math.max(own.maximum, value);
    }
    for (const [id, value] of Object.entries(link?.filled ?? {})) own.get(id).part.props.value = value;
    if (link && props['play-notice']) props['play-notice'].value = link.note;
    if (link && found === link.found && props.preset) props.preset.value = ''; // a link holds settings, not a preset
    if (props.settings) props.settings.open = matchMedia(config.wide).matches;
  }

  // Gradio searches all parts and all events, again and again. Svelte wraps plain objects and arrays to see changes of
  // them, which makes a search slow; it leaves objects of other classes alone, and what they hold.
  // A part is drawn later only where a tab or a fold opens, or where it begins hidden. Svelte must watch the way to those;
  // Gradio makes its tree from these arrays by `map`, so where they are of another class, it stays unwatched.
  function thin(node, parts) { // whether something below is drawn later
    const children = node.children ?? [], below = children.map((child) => thin(child, parts)), own = (child) => parts.get(child.id);
    const watched = LATE.has(parts.get(node.id)?.type) || below.some(Boolean) || children.some((child) => own(child).props.visible === false);
    if (children.length && !watched) node.children = Plain.from(children);
    return watched;
  }

  function save(...values) {
    const all = Object.fromEntries(fields.map((field, i) => [field.name, values[i]]));
    Object.assign(now, all);
    document.dispatchEvent(new CustomEvent('playground:settings'));
    const small = (settings) => { const text = JSON.stringify(settings); return text.length <= MAX_STORED_CHARS ? text : null; };
    try {
      const { prompt, ...settings } = all; // the prompt stays in its tab
      const tab = small(all) ?? small(settings), shared = small(settings);
      if (tab) sessionStorage.setItem(STORE, tab);
      if (shared) localStorage.setItem(STORE, shared);
    } catch { /* as above: the page works without it */ }
    if (link() && link(...own.keys()) !== fragment(values)) window.playground.tabs.link('');
    return [];
  }

  async function share(ids, ...values) { // `ids`: of the section's own fields, whose values come last
    const seed = values[place('seed')], again = values[place('random_seed')] && seed === drawn; // of the newest run
    if (again) values[place('random_seed')] = false;
    const text = fragment(values, ids), note = (title, words) => ({ kind: 'note', title, text: words, id: Date.now() });
    if (bytes(text) > MAX_LINK_BYTES) return note(word('settings.too_long_for'), `Prompt and settings take ${bytes(text).toLocaleString('en')} bytes as a link; the limit is ${MAX_LINK_BYTES.toLocaleString('en')}. Shorten the prompt or the system prompt, or save the finished run.`);
    window.playground.tabs.link(text);
    const copied = await window.playground.hand.copy(location.href);
    return note(copied ? word('settings.link_copied') : word('settings.link_address_bar'), `It holds the prompt, the settings and what this section asks for, after the # sign, which no server sees. Opening it fills them in and runs nothing.${again ? ' The seed is that of the newest run: same seed, same answer on this kind of machine.' : ''}`);
  }

  // Before a run: the buttons change places, and a random seed is drawn where it can be seen.
  function begin(random, seed) {
    drawn = random ? crypto.getRandomValues(new Uint32Array(1))[0] : seed;
    return [{ __type__: 'update', interactive: false }, { __type__: 'update', interactive: true }, drawn];
  }
  const end = () => (document.dispatchEvent(new Event('playground:ended')), [{ __type__: 'update', interactive: true }, { __type__: 'update', interactive: false }]);

  if (window.gradio_config) {
    const { components, dependencies, page } = window.gradio_config;
    restore(components);
    thin(page[''].layout, new Map(components.map((one) => [one.id, one])));
    window.gradio_config.components = Plain.from(components);
    window.gradio_config.dependencies = Plain.from(dependencies);
  }
  const chosen = (name) => (now[name] == null || now[name] === '' || now[name] === first[name] ? null : now[name]); // by a person
  const opened = (slots) => (document.dispatchEvent(new CustomEvent('playground:opened', { detail: slots })), []);
  const initial = (name) => first[name];
  return { save, share, begin, end, opened, settings: () => now, chosen, initial };
})(PLAYGROUND_CONFIG));
