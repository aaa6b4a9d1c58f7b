const find = (selector) => element.querySelector(selector);

let shown; // other parts' updates change nothing here

function draw() {
  if (props.value === shown) return;
  shown = props.value;
  const value = props.value ? JSON.parse(props.value) : null;
  element.classList.toggle('known', Boolean(value));
  if (!value) return;
  find('.card').classList.toggle('unequal', !value.equal);
  find('.sign').textContent = value.equal ? '=' : '≠';
  find('.big b').textContent = value.title;
  find('.text').textContent = value.text;
  find('ul').replaceChildren(...value.differing.map((line) => el('li', '', line)));
  find('.hash').textContent = value.hash ? `SHA-1 ${value.hash.slice(0, 12)}…` : '';
  find('.hash').title = value.hash;
}

watch('value', draw);
draw();
