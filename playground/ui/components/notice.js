const box = element.querySelector('.box'), title = box.querySelector('b'), words = box.querySelector('span'), voice = element.querySelector('.voice');

function show(kind, head, text) {
  box.className = `box ${kind}`;
  box.hidden = !text;
  title.textContent = head || '';
  words.textContent = text || '';
}

watch('value', () => {
  const value = props.value || {};
  show(value.kind, value.title, value.text);
  voice.textContent = value.text || '';
});
hear('status', (status) => {
  if (status.phase === 'failed') show('problem', status.title, status.problem);
  else if (['queued', 'loading', 'running'].includes(status.phase)) show('', '', ''); // a new start: clear old notices
});
box.querySelector('button').addEventListener('click', () => { show('', '', ''); props.value = {}; });
if (props.value?.text) show(props.value.kind, props.value.title, props.value.text);
