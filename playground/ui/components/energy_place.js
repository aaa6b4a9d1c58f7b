const { energy: assumed, numbers } = window.playground;
const fields = [...element.querySelectorAll('.field')].map((node) => ({
  kind: node.dataset.kind, select: node.querySelector('select'), input: node.querySelector('input'),
  hint: node.querySelector('.hint'), problem: node.querySelector('.problem'),
}));
const shown = (value) => String(+value.toPrecision(6));

function draw() {
  for (const { kind, select, input, hint, problem } of fields) {
    const now = assumed.now(kind);
    select.value = now.id;
    hint.textContent = word(now.source) || word('energy_place.your_own_value');
    if (document.activeElement !== input) { // typing is not interrupted
      input.value = shown(now.value);
      input.removeAttribute('aria-invalid');
      problem.textContent = '';
    }
  }
}

for (const { kind, select, input, problem } of fields) {
  for (const { id, title, value } of assumed.choices(kind)) {
    const option = el('option', '', `${word(title)}, ${shown(value)}`);
    option.value = id;
    select.append(option);
  }
  const own = el('option', '', word('energy_place.your_own_value_2'));
  own.value = '';
  select.append(own);
  select.addEventListener('change', () => {
    if (select.value) assumed.choose(kind, select.value); else { assumed.type(kind, assumed.now(kind).value); input.focus(); }
  });
  input.addEventListener('input', () => {
    const text = input.value.trim(), good = assumed.type(kind, numbers.parse(text));
    const [low, high] = assumed.limits(kind);
    input.setAttribute('aria-invalid', String(!good));
    problem.textContent = good ? '' : `${word(props.words[kind])} must be a number from ${low} to ${high.toLocaleString('en')}; ${shown(assumed.now(kind).value)} is still used${numbers.withAPoint(text)}`;
  });
  input.addEventListener('blur', () => setTimeout(draw)); // replace a rejected value with the one in use
}

assumed.onChange(draw);
draw();
