const find = (cls) => element.querySelector(`.${cls}`), words = find('words'), far = find('far'), plan = find('plan'), line = find('line'), voice = find('voice');
const busy = ['queued', 'loading', 'reading', ...(props.look === 'legend' ? [] : ['running'])]; // a run's own tokens show that it runs
const ahead = find('ahead'), LEAST = 0.03; // of the work, before a guess is worth saying
let spoken = null, begun = null, first = null;
element.dataset.look = props.look;

function draw(value = props.value || {}) {
  const known = typeof value.fraction === 'number', moving = busy.includes(value.phase);
  element.dataset.phase = value.phase || 'idle';
  words.textContent = word(props.limit || value.text || props.idle);
  words.title = word(props.limit || value.text || '');
  element.classList.toggle('limited', Boolean(props.limit));
  line.classList.toggle('open', moving);
  line.classList.toggle('endless', moving && !known);
  line.firstChild.style.width = known ? `${value.fraction * 100}%` : moving ? '30%' : value.phase === 'finished' ? '100%' : '0';
  if (far) far.textContent = known && moving ? `${Math.floor(value.fraction * 100)}%` : '';
  ahead.textContent = moving ? left(value) : props.limit ? '' : word(props.ahead || '');
  if (plan) count(value);
  const change = `${value.phase} ${value.turn ?? ''} ${value.step ?? ''} ${value.problem ?? ''}`; // progress is not a change of state
  if (value.phase && change !== spoken) voice.textContent = value.problem ? `${word(value.text)}: ${word(value.problem)}` : word(value.text);
  if (change !== spoken) settle(value);
  spoken = change;
  say('status', value);
}

// The time left, if the work goes on as fast as since its first known share; waiting and loading say nothing of that.
function left({ phase, fraction }) {
  const now = performance.now();
  if (typeof fraction !== 'number' || ['queued', 'loading'].includes(phase)) { first = null; return ''; }
  if (!first || fraction < first.fraction) first = { fraction, now };
  const done = fraction - first.fraction, spent = (now - first.now) / 1000;
  if (done < LEAST || spent < 2) return '';
  const rest = Math.round((spent * (1 - fraction)) / done);
  return rest ? `about ${rest < 100 ? `${rest} s` : `${Math.round(rest / 60)} min`} left` : '';
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
watch('ahead', () => draw());
draw();
