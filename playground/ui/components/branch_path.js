// The value's first line names the answer. The lines of a saved answer follow it; a growing branch's are fetched. When
// the tree includes it, its head says where, and the drawing stays.
const out = element.querySelector('.toks'), title = element.querySelector('h2'), about = element.querySelector('.sub'), view = flow(out);
const ENDS = { eos: word('branch_path.end_answer'), stop: word('branch_path.stop_string'), length: word('branch_path.token_limit_reached'), time: word('branch_path.time_limit_reached'), cancelled: word('branch_path.stopped') };
let drawn = null, head = null, texts = [], picked = null, current = null, stop = null;

const grows = () => head?.node === undefined;

function reset() {
  unlisten();
  view.clear();
  view.follow(grows()); // an existing one is read from its start
  texts = []; current = stop = null; out.title = ''; about.textContent = '';
}

function draw() {
  const value = props.value || '', end = value.indexOf('\n');
  if (value === drawn) return;
  drawn = value;
  const before = head?.run;
  head = end < 0 ? null : JSON.parse(value.slice(0, end));
  element.classList.toggle('filled', head !== null);
  say('shown', head !== null);
  element.classList.toggle('live', head !== null && grows());
  title.textContent = head ? head.name : '';
  if (head?.run && head.run === before) { mark(); return; }
  reset();
  if (head?.run) listen(head.run, take, report);
  else if (head) recite(value.slice(end + 1).split('\n'), take);
}

function span({ text, logprob }, index) {
  const shared = index < head.shared, node = tokenNode(text, `tok${shared ? ' shared' : ''}${index === head.shared && index ? ' fork' : ''}`);
  if (!text.trim()) node.setAttribute('aria-label', visible(text));
  node.style.setProperty('--surprise', shared ? 0 : Math.min(1, Math.max(0, -logprob / Math.LN2 / 8)).toFixed(3));
  node.setAttribute('role', 'button');
  node.dataset.index = index;
  node.tabIndex = index ? -1 : 0; // one tab stop; arrows move it
  if (!index) stop = node;
  return node;
}

function take(lines) {
  const before = texts.length;
  for (const line of lines) {
    if (!line) continue;
    const item = JSON.parse(line);
    if ('text' in item) { view.token(span(item, texts.length), item.text); texts.push(item.text); }
    else if (item.end) finish(item.end);
  }
  about.textContent = words();
  if (picked !== null && picked >= before && picked < texts.length) mark();
  view.toEnd(); // last: it measures
}

function report({ status, words }) {
  say('live-status', status);
  say('live-words', words);
}

function words() {
  const own = texts.length - head.shared, all = `${texts.length.toLocaleString('en')} tokens`;
  return head.shared ? `${all}, ${Math.max(0, own).toLocaleString('en')} new` : all;
}

function finish(reason) {
  const last = view.nodes[texts.length - 1];
  if (reason === 'eos' && last && texts[texts.length - 1] === '') { last.classList.add('end'); last.setAttribute('aria-label', word('branch_path.end_answer')); }
  out.title = word('branch_path.ended', { how: ENDS[reason] || reason });
}

// The token whose alternatives are shown, if this answer has it.
function mark() {
  if (grows()) return;
  current?.removeAttribute('aria-current');
  current = picked === null ? null : view.nodes[picked];
  if (current) focusable(current).setAttribute('aria-current', 'true');
}

function focusable(node) {
  stop?.setAttribute('tabindex', '-1');
  stop = node;
  node.tabIndex = 0;
  return node;
}

function pick(node) {
  if (grows()) return;
  picked = +node.dataset.index;
  mark();
  say('pick', { node: head.node, at: picked, text: texts[picked], count: texts.length });
}

const hit = (event) => event.target.closest?.('.tok');
out.addEventListener('click', (event) => { const node = hit(event); if (node && getSelection().isCollapsed) { node.focus({ preventScroll: true }); pick(node); } });
out.addEventListener('focusin', (event) => { const node = hit(event); if (node) focusable(node); });
out.addEventListener('keydown', (event) => {
  const node = hit(event);
  if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); pick(node); return; }
  const next = nextToken(view.nodes, +node.dataset.index, event.key);
  if (next) { event.preventDefault(); next.focus({ preventScroll: true }); next.scrollIntoView({ block: 'nearest' }); }
});
watch('value', draw);
draw();
