const find = (cls) => element.querySelector(`.${cls}`), box = find('offer'), line = find('line'), voice = find('voice');
let spoken = '';

function draw() {
  const value = props.value || {}, known = typeof value.fraction === 'number', going = value.phase === 'fetching';
  element.dataset.phase = value.phase || '';
  box.hidden = !value.phase;
  find('head').textContent = value.head || '';
  const rows = box.querySelector('dl');
  rows.textContent = '';
  for (const [name, words] of value.rows || []) {
    const row = el('div');
    row.append(el('dt', '', name), el('dd', '', words));
    rows.append(row);
  }
  find('note').textContent = value.note || '';
  line.hidden = !going;
  line.classList.toggle('endless', going && !known);
  line.firstChild.style.width = known ? `${value.fraction * 100}%` : '30%';
  const now = `${value.phase} ${value.model} ${value.note}`; // progress is not a change of state
  if (value.phase && now !== spoken) voice.textContent = [value.head, value.note].filter(Boolean).join(' ');
  spoken = now;
}

watch('value', draw);
draw();
