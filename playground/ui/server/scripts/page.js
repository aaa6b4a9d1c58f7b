// For the whole page: names of sliders, and links opened in a page that is already open.
((config) => {
  // Gradio calls a slider "range slider for X"; its label alone is a better name, and its help sentence a hint.
  const { word } = window.playground, abouts = Object.fromEntries(Object.entries(config.about).map(([label, about]) => [word(label), word(about)]));
  const name = () => {
    for (const range of document.querySelectorAll('input[type="range"][aria-label^="range slider for "]')) {
      const label = range.getAttribute('aria-label').slice('range slider for '.length);
      range.removeAttribute('aria-label');
      const about = abouts[label];
      if (about) { range.title = about; const shown = document.querySelector(`label[for="${range.id}"]`); if (shown) shown.title = about; }
    }
  };
  // Gradio uses :has() to search the page for an open sidebar, again for each node that is added, which makes a long
  // answer slow. Our rules, of higher specificity, give the full path to the sidebar.
  const lighten = (rules) => {
    for (let i = rules.length - 1; i >= 0; i -= 1) {
      if (rules[i] instanceof CSSMediaRule) lighten(rules[i].cssRules);
      else if (rules[i].selectorText?.includes('.sidebar-parent:has(')) (rules[i].parentRule || rules[i].parentStyleSheet).deleteRule(i);
    }
  };
  // Gradio makes a message's head a button around the button that closes it; screen readers lose the inner one.
  const plain = () => document.querySelectorAll('.toast-header[role="button"]').forEach((head) => { head.removeAttribute('role'); head.removeAttribute('tabindex'); });
  // Until all of it is in its place, the page is not shown: parts that come one after the other would push each other.
  const start = document.documentElement.classList, room = matchMedia(config.wide), wide = room.matches;
  if (window.gradio_config?.components.some((one) => one.props.elem_id === 'settings')) start.add('starting');
  const show = () => start.remove('starting');
  const giveUp = (before) => { // what went wrong is then seen; a slow machine still adds parts
    const count = document.getElementsByTagName('*').length;
    if (count === before) show(); else setTimeout(giveUp, 10_000, count);
  };
  giveUp(0);
  const settle = () => {
    const sidebar = document.getElementById('settings');
    if (sidebar?.classList.contains('open') === wide && document.getElementById('run-button')) {
      void sidebar.parentElement.offsetWidth; // the sidebar stands where it should before transitions are on again
      show();
    } else if (start.contains('starting')) requestAnimationFrame(settle);
  };
  settle();
  const watch = () => {
    const sidebar = document.getElementById('settings');
    if (!sidebar) { requestAnimationFrame(watch); return; }
    for (const sheet of document.styleSheets) if (!sheet.href || new URL(sheet.href).origin === location.origin) lighten(sheet.cssRules);
    name();
    const messages = document.querySelector('.toast-wrap');
    if (messages) new MutationObserver(plain).observe(messages, { childList: true, subtree: true });
    new MutationObserver(name).observe(sidebar, { childList: true, subtree: true });
  };
  watch();
  const isOpen = () => document.getElementById('settings')?.classList.contains('open');
  const turn = (open) => { if (isOpen() === !open) document.querySelector('#settings .toggle-button').click(); };
  window.playground.openSidebar = () => { turn(true); document.querySelector('#settings .toggle-button').focus(); };
  window.playground.showModel = () => { // where a model that is not on this machine can be fetched
    turn(true);
    const fetch = document.getElementById('model-fetch');
    (fetch?.checkVisibility() ? fetch : document.querySelector('#setting-model select'))?.focus();
  };
  window.playground.showPrices = () => {
    turn(true);
    const head = document.querySelector('#prices-place .label-wrap');
    if (!head.classList.contains('open')) head.click();
    head.focus();
    head.scrollIntoView({ block: 'nearest' });
  };
  // While one of these parts is in front the settings hardly matter: the sidebar makes room, and comes back afterwards.
  // What counts is what is in front once the page is at rest, however fast tabs were changed before.
  const parts = new Set();
  let inFront = false, away = false, narrowed = !wide, due = 0;
  const makeRoom = () => {
    if (start.contains('starting')) { due = setTimeout(makeRoom, 50); return; }
    const wanted = [...parts].some((part) => part.isConnected && part.checkVisibility());
    if (wanted === inFront) return; // its size alone has changed: a sidebar that was opened meanwhile stays
    inFront = wanted;
    start.toggle('roomy', wanted);
    const folded = away;
    away = wanted && isOpen();
    if (away) turn(false); else if (folded && room.matches) turn(true); else narrowed ||= folded;
  };
  room.addEventListener('change', () => { // a window that was narrow for a while gets its sidebar back
    if (!room.matches) { narrowed = isOpen() || away; turn(false); } else if (narrowed && !away) turn(true);
  });
  window.playground.foldsSidebar = (part) => {
    parts.add(part);
    new ResizeObserver(() => { clearTimeout(due); due = setTimeout(makeRoom, 30); }).observe(part);
  };
})(PLAYGROUND_CONFIG);
