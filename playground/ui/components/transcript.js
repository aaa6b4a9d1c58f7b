const list = element.querySelector('.turns'), voice = element.querySelector('.voice');
let drawn = '', answer = null, dropped = 0;

function said(kind, who, text) {
  const node = el('div', kind), words = el('div', 'words', text);
  node.append(el('span', 'who', who), words);
  return [node, words];
}

function add(line) {
  if (line.user != null) {
    const item = el('li'), [you] = said('you', line.who || 'You', line.user), [model, words] = said('model', 'Model', '');
    item.append(you, model);
    list.append(item);
    answer = words;
  } else if (line.add != null) answer?.append(line.add);
  else if (line.end != null) { if (line.end) answer?.after(el('span', 'end', line.end)); if (line.speak) voice.textContent = `Answer: ${answer?.textContent ?? ''}`; }
}

function mark() {
  [...list.children].forEach((item, i) => {
    const out = i < dropped;
    if (item.classList.contains('out') === out) return;
    item.classList.toggle('out', out);
    item.querySelector('.note')?.remove();
    if (out) item.prepend(el('span', 'note', 'No longer in the context'));
  });
}

function draw() {
  const value = props.value || '';
  if (value === drawn) return;
  const near = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  const grows = drawn && value.startsWith(drawn);
  if (!grows) { list.textContent = ''; answer = null; }
  for (const line of value.slice(grows ? drawn.length : 0).split('\n')) if (line) add(JSON.parse(line));
  drawn = value;
  element.classList.toggle('filled', list.children.length > 0);
  mark();
  if (near || !grows) list.scrollTop = list.scrollHeight;
}

hear('parts', (value) => { dropped = value?.turns_out || 0; mark(); });
watch('value', draw);
draw();
