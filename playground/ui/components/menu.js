const select = element.querySelector('select'), hint = element.querySelector('.hint');
explain(props.definitions);

function draw() {
  const options = props.options || [];
  if (JSON.stringify(options) !== select.dataset.drawn) {
    select.textContent = '';
    for (const [value, text, reason] of options) {
      const option = el('option', '', reason === null ? word(text) : `${word(text)} (${word(reason)})`);
      option.value = value;
      option.disabled = reason !== null;
      if (reason !== null) option.title = word(reason);
      select.append(option);
    }
    select.dataset.drawn = JSON.stringify(options);
  }
  select.value = props.value ?? '';
  hint.textContent = hint.title = word(props.hints?.[props.value] ?? props.hint ?? '');
}

select.addEventListener('change', () => { props.value = select.value; draw(); trigger('input'); trigger('change'); });
watch(['value', 'options', 'hint', 'hints'], draw);
draw();
