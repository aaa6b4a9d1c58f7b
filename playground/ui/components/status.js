const find = (cls) => element.querySelector(`.${cls}`), words = find('words'), far = find('far'), plan = find('plan'), line = find('line'), voice = find('voice');
const busy = ['queued', 'loading', 'reading', ...(props.look === 'legend' ? [] : ['running'])]; // a run's own tokens show that it runs
let spoken = null, begun = null;
element.dataset.look = props.look;

function draw(value = props.value || {}) {
  const known = typeof value.fraction === 'number', moving = busy.includes(value.phase);
  element.dataset.phase = value.phase || 'idle';
  words.textContent = props.limit || value.text || props.idle;
  words.title = props.limit || value.text || '';
  element.classList.toggle('limited', Boolean(props.limit));
  line.classList.toggle('open', moving);
  line.classList.toggle('endless', moving && !known);
  line.firstChild.style.width = known ? `${value.fraction * 100}%` : moving ? '30%' : value.phase === 'finished' ? '100%' : '0';
  if (far) far.textContent = known && moving ? `${Math.floor(value.fraction * 100)}%` : '';
  if (plan) count(value);
  const change = `${value.phase} ${value.turn ?? ''} ${value.step ?? ''} ${value.problem ?? ''}`; // progress is not a change of state
  if (value.phase && change !== spoken) voice.textContent = value.problem ? `${value.text}: ${value.problem}` : value.text;
  if (change !== spoken) settle(value);
  spoken = change;
  say('status', value);
}

// Whatever ends without failing has succeeded; an opened file is finished at once.
function settle({ phase }) {
  if (['queued', 'loading', 'reading', 'running'].includes(phase)) { begun ??= performance.now(); return; }
  if (phase === 'finished' || (begun !== null && !['failed', 'empty'].includes(phase))) window.playground.succeeded(begun ?? undefined);
  begun = null;
}

function count(value) {
  for (const node of element.querySelectorAll('[data-k]')) {
    node.textContent = value[node.dataset.k] || '';
    node.parentElement.classList.toggle('none', !value[node.dataset.k]);
  }
  plan.textContent = value.plan || '';
  say('meters', value); // the tokens paid for so far
}

hear('live-status', draw); // during a run, its feed gives the status
watch('value', () => draw());
watch('limit', () => draw());
draw();
