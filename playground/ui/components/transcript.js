// Answered turns are in the value; the coming answer is fetched in pieces. What is drawn stays.
const list = element.querySelector('.turns'), voice = element.querySelector('.voice'), view = flow(list);
let drawn = '', answer = null, dropped = 0;

function said(kind, who, text) {
  const node = el('div', kind), words = el('div', 'words', text);
  node.append(el('span', 'who', who), words);
  return [node, words];
}

function begin({ user, who }) {
  const item = el('li'), [you] = said('you', who || word('transcript.you'), user), [model, words] = said('model', word('transcript.model'), '');
  item.append(you, model);
  list.append(item);
  answer = words;
  view.into(words);
}

function add(line) {
  if (line.user != null) begin(line);
  else if (line.add != null) view.words(tokenNode(line.add), line.add);
  else if (line.live) { view.follow(true); listen(line.live, take, tell); }
  else if (line.end != null) {
    if (line.end) answer.after(el('span', 'end', line.end));
    if (line.speak) voice.textContent = word('transcript.answer', { text: answer.textContent });
  }
}

function take(lines) {
  for (const line of lines) if (line) add(JSON.parse(line));
  view.toEnd();
}

function tell({ status, strip }) {
  say('live-status', status);
  say('live-strip', strip);
}

function mark() {
  [...list.children].forEach((item, i) => {
    const out = i < dropped;
    if (item.classList.contains('out') === out) return;
    item.classList.toggle('out', out);
    item.querySelector('.note')?.remove();
    if (out) item.prepend(el('span', 'note', word('transcript.no_longer_context')));
  });
}

const text = (item, who) => item.querySelector(`.${who} .words`).textContent;

function draw() {
  const value = props.value || '', turns = [];
  if (value === drawn) return;
  drawn = value;
  unlisten();
  for (const line of value.split('\n')) if (line) { const one = JSON.parse(line); if (one.user != null) turns.push([one]); else turns.at(-1).push(one); }
  let same = 0; // unchanged turns
  for (const [begun, ...rest] of turns) {
    const item = list.children[same], all = rest.map((one) => one.add ?? '').join('');
    if (!item || text(item, 'you') !== begun.user || text(item, 'model') !== all || rest.some((one) => one.live)) break;
    same += 1;
  }
  while (list.children.length > same) list.lastChild.remove();
  for (const turn of turns.slice(same)) turn.forEach(add);
  element.classList.toggle('filled', list.children.length > 0);
  say('shown', list.children.length > 0);
  mark();
  view.toEnd();
}

hear('parts', (value) => { const now = value?.turns_out || 0; if (now !== dropped) { dropped = now; mark(); } });
watch('value', draw);
draw();
