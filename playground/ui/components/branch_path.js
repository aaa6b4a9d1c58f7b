// The value only grows while a branch does, so each draw parses what is new. Its first line names the branch.
const out = element.querySelector('.toks'), title = element.querySelector('h2'), about = element.querySelector('.sub');
const ENDS = { eos: 'end of answer', stop: 'stop string', length: 'most tokens reached', time: 'time limit reached', cancelled: 'stopped' };
let offset = 0, line = null, head = null, tokens = [], picked = null, due = 0;

function reset(first) {
  const keep = head && head.live ? out.scrollTop : 0; // what has just grown stays where one looked
  out.textContent = '';
  offset = 0; line = first; tokens = []; head = first === null ? null : JSON.parse(first);
  element.classList.toggle('filled', head !== null);
  element.classList.toggle('live', Boolean(head && head.live));
  title.textContent = head ? head.name : '';
  return keep;
}

function span([text, logprob], index) {
  const shared = index < head.shared, node = el('span', `tok${shared ? ' shared' : ''}${index === head.shared && index ? ' fork' : ''}`);
  const lead = /^\s+(?=\S)/.exec(text)?.[0] ?? '';
  if (lead) node.append(el('span', 'gap', lead));
  const word = el('span', 'word', text.slice(lead.length));
  if (!text.trim()) {
    word.classList.add(text === '' ? 'none' : text.includes('\n') ? 'line' : 'blank');
    node.setAttribute('aria-label', visible(text));
  }
  node.append(word);
  node.style.setProperty('--surprise', shared ? 0 : Math.min(1, Math.max(0, -logprob / Math.LN2 / 8)).toFixed(3));
  node.setAttribute('role', 'button');
  node.dataset.index = index;
  node.tabIndex = index ? -1 : 0; // one tab stop; arrows move it
  return node;
}

function draw() {
  const value = props.value || '', end = value.indexOf('\n'), first = end < 0 ? null : value.slice(0, end);
  let keep = null;
  if (first !== line || value.length < offset) { keep = reset(first); offset = end + 1; }
  const fresh = value.slice(offset), last = fresh.lastIndexOf('\n');
  if (last >= 0) {
    const batch = document.createDocumentFragment();
    for (const one of fresh.slice(0, last).split('\n')) {
      const item = JSON.parse(one);
      if (Array.isArray(item)) { batch.append(span(item, tokens.length)); tokens.push(item); }
      else if (item.end) finish(item.end, batch);
    }
    out.append(batch);
    offset += last + 1;
  }
  if (head) about.textContent = words();
  if (keep !== null && !head?.live) { out.scrollTop = keep; mark(); }
  else if (head?.live && !due) due = requestAnimationFrame(() => { due = 0; out.scrollTop = out.scrollHeight; });
}

function words() {
  const own = tokens.length - head.shared, all = `${tokens.length.toLocaleString('en')} tokens`;
  return head.shared ? `${all}, ${Math.max(0, own).toLocaleString('en')} its own` : all;
}

function finish(reason, batch) {
  const last = batch.lastElementChild;
  if (reason === 'eos' && last && tokens[tokens.length - 1][0] === '') { last.classList.add('end'); last.setAttribute('aria-label', 'end of answer'); }
  out.title = `Ended: ${ENDS[reason] || reason}`;
}

// The token whose alternatives are shown, if this answer has it.
function mark() {
  out.querySelector('[aria-current]')?.removeAttribute('aria-current');
  if (picked !== null && tokens[picked]) focusable(out.children[picked]).setAttribute('aria-current', 'true');
}

function focusable(node) {
  out.querySelector('.tok[tabindex="0"]')?.setAttribute('tabindex', '-1');
  node.tabIndex = 0;
  return node;
}

function pick(node) {
  if (!head || head.live) return;
  picked = +node.dataset.index;
  mark();
  const [text] = tokens[picked];
  say('pick', { node: head.node, at: picked, text, count: tokens.length });
}

const hit = (event) => event.target.closest?.('.tok');
out.addEventListener('click', (event) => { const node = hit(event); if (node && getSelection().isCollapsed) { node.focus({ preventScroll: true }); pick(node); } });
out.addEventListener('focusin', (event) => { const node = hit(event); if (node) focusable(node); });
out.addEventListener('keydown', (event) => {
  const node = hit(event);
  if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); pick(node); return; }
  const next = nextToken(out.children, +node.dataset.index, event.key);
  if (next) { event.preventDefault(); next.focus({ preventScroll: true }); next.scrollIntoView({ block: 'nearest' }); }
});
watch('value', draw);
draw();
