// The value's first line names the run. A saved run's lines follow it; those of a live run are fetched.
const out = element.querySelector('.toks'), view = flow(out);
const FOLLOW_MS = 400; // until a token is picked the inspector follows the newest, at a readable pace
const calm = matchMedia('(prefers-reduced-motion: reduce)');
const label = out.getAttribute('aria-label');
let followed = 0, head = null, tokens = [], least = 0, pinned = null, current = null, stop = null, picked = false;

function reset(line) {
  unlisten();
  view.clear();
  head = line; tokens = []; least = 0; pinned = current = stop = null; picked = false;
  element.classList.toggle('filled', line !== null);
  say('reset', line && JSON.parse(line));
}

function span(token, index) {
  const node = tokenNode(token.text), piece = token.text === '' ? token.top.texts[token.chosen] : '';
  if (bytesOf(piece)) node.querySelector('.word').dataset.bytes = bytesOf(piece);
  node.style.setProperty('--surprise', Math.min(1, Math.max(0, -token.logprob / Math.LN2 / 8)).toFixed(3));
  node.dataset.index = index;
  node.tabIndex = index ? -1 : 0; // one tab stop; arrows move it
  if (!index) stop = node;
  return node;
}

function draw() {
  const value = props.value || '', end = value.indexOf('\n'), first = end < 0 ? null : value.slice(0, end);
  if (first === head) return;
  reset(first);
  if (first === null) return;
  const { run, live, recorded } = JSON.parse(first);
  out.setAttribute('aria-label', recorded ? word('token_view.recorded_tokens') : label);
  if (live) listen(run, take, tell);
  else recite(value.slice(end + 1).split('\n'), take);
}

function take(lines) {
  const before = tokens.length;
  let closing = null;
  for (const line of lines) {
    if (!line) continue;
    const item = JSON.parse(line);
    if ('text' in item) {
      view.token(span(item, tokens.length), item.text);
      if (tokens.length && item.logprob < tokens[least].logprob) least = tokens.length;
      tokens.push(item);
    } else if (item.tail) view.words(el('span', 'tail', item.tail));
    else if (item.prompt) say('prompt', item.prompt);
    else if (item.end) closing = item.end;
  }
  if (tokens.length > before) say('tokens', { tokens, from: before });
  if (closing) finish(closing);
  else if (tokens.length > before && !picked && !calm.matches && performance.now() - followed > FOLLOW_MS) {
    followed = performance.now();
    show(view.nodes[tokens.length - 1]);
  }
  view.toEnd(); // last: it measures, so nothing after it makes the browser lay out the page again
}

function tell({ meters, status }) {
  say('live-meters', meters);
  say('live-status', status);
}

function finish(reason) {
  const last = tokens.length - 1;
  if (reason === 'eos' && last >= 0 && tokens[last].text === '') view.nodes[last].classList.add('end');
  if (picked || last < 0) return;
  show(view.nodes[least]); // what the inspector is for: the most surprising token
  reveal(current);
}

// Scrolls the answer, not the page, so that the chosen token is seen.
function reveal(node) {
  view.follow(false); // a token is chosen: the view no longer follows the end
  const seen = out.getBoundingClientRect(), at = node.getBoundingClientRect();
  if (at.top < seen.top || at.bottom > seen.bottom) out.scrollTop += at.top - seen.top - (out.clientHeight - at.height) / 2;
}

function show(node) {
  if (!node || node === current) return;
  current?.removeAttribute('aria-current');
  current = node;
  node.setAttribute('aria-current', 'true');
  const index = +node.dataset.index;
  say('inspect', { index, count: tokens.length, token: tokens[index], before: index ? tokens[index - 1].time : 0 });
}

function pin(node) {
  stop?.setAttribute('tabindex', '-1');
  stop = node;
  node.tabIndex = 0;
  pinned = node;
  picked = true;
  show(node);
}

const hit = (event) => event.target.closest?.('.tok');
out.addEventListener('pointerover', (event) => { if (hit(event)) { picked = true; show(hit(event)); } });
out.addEventListener('pointerleave', () => show(pinned));
out.addEventListener('click', (event) => { const node = hit(event); if (node && getSelection().isCollapsed) node.focus(); });
out.addEventListener('focusin', (event) => { const node = hit(event); if (node) pin(node); });
out.addEventListener('keydown', (event) => {
  const node = hit(event), next = node && !event.ctrlKey && !event.metaKey && !event.altKey && nextToken(view.nodes, +node.dataset.index, event.key);
  if (next) { event.preventDefault(); next.focus({ preventScroll: true }); next.scrollIntoView({ block: 'nearest' }); }
});
hear('pick', (index) => { picked = true; show(view.nodes[index]); if (current) reveal(current); });
hear('unpick', () => show(pinned));
watch('value', draw);
draw();
