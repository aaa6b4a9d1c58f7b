// A measured number that Cost has an input for: a link that opens its calculator and fills it in there, as measured.
const line = element.querySelector('.use'), said = line.querySelector('span'), link = line.querySelector('a');
const { cost, english } = window.playground;
let use = null;

// A page may lack the tab.
const hasCost = () => [...document.querySelectorAll('[role="tab"]')].some((tab) => english(tab.textContent.trim()) === 'Cost');

function draw() {
  use = props.value ? JSON.parse(props.value) : null;
  line.hidden = !use || !hasCost();
  if (!use) return;
  const { section, field, panel, label, figure, source } = use;
  said.textContent = word('cost_use.measured_here', { label: word(label), figure });
  link.textContent = word('cost_use.open_cost', { panel: word(panel) });
  link.href = `#${new URLSearchParams({ 'cost.section': section, [`cost.${field}`]: source.facts[field].value })}`; // for a page of its own
}
link.addEventListener('click', (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  cost.use(use);
});
watch('value', draw);
draw();
