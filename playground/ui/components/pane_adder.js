const button = element.querySelector('button');
const off = () => [...document.querySelectorAll('[data-pane]')].filter((one) => one.dataset.on === 'no')
  .sort((a, b) => (a.dataset.pane < b.dataset.pane ? -1 : 1));
const draw = () => { button.disabled = !off().length; };
button.addEventListener('click', () => {
  const first = off()[0];
  if (first) document.dispatchEvent(new CustomEvent(`playground:${first.dataset.pane}:add`));
});
document.addEventListener('playground:panes', draw);
draw();
