const list = element.querySelector('ol'), marks = element.querySelector('input'), rest = element.querySelector('.rest');
const FOLD = 320; // characters from which an answer is folded
const ENDS = { eos: word('answers.ended_by_model'), stop: word('answers.ended_by_stop'), length: word('answers.cut_at_token'), time: word('answers.cut_by_time') };
let view = null, drawn = null;

function words(answer) {
  const text = el('div', 'text');
  for (const [kind, piece, mention] of answer.pieces) {
    const shown = mention ? el('mark', '', piece) : piece, tag = marks.checked ? { '+': 'ins', '-': 'del', '~': 'span' }[kind] : '';
    if (kind === '-' && !tag) continue;
    const node = tag ? el(tag, tag === 'span' ? 'far' : '') : text;
    node.append(shown);
    if (tag) text.append(node);
  }
  if (!text.textContent) text.append(el('span', 'far', '‹empty answer›'));
  if (answer.left) text.append(el('span', 'far', ` … and ${plural(answer.left, 'more character')}, in the saved file`));
  return text;
}

function item(answer, place) {
  const row = el('li'), count = el('div', 'count', `×${answer.n}`), bar = el('i'), body = el('div'), meta = el('div', 'meta');
  bar.style.width = `${(answer.n / view.n) * 100}%`;
  count.append(bar);
  const text = words(answer), more = answer.n > answer.runs.length ? '…' : '';
  const long = text.textContent.length > FOLD;
  text.classList.toggle('folded', long);
  if (place === 0 && view.answers.length > 1) meta.append(el('span', '', answer.n > 1 ? word('answers.most_common') : word('answers.tied_for_most')));
  meta.append(el('span', '', plural(answer.tokens, 'token')), el('span', '', ENDS[answer.reason] || answer.reason), el('span', '', `${answer.n === 1 ? 'run' : 'runs'} ${answer.runs.join(', ')}${more}`));
  if (long) {
    const button = el('button', '', word('answers.show_all'));
    button.type = 'button'; button.setAttribute('aria-expanded', 'false');
    button.addEventListener('click', () => { const folded = text.classList.toggle('folded'); button.textContent = folded ? word('answers.show_all') : word('answers.show_less'); button.setAttribute('aria-expanded', String(!folded)); });
    meta.append(button);
  }
  body.append(text, meta);
  row.append(count, body);
  return row;
}

function draw() {
  list.textContent = '';
  if (!view) return;
  list.append(...view.answers.map(item));
  rest.textContent = view.more.answers ? `and ${plural(view.more.answers, 'more answer')} of ${plural(view.more.runs, 'run')}: the saved file has all` : '';
  if (view.answers.some((answer) => answer.pieces.some(([kind]) => kind === '~'))) rest.textContent += `${rest.textContent ? '. ' : ''}Marks compare the first ${view.compared} tokens; grey text is not compared.`;
}

function update() {
  if ((props.value || '') === drawn) return;
  drawn = props.value || '';
  view = drawn ? JSON.parse(drawn) : null;
  marks.checked = Boolean(view?.marked);
  draw();
}
marks.addEventListener('change', draw);
watch('value', update);
update();
