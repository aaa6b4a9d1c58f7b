// What the next run will do, in view while the sidebar is folded; a click opens it.
const chips = element.querySelector('.chips');
const shown = [
  ['temperature', (value) => `T ${value}`], ['quantization', String], ['max_new_tokens', (value) => word('settings_strip.tokens', { count: value })], ['model', String],
];

function draw() {
  const now = window.playground.settings();
  chips.replaceChildren(...shown.filter(([name]) => now[name] != null && now[name] !== '').map(([name, words]) => el('span', '', words(now[name]))));
}
element.querySelector('button').addEventListener('click', () => window.playground.openSidebar());
document.addEventListener('playground:settings', draw);
draw();
