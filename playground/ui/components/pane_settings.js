// The sidebar holds what all panes share; a pane keeps only its differences. Python checks every value.
const $ = (selector) => element.querySelector(selector);
const chips = $('.chips'), form = $('.editor'), menu = form.querySelector('select'), field = $('.field'), hint = $('.hint');
const problem = $('.problem'), change = $('.change'), remove = $('.remove');
const settings = props.settings.map((one) => ({ ...one, label: word(one.label), hint: word(one.hint) }));
const spec = (name) => settings.find((one) => one.name === name) || { name, label: name, kind: 'number', hint: '' };
const own = () => (props.value && Array.isArray(props.value.changes) ? props.value : { on: false, changes: [] });
const input = () => field.querySelector('input, select, textarea');
const few = () => [...document.querySelectorAll('[data-pane]')].filter((one) => one.dataset.on === 'yes').length <= 2;
const column = element.closest('.compare-pane') || element;
let busy = false;
element.dataset.pane = props.pane;

function tell(next) {
  props.value = { ...own(), ...next };
  draw();
  trigger('input');
}

function draw() {
  const { on, changes } = own(), problems = props.problems || {}, focused = chips.contains(document.activeElement);
  element.dataset.on = on ? 'yes' : 'no';
  column.hidden = !on; // the whole pane
  document.dispatchEvent(new CustomEvent('playground:panes'));
  chips.textContent = '';
  for (const [name, text] of changes) chips.append(chip(spec(name), text, problems[name]));
  if (!changes.length) chips.append(el('li', 'same', word('pane_settings.as_sidebar')));
  problem.textContent = changes.map(([name]) => problems[name]).filter(Boolean).join('\n');
  problem.hidden = !problem.textContent;
  if (focused) change.focus();
}

function chip(setting, text, wrong) {
  const item = el('li', wrong ? 'wrong' : ''), edit = el('button', 'edit'), drop = el('button', 'drop', '✕');
  const short = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  edit.type = drop.type = 'button';
  edit.append(el('span', 'what', setting.label), el('span', 'mono', short === '' ? 'empty' : short));
  edit.title = wrong || `${setting.label}: ${text}`;
  drop.setAttribute('aria-label', word('pane_settings.remove_take_from', { setting: word(setting.label) }));
  edit.addEventListener('click', () => open(setting.name));
  drop.addEventListener('click', () => tell({ changes: own().changes.filter(([name]) => name !== setting.name) }));
  item.append(edit, drop);
  return item;
}

function fill(setting) { // the field that fits the setting; menus come from the sidebar, where they are kept up to date
  const before = own().changes.find(([name]) => name === setting.name)?.[1];
  field.textContent = '';
  let node;
  if (setting.kind === 'menu') {
    node = el('select');
    const from = setting.options ? setting.options.map((value) => ({ value, text: value })) : [...document.querySelectorAll(`#${setting.name}-select option`)];
    for (const one of from) { const option = el('option', '', one.text); option.value = one.value; option.disabled = Boolean(one.disabled); node.append(option); }
  } else if (setting.kind === 'text') {
    node = el('textarea');
    node.rows = 3;
  } else {
    node = el('input');
    node.type = 'text'; node.inputMode = 'decimal'; node.autocomplete = 'off';
  }
  node.setAttribute('aria-label', `${setting.label}, value of this pane`);
  if (before !== undefined) node.value = before;
  field.append(node);
  field.classList.toggle('wide', setting.kind === 'text');
  hint.textContent = setting.hint || '';
}

function open(name) {
  form.hidden = false;
  change.setAttribute('aria-expanded', 'true');
  menu.value = name || own().changes[0]?.[0] || 'temperature';
  fill(spec(menu.value));
  input().focus();
}

function close() {
  form.hidden = true;
  change.setAttribute('aria-expanded', 'false');
  change.focus();
}

for (const setting of settings) { const option = el('option', '', setting.label); option.value = setting.name; menu.append(option); }
menu.addEventListener('change', () => fill(spec(menu.value)));
change.addEventListener('click', () => (form.hidden ? open() : close()));
$('.cancel').addEventListener('click', close);
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const name = menu.value, text = String(input().value), rest = own().changes.filter(([other]) => other !== name);
  const order = settings.map((one) => one.name);
  tell({ changes: [...rest, [name, text]].sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0])) });
  close();
});
form.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') { event.stopPropagation(); close(); }
  if (event.key === 'Enter' && event.target.tagName === 'SELECT') event.preventDefault();
});
remove.addEventListener('click', () => { if (!few() && !busy) tell({ on: false }); });
const lock = () => { remove.hidden = few(); remove.disabled = busy; };
document.addEventListener('playground:panes', lock);
hear('add', () => { tell({ on: true }); open(); });
hear('status', ({ phase }) => { busy = ['queued', 'loading', 'reading', 'running'].includes(phase); lock(); });
watch(['value', 'problems'], draw);
draw();
