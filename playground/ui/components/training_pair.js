const whole = element.querySelector('.whole'), lists = element.querySelectorAll('dl');
let drawn = '';

function draw() {
  const text = props.value || '';
  if (text === drawn) return;
  drawn = text;
  whole.hidden = !text;
  if (!text) return;
  const view = JSON.parse(text);
  [view.inference, view.training].forEach((rows, side) => lists[side].replaceChildren(...rows.map(([name, value, about, colour]) => {
    const row = el('div', colour), cell = el('dd', '', value);
    if (about) cell.append(el('small', '', about));
    row.append(el('dt', '', name), cell);
    return row;
  })));
  element.querySelector('.gone').textContent = view.gone;
}
watch('value', draw);
draw();
