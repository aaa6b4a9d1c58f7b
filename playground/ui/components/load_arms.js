const list = element.querySelector('ol');
const open = new Set();
list.className = 'arms';

function number(value, about, big) {
  const node = el('span', 'number');
  node.append(el('span', big ? 'big' : '', value), el('span', 'sub', about));
  return node;
}

function answer(one) {
  const node = el('li');
  node.append(el('span', 'count', `×${one.count.toLocaleString('en')}`), el('span', '', one.fork === null ? word('load_arms.as_reference') : word('load_arms.fork_at', { place: one.fork })), el('span', 'text', one.text));
  return node;
}

function answers(arm) {
  const details = el('details'), box = el('ol', 'answers');
  details.append(el('summary', '', arm.answers.length === 1 ? word('load_arms.one_answer') : word('load_arms.distinct_answers')), box);
  box.tabIndex = 0;
  box.setAttribute('aria-label', word('load_arms.answers', { title: arm.title }));
  const fill = () => { if (details.open && !box.firstChild) box.append(...arm.answers.map(answer), ...(arm.more ? [el('li', '', `and ${arm.more.toLocaleString('en')} more, in the saved file`)] : [])); };
  details.open = open.has(arm.name);
  fill();
  details.addEventListener('toggle', () => { if (details.open) open.add(arm.name); else open.delete(arm.name); fill(); });
  return details;
}

function item(arm) {
  const node = el('li'), line = el('div', 'line'), title = el('h3', '', arm.title);
  if (arm.sizes) title.append(el('span', 'sub', arm.sizes));
  line.append(title, number(arm.unique, word('load_arms.unique', { count: arm.n }), true), number(arm.mode, word('load_arms.most_common')), number(arm.fork, arm.fork === '–' ? word('load_arms.no_fork') : word('load_arms.first_fork_token')), number(arm.speed, ['tokens/s', arm.range, arm.cost].filter(Boolean).join(', ')));
  node.append(line, answers(arm));
  return node;
}

let shown; // other parts' updates change nothing here

function draw() {
  if (props.value === shown) return;
  shown = props.value;
  const arms = props.value ? JSON.parse(props.value) : null;
  element.classList.toggle('known', Boolean(arms));
  list.replaceChildren(...(arms || []).map(item));
}

watch('value', draw);
draw();
