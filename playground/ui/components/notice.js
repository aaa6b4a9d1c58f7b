const box = element.querySelector('.box'), title = box.querySelector('b'), words = box.querySelector('span'), voice = element.querySelector('.voice');
const act = box.querySelector('.act');
let shown = 0, hinted = null; // when; which

function show(kind, head, text, action) {
  act.hidden = action !== 'fetch';
  box.className = `box ${kind}`;
  box.hidden = !text;
  title.textContent = word(head || '');
  words.textContent = word(text || '');
  shown = performance.now();
}

function hint(text, id) {
  show('', '', '');
  if (id === hinted) return;
  hinted = id;
  if (!window.playground.hint(word(text))) show('note', '', text);
}

watch('value', () => {
  const value = props.value || {};
  if (value.kind === 'hint') { hint(value.text, value.id); return; }
  show(value.kind, value.title, value.text, value.act);
  voice.textContent = word(value.text || '');
  if (!value.text && !value.closed) window.playground.succeeded();
});
document.addEventListener('playground:succeeded', ({ detail: since }) => {
  if (box.classList.contains('problem') && shown < since) show('', '', '');
});
hear('status', (status) => {
  if (status.phase === 'failed') show('problem', status.title, status.problem, status.act);
  else if (status.phase === 'empty') hint(status.hint, status.id);
  else if (['queued', 'loading', 'running'].includes(status.phase)) show('', '', ''); // a new start: clear old notices
});
act.addEventListener('click', () => window.playground.showModel());
box.querySelector('.close').addEventListener('click', () => { show('', '', ''); props.value = { closed: true }; });
if (props.value?.text) show(props.value.kind, props.value.title, props.value.text, props.value.act);
