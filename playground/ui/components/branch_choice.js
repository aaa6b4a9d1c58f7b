// Two events: "input" requests the alternatives at a token, "submit" requests a branch.
const list = element.querySelector('ol'), typed = element.querySelector('.typed input'), note = element.querySelector('.note');
const title = element.querySelector('h2'), about = element.querySelector('.sub'), width = element.querySelector('select');
const buttons = () => element.querySelectorAll('button');
let place = null, drawn = null, busy = false;

function ask(more) {
  if (busy || !place) return;
  busy = true; lock();
  props.value = { node: place.node, at: place.at, ...more };
  trigger('submit');
}

function lock() {
  element.classList.toggle('busy', busy);
  for (const button of buttons()) button.setAttribute('aria-disabled', String(busy));
}

hear('pick', (at) => {
  if (busy) return;
  place = at;
  element.classList.add('filled', 'waiting');
  title.textContent = word('branch_choice.token', { place: at.at + 1, count: at.count, text: visible(at.text) });
  props.value = { node: at.node, at: at.at };
  trigger('input');
});
hear('status', (status) => { busy = ['queued', 'loading', 'running'].includes(status.phase); lock(); });

function row({ id, text, prob, chance, taken, rank }, greedy) {
  const item = el('li'), button = el('button', `one${taken ? ' taken' : ''}${chance > 0 ? '' : ' cut'}`), track = el('span', 'track'), fill = el('i');
  fill.style.width = `${prob * 100}%`;
  track.append(fill);
  const name = el('span', 'mono', visible(text));
  name.title = JSON.stringify(text);
  button.type = 'button';
  button.dataset.id = id;
  const why = taken ? 'taken' : chance > 0 ? '' : greedy ? '' : 'cut';
  button.append(el('span', 'rank', rank.toLocaleString('en')), name, track, el('span', 'number', percent(prob)), el('span', 'why', why));
  item.append(button);
  return item;
}

function draw() {
  if ((props.shown || '') === drawn) return;
  drawn = props.shown || '';
  const view = drawn ? JSON.parse(drawn) : null;
  if (!view || !view.items) { // another run: nothing is chosen yet
    element.classList.toggle('filled', false);
    list.textContent = ''; place = null;
    return;
  }
  if (place && (view.node !== place.node || view.at !== place.at)) return; // the answer to an older request
  element.classList.add('filled'); element.classList.remove('waiting');
  about.textContent = view.about;
  note.textContent = view.note;
  list.replaceChildren(...view.items.map((item) => row(item, view.greedy)));
  lock();
}

list.addEventListener('click', (event) => { const button = event.target.closest('button'); if (button) ask({ token: +button.dataset.id }); });
list.addEventListener('keydown', (event) => {
  const all = [...list.querySelectorAll('button')], at = all.indexOf(document.activeElement);
  const next = { ArrowDown: all[at + 1], ArrowUp: all[at - 1], Home: all[0], End: all[all.length - 1] }[event.key];
  if (next && at >= 0) { event.preventDefault(); next.focus(); }
});
element.querySelector('.typed').addEventListener('submit', (event) => { event.preventDefault(); if (typed.value) ask({ text: typed.value }); });
for (const button of element.querySelectorAll('[data-how]')) button.addEventListener('click', () => ask({ how: button.dataset.how, width: +width.value }));
watch('shown', draw);
draw();
