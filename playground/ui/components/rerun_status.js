const words = element.querySelector('.words'), line = element.querySelector('.line'), voice = element.querySelector('.voice');
let spoken = null;

function draw() {
  const value = props.value || {}, phase = value.phase || 'ready';
  element.dataset.phase = phase;
  words.textContent = value.text || 'ready';
  words.title = value.text || '';
  for (const node of element.querySelectorAll('[data-k]')) {
    node.textContent = value[node.dataset.k] || '';
    node.parentElement.classList.toggle('none', !value[node.dataset.k]);
  }
  element.querySelector('.plan').textContent = value.plan || '';
  const moving = ['queued', 'loading', 'reading', 'running'].includes(phase), known = typeof value.fraction === 'number';
  line.classList.toggle('open', moving);
  line.classList.toggle('endless', moving && !known);
  line.firstChild.style.width = known ? `${value.fraction * 100}%` : '30%';
  const change = `${phase} ${value.turn ?? ''} ${value.step ?? ''} ${value.problem ?? ''}`; // progress is not a change of state
  if (value.phase && change !== spoken) voice.textContent = value.problem ? `${value.text}: ${value.problem}` : value.text;
  spoken = change;
  say('status', value);
  say('meters', value); // the tokens paid for so far
}

watch('value', draw);
draw();
