const words = element.querySelector('.words'), far = element.querySelector('.far'), fill = element.querySelector('.track i'), voice = element.querySelector('.voice');
let spoken = null;

function draw(value = props.value || {}) {
  const known = typeof value.fraction === 'number', moving = ['queued', 'loading', 'reading', 'running'].includes(value.phase);
  element.dataset.phase = value.phase || 'idle';
  words.textContent = props.limit || value.text || props.idle;
  words.title = props.limit || value.text || '';
  element.classList.toggle('limited', Boolean(props.limit));
  element.classList.toggle('endless', moving && !known);
  fill.style.width = known ? `${value.fraction * 100}%` : moving ? '30%' : value.phase === 'finished' ? '100%' : '0';
  far.textContent = known && moving ? `${Math.floor(value.fraction * 100)}%` : '';
  const change = `${value.phase} ${value.problem ?? ''}`; // stages are many: only a change of state is spoken
  if (value.phase && change !== spoken) voice.textContent = value.problem ? `${value.text}: ${value.problem}` : value.text;
  spoken = change;
  say('status', value);
}

hear('live-status', draw); // during work, its feed gives the status
watch('value', () => draw());
watch('limit', () => draw());
draw();
