const words = element.querySelector('.words'), line = element.querySelector('.line'), voice = element.querySelector('.voice');
let spoken = null;

function draw(value = props.value || {}) {
  element.dataset.phase = value.phase || 'ready';
  words.textContent = value.text || 'opening the page';
  words.title = value.text || '';
  const moving = ['queued', 'loading', 'reading'].includes(value.phase);
  line.classList.toggle('open', moving);
  line.classList.toggle('endless', moving && typeof value.fraction !== 'number');
  line.firstChild.style.width = typeof value.fraction === 'number' ? `${value.fraction * 100}%` : '30%';
  const change = `${value.phase} ${value.turn ?? ''} ${value.problem ?? ''}`; // progress is not a change of state
  if (value.phase && change !== spoken) voice.textContent = value.problem ? `${value.text}: ${value.problem}` : value.text;
  spoken = change;
  say('status', value);
}

hear('live-status', draw); // during a run, its feed gives the status
watch('value', () => draw());
draw();
