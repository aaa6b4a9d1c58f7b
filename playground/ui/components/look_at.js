const layer = element.querySelector('.layer'), head = element.querySelector('.head');
let now = {};

function fill(select, count, first) {
  if (select.length === count + (first ? 1 : 0)) return;
  const names = Array.from({ length: count }, (_, i) => [i + 1, String(i + 1)]);
  select.replaceChildren(...[...(first ? [[0, first]] : []), ...names].map(([value, text]) => { const option = el('option', '', text); option.value = value; return option; }));
}

function draw() {
  now = props.value || {};
  element.querySelector('.whole').hidden = !now.layers;
  if (!now.layers) return;
  fill(layer, now.layers);
  fill(head, now.heads, word('look_at.mean_over_heads'));
  layer.value = now.layer;
  head.value = now.head;
}

function ask(change) {
  now = { ...now, ...change };
  props.value = now;
  say('requested', now);
  trigger('input');
}
layer.addEventListener('change', () => ask({ layer: +layer.value }));
head.addEventListener('change', () => ask({ head: +head.value }));
hear('query', (query) => ask({ query }));
watch('value', draw);
draw();
