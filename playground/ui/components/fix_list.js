const list = element.querySelector('ol');

function item(fix) {
  const node = el('li', fix.skipped ? 'skipped' : fix.works === true ? 'works' : fix.works === false ? 'fails' : ''), name = el('div'), more = el('div', 'more'), change = el('dl', 'change');
  const sign = el('span', 'sign', fix.sign);
  sign.setAttribute('aria-hidden', 'true');
  name.append(el('h4', '', fix.title), el('span', '', `against ${fix.cures}`));
  more.append(el('span', 'verdict', fix.verdict));
  for (const [term, text] of [['without', fix.before], ['with', fix.after], ['cost', fix.cost]]) if (text && !fix.skipped) change.append(el('dt', '', term), el('dd', term === 'cost' ? 'cost' : '', text));
  if (change.firstChild) more.append(change);
  node.append(sign, name, more);
  return node;
}

let shown; // other parts' updates change nothing here

function draw() {
  if (props.value === shown) return;
  shown = props.value;
  const fixes = props.value ? JSON.parse(props.value) : null;
  element.classList.toggle('known', Boolean(fixes));
  list.replaceChildren(...(fixes || []).map(item));
}

watch('value', draw);
draw();
