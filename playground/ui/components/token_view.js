// The value only grows during a run, so each draw parses what is new. Its first line names the run.
const out = element.querySelector('.toks');
const FOLLOW_MS = 400; // until a token is picked the inspector follows the newest, at a pace one can read
const calm = matchMedia('(prefers-reduced-motion: reduce)');
let offset = 0, followed = 0, head = null, tokens = [], pinned = null, current = null, picked = false;
let following = true, lastTop = 0, due = 0;

function reset(line) {
  out.textContent = '';
  offset = 0; head = line; tokens = []; pinned = current = null; picked = false;
  following = true; lastTop = 0;
  element.classList.toggle('filled', line !== null);
  say('reset', line && JSON.parse(line));
}

function span(token, index) {
  const node = el('span', 'tok');
  const text = token[0];
  const lead = /^\s+(?=\S)/.exec(text)?.[0] ?? '';
  if (lead) node.append(el('span', 'gap', lead));
  const word = el('span', 'word', text.slice(lead.length));
  if (text === '') word.classList.add('none');
  else if (/^\s+$/.test(text)) word.classList.add(text.includes('\n') ? 'line' : 'blank');
  node.append(word);
  node.style.setProperty('--surprise', Math.min(1, Math.max(0, -token[1] / Math.LN2 / 8)).toFixed(3));
  node.dataset.index = index;
  node.tabIndex = index ? -1 : 0; // one tab stop; arrows move it
  return node;
}

function draw() {
  const value = props.value || '';
  const end = value.indexOf('\n');
  const first = end < 0 ? null : value.slice(0, end);
  if (first !== head || value.length < offset) reset(first);
  const fresh = value.slice(offset), last = fresh.lastIndexOf('\n');
  if (last < 0) return;
  const batch = document.createDocumentFragment(), before = tokens.length;
  let closing = null;
  for (const line of fresh.slice(0, last).split('\n')) {
    const item = JSON.parse(line);
    if (Array.isArray(item)) {
      batch.append(span(item, tokens.length));
      tokens.push(item);
    } else if (item.tail) batch.append(el('span', 'tail', item.tail));
    else if (item.prompt) say('prompt', item.prompt);
    else if (item.end) closing = item.end;
  }
  out.append(batch);
  offset += last + 1;
  toEnd();
  if (tokens.length > before) say('tokens', tokens);
  if (closing) finish(closing);
  else if (tokens.length > before && !picked && !calm.matches && performance.now() - followed > FOLLOW_MS) {
    followed = performance.now();
    show(out.querySelector(`.tok[data-index="${tokens.length - 1}"]`));
  }
}

// The end stays in sight until a person scrolls up. Measured once a frame, not once a draw: where several views stream
// side by side, each reading of a height would style the whole page again.
function toEnd() {
  if (following && !due) due = requestAnimationFrame(() => { due = 0; out.scrollTop = out.scrollHeight; });
}
out.addEventListener('scroll', () => { // text that grows never moves the top; only a person scrolls up
  if (out.scrollTop < lastTop - 2) following = false;
  if (out.scrollHeight - out.scrollTop - out.clientHeight < 24) following = true;
  lastTop = out.scrollTop;
}, { passive: true });

function finish(reason) {
  const spans = out.querySelectorAll('.tok');
  if (reason === 'eos' && spans.length && tokens[tokens.length - 1][0] === '') spans[spans.length - 1].classList.add('end');
  if (!picked && tokens.length) { // show what the inspector is for: the most surprising token
    let pick = 0;
    tokens.forEach((token, i) => { if (token[1] < tokens[pick][1]) pick = i; });
    show(spans[pick]);
  }
}

function show(node) {
  if (!node || node === current) return;
  current?.removeAttribute('aria-current');
  current = node;
  node.setAttribute('aria-current', 'true');
  const index = +node.dataset.index;
  say('inspect', { index, count: tokens.length, token: tokens[index], before: index ? tokens[index - 1][4] : 0 });
}

function pin(node) {
  out.querySelector('.tok[tabindex="0"]')?.setAttribute('tabindex', '-1');
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
  const node = hit(event), next = node && !event.ctrlKey && !event.metaKey && !event.altKey && nextToken(out.querySelectorAll('.tok'), +node.dataset.index, event.key);
  if (next) { event.preventDefault(); next.focus({ preventScroll: true }); next.scrollIntoView({ block: 'nearest' }); }
});
hear('pick', (index) => { picked = true; show(out.querySelectorAll('.tok')[index]); });
hear('unpick', () => show(pinned));
watch('value', draw);
draw();
