const set = element.querySelector('fieldset'), box = element.querySelector('.options');

function draw() {
  const options = props.options || [], drawn = JSON.stringify(options);
  set.hidden = !options.length;
  if (drawn !== box.dataset.drawn) {
    box.textContent = '';
    for (const [value, text, about] of options) {
      const label = el('label'), input = el('input');
      input.type = 'radio'; input.name = props.group; input.value = value;
      if (about) label.title = word(about);
      label.append(input, el('span', '', word(text)));
      box.append(label);
    }
    box.dataset.drawn = drawn;
  }
  for (const input of box.querySelectorAll('input')) input.checked = input.value === String(props.value ?? '');
}

box.addEventListener('change', (event) => { props.value = event.target.value; trigger('input'); });
watch(['value', 'options'], draw);
draw();
if (props.first && props.value !== props.first) trigger('input'); // a link has chosen, and the rest of the page follows
