// What belongs to the whole page: two keys, names of sliders, and links opened in a page that is already open.
((config) => {
  const press = (kind) => [...document.querySelectorAll(`.${kind}-key, .${kind}-key button, #${kind}-button`)]
    .find((button) => button.matches('button') && button.offsetParent && !button.disabled)?.click(); // of the tab in front
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) { event.preventDefault(); press('run'); }
    if (event.key === 'Escape' && !document.querySelector('.tip.open')) press('stop'); // a tip closes first
  });
  // Gradio calls a slider "range slider for X"; its label alone is the better name, and the sentence about it a hint.
  const name = () => {
    for (const range of document.querySelectorAll('input[type="range"][aria-label^="range slider for "]')) {
      const label = range.getAttribute('aria-label').slice('range slider for '.length);
      range.removeAttribute('aria-label');
      const about = config.about[label];
      if (about) { range.title = about; const shown = document.querySelector(`label[for="${range.id}"]`); if (shown) shown.title = about; }
    }
  };
  const watch = () => {
    const sidebar = document.getElementById('settings');
    if (!sidebar) { requestAnimationFrame(watch); return; }
    name();
    new MutationObserver(name).observe(sidebar, { childList: true, subtree: true });
  };
  watch();
  addEventListener('hashchange', () => location.reload());
})(PLAYGROUND_CONFIG);
