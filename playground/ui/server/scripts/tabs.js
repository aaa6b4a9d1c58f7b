// Tabs are places: the fragment names the tab, its section and the result in it, so that back, forward, reload and a
// bookmark lead there. The result is one of this browser's history, without which it is left out.
// A link to settings or a calculation may stand in the fragment, too; who writes one calls `link`.
//   show(names)              the outermost first
//   link(text)               a link in place of the one in the address
//   shows(slot, kind, key)   what keeps results under this name now shows this one of the history
window.playground.tabs = ((places) => {
  const { english, word } = window.playground, NAME = 'tab', RUN = 'run', INSIDE = 'inside-file', HOME = 'Play', TRIES = 1200; // frames until a tab is drawn
  const frame = () => new Promise(requestAnimationFrame);
  const seen = (selector) => [...document.querySelectorAll(selector)].filter((tab) => tab.offsetParent);
  const pairs = () => new URLSearchParams(location.hash.slice(1));
  const wanted = () => (pairs().get(NAME) || HOME).split('/').slice(0, 3);
  const linked = () => { const all = pairs(); all.delete(NAME); all.delete(RUN); return all.toString(); };
  let latest = 0, arriving = false, known = linked();

  async function show(names) { // the outermost first; a newer call ends an older one
    const mine = ++latest;
    for (const name of names) {
      const find = () => seen('[role="tab"]').find((one) => one.textContent.trim() === word(name));
      for (let tries = 0; tries < TRIES && !find(); tries += 1) { await frame(); if (mine !== latest) return; }
      if (find()?.getAttribute('aria-selected') !== 'true') find()?.click();
      await frame();
    }
  }

  // What a place shows: the newest result of the kinds that belong there. Inside is about the newest run.
  const shown = {}; // by slot: { kind, key, turn }
  let turn = 0;
  function resultAt(names) {
    const [tab] = names, path = `${names.join('/')}/`, belongs = ([slot, { kind }]) => (slot === INSIDE ? tab === 'Inside'
      : path.startsWith(`${places[kind]?.tabs.join('/')}/`) || (kind === 'run' && tab === 'Inside'));
    return Object.entries(shown).filter(belongs).sort(([, a], [, b]) => b.turn - a.turn)[0]?.[1].key;
  }

  function address(link, names) {
    const place = names.join('/') === HOME ? '' : `${NAME}=${names.map(encodeURIComponent).join('/')}`;
    const key = resultAt(names), text = [link, place, key && `${RUN}=${key}`].filter(Boolean).join('&');
    return text ? `#${text}` : location.pathname + location.search;
  }

  const inFront = () => seen('[role="tab"][aria-selected="true"]').map((tab) => english(tab.textContent.trim()));
  async function note() { // after a click: another place is one step of the history
    await frame();
    await frame();
    const names = inFront();
    if (!arriving && names.length && names.join('/') !== wanted().join('/')) history.pushState(null, '', address(linked(), names));
  }
  document.addEventListener('click', note, true);

  let opened = 0; // files, which a result that comes back must not replace
  for (const kind of ['change', 'drop']) addEventListener(kind, ({ target }) => { if (kind === 'drop' || target.type === 'file') opened += 1; }, true);

  let chosen = 0; // tabs that a person clicked, who is not pulled away from them
  document.addEventListener('click', ({ isTrusted, target }) => { if (isTrusted && target.closest('[role="tab"]')) { chosen += 1; latest += 1; } }, true);

  async function arrive() {
    const before = opened, at = chosen;
    arriving = true;
    await show(wanted());
    await frame();
    await frame();
    arriving = false;
    if (chosen !== at) await note();
    else if (opened === before) await bring(Number(pairs().get(RUN)), at);
  }

  const coming = new Set(), overtaken = new Set(); // results on their way, and those that the address no longer names
  function overtake() {
    for (const one of coming) overtaken.add(one);
    coming.clear();
  }

  // The result that the address names, without its settings: those may have changed since. Nothing that runs is stopped.
  async function bring(key, at) {
    const names = inFront(), busy = [...document.querySelectorAll('.stop-key, #stop-button')].some((one) => one.offsetParent && !one.disabled);
    if (!key || busy || resultAt(names) === key) return;
    overtake();
    coming.add(key);
    overtaken.delete(key);
    const found = await window.playground.runs.entry(key).catch(() => null);
    if (chosen !== at) return;
    const place = found?.kind === 'run' && wanted()[0] === 'Inside' ? { place: 'inside-open', tabs: [] } : undefined;
    if (found) await window.playground.files.give(found.kind, found.text, true, place);
    else { history.replaceState(null, '', address(linked(), wanted())); document.dispatchEvent(new Event('playground:unknown')); }
  }

  function shows(slot, kind, key) { // another result in the same place is one step of the history, too
    const names = inFront();
    shown[slot] = { kind, key, turn: turn += 1 };
    coming.delete(key);
    if (overtaken.delete(key)) return; // back or forward was faster: the address names the one that comes next
    const before = pairs().get(RUN), now = resultAt(names);
    if (now && String(now) !== before) history[before ? 'pushState' : 'replaceState'](null, '', address(linked(), names));
  }
  addEventListener('popstate', () => { overtake(); if (linked() === known) arrive(); });
  addEventListener('hashchange', () => { if (linked() !== known) location.reload(); }); // another link in an open page
  if (pairs().has(NAME) || pairs().has(RUN)) arrive();

  // A tab with a prompt of its own takes Play's when it opens. A click on Run that comes before the prompt waits for it.
  const OWN = ['compare', 'reruns', 'optimise'], FRAMES = 300, emptied = new WeakSet();
  document.addEventListener('input', ({ target }) => { if (target.matches('textarea')) emptied[target.value ? 'delete' : 'add'](target); }, true);
  document.addEventListener('click', async (event) => {
    const button = event.target.closest('button'), own = OWN.find((name) => button?.closest('[role="tabpanel"]') && button.id === `${name}-run`);
    const field = own && document.querySelector(`#${own}-prompt textarea`), play = document.querySelector('#prompt textarea');
    if (!field || field.value || emptied.has(field) || !play?.value.trim() || button.disabled) return;
    event.stopImmediatePropagation();
    event.preventDefault();
    for (let frames = 0; frames < FRAMES && !field.value; frames += 1) await frame();
    emptied.add(field); // if nothing came, Run says so
    button.click();
  }, true);

  return { show, shows, link: (text) => { known = text; history.replaceState(null, '', address(text, wanted())); } };
})(PLAYGROUND_CONFIG.places);
