// Tabs are places: the fragment names the tab and its section, so that back, forward, reload and a bookmark lead there.
// A link to settings or a calculation may stand in the fragment, too; who writes one calls `link`.
window.playground.tabs = (() => {
  const NAME = 'tab', HOME = 'Play', TRIES = 1200; // frames until a tab is drawn
  const frame = () => new Promise(requestAnimationFrame);
  const seen = (selector) => [...document.querySelectorAll(selector)].filter((tab) => tab.offsetParent);
  const pairs = () => new URLSearchParams(location.hash.slice(1));
  const wanted = () => (pairs().get(NAME) || HOME).split('/').slice(0, 3);
  const linked = () => { const all = pairs(); all.delete(NAME); return all.toString(); };
  let latest = 0, arriving = false, known = linked();

  async function show(names) { // the outermost first; a newer call ends an older one
    const mine = ++latest;
    for (const name of names) {
      const find = () => seen('[role="tab"]').find((one) => one.textContent.trim() === name);
      for (let tries = 0; tries < TRIES && !find(); tries += 1) { await frame(); if (mine !== latest) return; }
      if (find()?.getAttribute('aria-selected') !== 'true') find()?.click();
      await frame();
    }
  }

  function address(link, names) {
    const place = names.join('/') === HOME ? '' : `${NAME}=${names.map(encodeURIComponent).join('/')}`;
    const text = [link, place].filter(Boolean).join('&');
    return text ? `#${text}` : location.pathname + location.search;
  }

  async function note() { // after a click: another place is one step of the history
    await frame();
    await frame();
    const names = seen('[role="tab"][aria-selected="true"]').map((tab) => tab.textContent.trim());
    if (!arriving && names.length && names.join('/') !== wanted().join('/')) history.pushState(null, '', address(linked(), names));
  }
  document.addEventListener('click', note, true);

  async function arrive() {
    arriving = true;
    await show(wanted());
    await frame();
    await frame();
    arriving = false;
  }
  addEventListener('popstate', () => { if (linked() === known) arrive(); });
  addEventListener('hashchange', () => { if (linked() !== known) location.reload(); }); // another link in an open page
  if (pairs().has(NAME)) arrive();

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

  return { show, link: (text) => { known = text; history.replaceState(null, '', address(text, wanted())); } };
})();
