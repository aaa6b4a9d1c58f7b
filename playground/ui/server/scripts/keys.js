// The page by keyboard: the way to the prompt, tabs by arrows, focus that is never lost, and a list of the shortcuts.
(() => {
  const { word } = window.playground, MAC = /Mac|iPhone|iPad/.test(navigator.platform), RUN = MAC ? '⌘ Enter' : 'Ctrl+Enter';
  const SHORTCUTS = [
    [RUN, word('keys.run_what_open')],
    ['Esc', word('keys.stop_run_close')],
    ['← → Home End', word('keys.on_tabs_go')],
    ['← ↑ → ↓ Home End', word('keys.answer_go_from')],
    ['?', word('keys.show_this_list')],
  ];
  const RUNS = '.run-key, .run-key button, #run-button';
  const shown = (node) => node.checkVisibility({ visibilityProperty: true });
  const press = (where) => [...document.querySelectorAll(where)].find((one) => one.matches('button') && shown(one) && !one.disabled)?.click();
  const writes = (node) => node.closest?.('textarea, select, [contenteditable], input:not([type="range"], [type="checkbox"], [type="radio"])');

  const list = () => {
    const own = document.getElementById('shortcuts');
    if (own) return own;
    const node = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
    const box = Object.assign(document.createElement('dialog'), { id: 'shortcuts' }), head = node('h2', word('keys.keyboard_shortcuts')), keys = node('dl', ''), close = node('button', word('keys.close'));
    head.id = 'shortcuts-title';
    box.setAttribute('aria-labelledby', head.id);
    for (const [key, about] of SHORTCUTS) keys.append(node('dt', key), node('dd', about));
    close.addEventListener('click', () => box.close());
    box.append(head, keys, close);
    document.querySelector('.gradio-container').append(box); // whose colours it has
    return box;
  };

  const tabsOf = (tab) => [...tab.closest('[role="tablist"]').querySelectorAll('[role="tab"]')].filter((one) => !one.disabled);
  const steps = { ArrowRight: (at, count) => (at + 1) % count, ArrowLeft: (at, count) => (at + count - 1) % count, Home: () => 0, End: (at, count) => count - 1 };
  const move = (event, tab) => {
    const tabs = tabsOf(tab), next = tabs[steps[event.key](tabs.indexOf(tab), tabs.length)];
    event.preventDefault();
    next.click();
    next.focus();
  };
  const rove = () => document.querySelectorAll('[role="tablist"] [role="tab"]') // one stop a list: the tab in front
    .forEach((tab) => { tab.tabIndex = tab.getAttribute('aria-selected') === 'true' ? 0 : -1; });

  document.addEventListener('keydown', (event) => {
    const { key, target } = event, plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (key === 'Tab') rove();
    else if (key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); press(RUNS); }
    else if (key === 'Enter' && event.repeat && target.matches('button')) event.preventDefault(); // the focus may just have come to it
    else if (key === 'Escape' && !document.querySelector('.tip.open, dialog[open], :popover-open')) press('.stop-key, .stop-key button, #stop-button'); // a box closes first
    else if (plain && key === '?' && !writes(target) && !list().open) { event.preventDefault(); list().showModal(); }
    else if (plain && key in steps && target.matches('[role="tablist"] [role="tab"]')) move(event, target);
  });
  document.addEventListener('click', (event) => {
    if (!event.target.closest?.('#skip')) return;
    event.preventDefault(); // a new fragment would be read as a link to settings
    (window.playground.prompts().find(shown) ?? document.querySelector('[role="tab"][aria-selected="true"]'))?.focus();
  });

  // A button that is disabled while it has the focus passes it to the next one of its row: Run to Stop, and back.
  let last = null;
  document.addEventListener('focusin', ({ target }) => { last = target; });
  document.addEventListener('focusout', ({ target }) => { if (!target.disabled) last = null; });
  const pass = (from) => {
    const [next] = [...(from.closest('.actions')?.querySelectorAll('button') ?? [])].filter((one) => !one.disabled && shown(one));
    if (next && from.disabled && last === from && [document.body, from].includes(document.activeElement)) next.focus();
  };
  new MutationObserver((changes) => {
    for (const { target } of changes) if (target === last && target.disabled) requestAnimationFrame(() => pass(target));
  }).observe(document, { subtree: true, attributeFilter: ['disabled'] });

  const name = ({ target }) => {
    const button = target.closest?.(RUNS);
    if (!button?.matches('button') || button.title) return;
    button.title = `${RUN}; press ? for all shortcuts`;
    button.setAttribute('aria-keyshortcuts', 'Control+Enter Meta+Enter');
  };
  document.addEventListener('focusin', name);
  document.addEventListener('pointerover', name);
  document.documentElement.style.setProperty('--run-keys', MAC ? '"⌘↵"' : '"Ctrl ↵"');
})();
