const section = cost.section(props.section), about = {}, form = element.querySelector('form');
const rows = [...section.models.map(([which, title]) => makeModel(which, word(title), about)), ...section.choices.map((choice) => makeChoice(choice, about)), ...section.fields.map((name) => makeField(name, about))];
form.append(...rows.map((one) => one.row));
if (section.ranges.length) {
  const folded = el('details', 'ranges'), inside = section.ranges.map((name) => makeField(name, about));
  folded.append(el('summary', '', word('calculator.low_high_each')), ...inside.map((one) => one.row));
  form.append(folded);
  rows.push(...inside);
}
form.addEventListener('submit', (event) => event.preventDefault());
explain(about);

function draw() { for (const row of rows) row.update(); }
function arrive() { // where a link leads, after the number is written there
  const name = cost.wanted(props.section), input = name && form.querySelector(`[data-field="${name}"] input`);
  if (!input) return;
  input.focus({ preventScroll: true });
  input.scrollIntoView({ block: 'center' });
}
let open = false; // known from its size: reading the element would restyle the page
cost.on(() => { if (open) draw(); });
new ResizeObserver(([entry]) => { const before = open; open = entry.contentRect.width > 0; if (open && !before) { draw(); arrive(); } }).observe(element); // an opening tab shows what changed meanwhile
draw();
