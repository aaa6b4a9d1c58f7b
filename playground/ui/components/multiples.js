// Lines: {run} first; {cell, value} opens one; {cell, text, surprise 0..1, readout} is a token; {cell, end, facts} closes.
const root = element.querySelector('.cells');
let offset = 0, head = null, cells = {};

function open({ cell, value }) {
  const node = el('section', 'cell'), top = el('div', 'head'), text = el('div', 'text'), foot = el('div', 'foot');
  node.setAttribute('aria-label', value);
  text.tabIndex = 0;
  text.setAttribute('role', 'group');
  text.setAttribute('aria-label', word('multiples.answer_at', { value }));
  top.append(el('h3', '', value), el('span', 'end', 'running'));
  top.title = value;
  node.append(top, text, foot);
  root.append(node);
  cells[cell] = { node, text, foot, end: top.lastChild };
}

function add({ cell, text, surprise, readout }) {
  const node = el('span', 'tok'), lead = /^\s+(?=\S)/.exec(text)?.[0] ?? '';
  node.append(lead, el('span', 'word', text.slice(lead.length)));
  node.style.setProperty('--surprise', surprise);
  node.title = readout;
  cells[cell].text.append(node);
}

function draw() {
  const value = props.value || '', stop = value.indexOf('\n'), first = stop < 0 ? null : value.slice(0, stop);
  if (first !== head || value.length < offset) { root.textContent = ''; offset = 0; head = first; cells = {}; }
  const fresh = value.slice(offset), last = fresh.lastIndexOf('\n');
  if (last < 0) return;
  for (const line of fresh.slice(0, last).split('\n')) {
    const item = JSON.parse(line);
    if ('text' in item) add(item);
    else if (item.end) { cells[item.cell].end.textContent = ''; cells[item.cell].foot.textContent = [item.end, item.facts].filter(Boolean).join(': '); }
    else if ('value' in item) open(item);
  }
  offset += last + 1;
}

watch('value', draw);
draw();
