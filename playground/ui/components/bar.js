// What can be done with a result. Its state is that of its panes: the value is a file's text (event `input`), or what is
// wanted of the result (`submit`); the server answers with a text of the same id. A link is made of controls (`select`).
const { files, hand, runs } = window.playground, bar = element.querySelector('.bar'), said = element.querySelector('.said'), input = element.querySelector('input');
const source = () => props.source && window.playground[props.source]; // a result that is calculated in the page
const buttons = [...bar.querySelectorAll('[data-needs]')];
const states = new Map(), there = new Map();
let waiting = null; // for the server's answer

const tell = (words) => { said.textContent = words; };
function missing() { // why there is nothing to give
  if (source()) return '';
  if ([...states.values()].some((phase) => phase === 'busy')) return word('bar.run_has_not');
  return [...there.values()].some(Boolean) ? '' : word('bar.nothing_here_yet');
}
function draw() {
  const why = missing();
  for (const button of buttons) {
    button.setAttribute('aria-disabled', String(Boolean(why)));
    button.title = why;
  }
}
for (const pane of props.panes) {
  const on = (what, act) => document.addEventListener(`playground:${pane}:${what}`, ({ detail }) => { act(detail); draw(); });
  on('shown', (is) => there.set(pane, is));
  on('status', ({ phase }) => {
    if (phase === 'queued' || phase === 'running') { states.set(pane, 'busy'); tell(''); offer(null); }
    else if (phase !== 'loading' && phase !== 'reading') states.set(pane, 'rests'); // a model also loads when it is chosen
    if (phase === 'finished' || phase === 'stopped') there.set(pane, true);
  });
}

function ask(want, more) { // the server's form of it: { name, text }, or null: a notice says why
  waiting?.(null);
  const id = Date.now();
  tell(word('bar.wait'));
  props.value = { want, id, ...(source() ? { sheet: source().snapshot() } : {}), ...more };
  return new Promise((resolve) => { waiting = resolve; trigger('submit'); });
}
watch('value', () => {
  const value = props.value;
  if (value?.done === undefined) return;
  waiting?.(typeof value.text === 'string' ? value : null);
  waiting = null;
});
async function save(want) {
  const made = await ask(want);
  if (made) hand.download(made.name, made.text);
  tell(made ? word('bar.saved_as', { name: made.name }) : '');
}
async function copy(want) {
  let made = null;
  const text = ask(want).then((one) => { made = one; return one?.text ?? ''; }), copied = await hand.copy(text);
  if (made && !copied) hand.download(made.name, made.text);
  tell(!made ? '' : copied ? word('bar.copied') : word('bar.this_browser_does', { name: made.name }));
}
async function paint(as) {
  tell(word('bar.wait'));
  try { tell(`Saved as ${await hand.picture([...document.querySelectorAll(props.picture)], { as, name: props.place.replace(/-open$/, '') })}.`); }
  catch (error) { tell(word('bar.no_picture', { why: error.message })); }
}
// A run or a file that replaced a result: one click brings the earlier one back, and another the later one.
const back = bar.querySelector('.back');
let replaced = null;
function offer(detail) { replaced = detail; back.hidden = !detail; back.textContent = detail?.before > detail?.now ? word('bar.later_result') : word('bar.earlier_result'); }
document.addEventListener('playground:replaced', ({ detail }) => { if (props.kinds[0] === detail.kind && element.offsetParent) offer(detail); });
async function goBack() { // which replaces the other, and so offers that one
  const found = await runs.entry(replaced.before);
  offer(null);
  if (found) { props.value = found.text; trigger('input'); }
}
const acts = {
  back: goBack,
  open: () => input.click(),
  history: () => document.dispatchEvent(new Event('playground:history')),
  link: async () => { if (source()) tell(await source().share()); else trigger('select'); },
  save: () => save('save'), text: () => copy('text'), report: () => save('report'),
  'table-copy': () => copy('table'), 'table-file': () => save('table'), png: () => paint('png'), svg: () => paint('svg'),
};

function toggle(button) {
  const list = document.getElementById(button.getAttribute('aria-controls')), at = button.getBoundingClientRect();
  if (list.matches(':popover-open')) { list.hidePopover(); return; }
  list.showPopover();
  const box = list.getBoundingClientRect();
  list.style.left = `${Math.max(8, Math.min(at.left, innerWidth - box.width - 8))}px`;
  list.style.top = `${at.bottom + 4 + box.height > innerHeight ? at.top - box.height - 4 : at.bottom + 4}px`;
  list.querySelector('button').focus();
}
for (const list of bar.querySelectorAll('.choices')) {
  const opener = bar.querySelector(`[aria-controls="${list.id}"]`), hide = () => list.matches(':popover-open') && list.hidePopover();
  list.addEventListener('toggle', ({ newState }) => opener.setAttribute('aria-expanded', String(newState === 'open')));
  addEventListener('scroll', hide, { passive: true, capture: true });
  list.addEventListener('keydown', (event) => {
    const all = [...list.querySelectorAll('button')], step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
  });
}
bar.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.getAttribute('aria-disabled') === 'true') { tell(missing()); return; }
  tell('');
  if (button.hasAttribute('aria-controls')) { toggle(button); return; }
  const list = button.closest('.choices');
  if (list) { list.hidePopover(); bar.querySelector(`[aria-controls="${list.id}"]`).focus(); }
  acts[button.dataset.do]();
});

if (input) {
  files.register(props.place, { element, kinds: props.kinds, take: (text, only) => { props.value = only ? { text } : text; trigger('input'); } });
  input.addEventListener('change', async () => {
    const [file] = input.files;
    if (file) await files.open(file, { kinds: props.kinds, place: props.place, max_bytes: props.max_bytes, tell });
    input.value = '';
  });
}
if (props.source && !source()) document.addEventListener('playground:known', draw, { once: true }); // its script comes later
draw();
