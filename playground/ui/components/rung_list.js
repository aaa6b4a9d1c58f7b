const list = element.querySelector('ol');
const open = new Set(); // names of rungs whose answers are unfolded, kept while more rungs arrive
let drawn = null;

const mk = (tag, cls, attributes) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  node.setAttribute('class', cls);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  return node;
};
const quoted = (text, ends) => (ends ? word('rung_list.end_answer') : `“${visible(text)}”`);

// One cell per token, at the same position in every rung: where the change can fork the answer, and where it did.
function strip(rung, count) {
  const box = el('div', 'strip'), svg = mk('svg', '', { viewBox: `0 0 ${count} 10`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  svg.append(mk('rect', 'all', { width: count, height: 10 }));
  svg.append(mk('path', 'danger', { d: rung.risky.map((at) => `M${at} 0h1v10h-1z`).join('') }));
  box.append(svg);
  const spoken = [`${count} tokens`, rung.risky.length ? `risky: ${rung.risky.map((at) => at + 1).join(', ')}` : word('rung_list.none_risky')];
  if (rung.fork !== null) {
    const sign = el('i');
    sign.style.left = `${Math.min(100, (rung.fork + 0.5) / count * 100)}%`;
    if (rung.fork + 1 < count) svg.append(mk('rect', 'after', { x: rung.fork + 1, width: count - rung.fork - 1, height: 10 }));
    box.append(sign);
    spoken.push(`fork at token ${rung.fork + 1}`);
  }
  box.setAttribute('role', 'img');
  box.setAttribute('aria-label', `The reference under ${rung.title}: ${spoken.join('; ')}`);
  return box;
}

function pair({ texts, ends, probs, gap }) {
  const node = el('span', 'pair');
  node.append(el('span', 'tok', quoted(texts[0], ends[0])), probs[0], el('span', '', word('rung_list.became')), el('span', 'tok new', quoted(texts[1], ends[1])), probs[1]);
  if (gap) node.append(el('span', '', `gap ${gap} logits`));
  return node;
}

function numbers(rung) {
  return [['largest |dz|', rung.diff], ['KL', rung.kl], ['top-1', rung.top1], ['risky', rung.risky_count]].map(([name, value]) => {
    const node = el('span', 'number');
    node.append(el('span', 'name', name), el('span', 'voice', `${name} `), el('span', '', value));
    return node;
  });
}

function reference(rung, value) {
  const box = el('div', 'text'), risky = new Set(rung.risky);
  value.tokens.forEach((text, i) => {
    const word = el('span', 'word', text || (i === rung.fork ? visible(text) : ''));
    if (risky.has(i)) { word.classList.add('risky'); word.title = `token ${i + 1}, risky: gap ${value.gaps[i]}`; }
    if (i === rung.fork) { word.classList.add('fork'); word.title = `token ${i + 1}, the fork: gap ${value.gaps[i]}`; word.append(el('span', 'voice', ' (fork)')); }
    else if (rung.fork !== null && i > rung.fork) word.classList.add('late');
    box.append(word);
  });
  return box;
}

function answers(rung, value) {
  const details = el('details'), texts = el('div', 'texts'), first = el('div'), second = el('div'), own = el('div', 'text');
  details.append(el('summary', '', rung.other ? word('rung_list.both_answers') : word('rung_list.answer')));
  const fill = () => {
    if (!details.open || texts.firstChild) return;
    own.append(el('span', '', rung.same), el('span', 'other', rung.other));
    first.append(el('h5', '', 'reference, risky tokens and fork marked'), reference(rung, value));
    second.append(el('h5', '', rung.other ? `${rung.title}, underlined from the fork on` : `${rung.title}, the same text`), own);
    for (const box of [first.lastChild, own]) { box.tabIndex = 0; box.setAttribute('role', 'group'); box.setAttribute('aria-label', box === own ? word('rung_list.answer_2', { title: word(rung.title) }) : word('rung_list.reference_under', { title: word(rung.title) })); }
    texts.append(first, second);
  };
  details.append(texts);
  details.open = open.has(rung.name);
  fill();
  details.addEventListener('toggle', () => { if (details.open) open.add(rung.name); else open.delete(rung.name); fill(); });
  return details;
}

function item(rung, value) {
  const node = el('li', rung.skipped ? 'skipped' : rung.fork !== null ? 'forked' : ''), line = el('div', 'line'), title = el('h4', 'title', rung.title), outcome = el('p', 'outcome'), verdict = el('span');
  title.append(el('span', 'factor', rung.factor));
  line.append(title);
  if (!rung.skipped) line.append(...numbers(rung), strip(rung, value.tokens.length));
  if (rung.sign) { const sign = el('span', 'sign', rung.sign); sign.setAttribute('aria-hidden', 'true'); verdict.append(sign); }
  verdict.append(el('span', 'verdict', rung.verdict));
  outcome.append(verdict);
  if (rung.candidates) outcome.append(pair(rung.candidates));
  if (rung.note) outcome.append(el('span', 'note', rung.note));
  node.append(line, outcome);
  if (!rung.skipped) node.append(answers(rung, value));
  return node;
}

let shown; // other parts' updates change nothing here

function draw() {
  if (props.value === shown) return;
  shown = props.value;
  const value = props.value ? JSON.parse(props.value) : null;
  element.classList.toggle('known', Boolean(value));
  if (!value) { list.textContent = ''; drawn = null; open.clear(); return; }
  const before = drawn && value.reference === drawn.reference ? drawn.rungs : [];
  value.rungs.forEach((rung, i) => { // rungs arrive one by one: existing rows stay, with their focus
    if (list.children[i] && JSON.stringify(before[i]) === JSON.stringify(rung)) return;
    const fresh = item(rung, value);
    if (list.children[i]) list.children[i].replaceWith(fresh); else list.append(fresh);
  });
  while (list.children.length > value.rungs.length) list.lastChild.remove();
  drawn = value;
}

explain(props.terms);
watch('value', draw);
draw();
