// Tokens as text that may grow long: in parts, each a separate block, so a new token lays out only its part,
// and hidden parts cost nothing. A part ends at a line break of the text; if none comes for long, at
// a line wrapped by the width, until the width changes.
const LEAST = 64, MOST = 256;
const flow = (out) => {
  const large = []; // closed parts that no frame has cut yet
  let box = out, nodes = [], part = null, size = 0, width = 0, due = 0, follows = true, following = true, lastTop = 0;

  const begin = (cls) => { part = el('div', cls); size = 0; box.append(part); box.dataset.flow = ''; };
  const close = () => { // the growing part is always shown, at its true height
    if (size > MOST) large.push(part);
    part.classList.add('done');
    part = null;
  };
  const add = (node, text) => {
    if (!part) begin('part');
    part.append(node);
    size += 1;
    if (size >= LEAST && text.endsWith('\n')) close();
  };
  // Where lines begin: at tokens whose word is lower than the previous one's.
  const lineStarts = (all) => {
    const tops = all.map((node) => (node.lastElementChild || node).getClientRects()[0]?.top);
    return [...all.keys()].filter((i) => i && tops[i] > tops[i - 1] + 4);
  };
  // Cuts a part where lines begin, so that none has more than MOST tokens. Several pieces may have come since the last frame.
  const fold = (full) => {
    const all = [...full.children], cuts = [];
    let from = 0, line = 0;
    for (const start of [...lineStarts(all), all.length]) {
      if (start - from > MOST && line > from) cuts.push(from = line);
      line = start;
    }
    let last = full;
    for (const [i, cut] of cuts.entries()) {
      last.classList.add('done');
      const next = el('div', 'part folded'); // its first token's space stays on the previous line
      next.append(...all.slice(cut, cuts[i + 1]));
      last.after(next);
      last = next;
    }
    if (full !== part) last.classList.add('done');
    else { part = last; size = part.children.length; }
  };
  const unfold = () => {
    for (const one of [...out.querySelectorAll('.folded')].reverse()) {
      const before = one.previousElementSibling;
      if (one === part) { part = before; part.classList.remove('done'); }
      before.append(...one.children);
      one.remove();
    }
    if (part) size = part.children.length;
  };
  const below = () => out.scrollHeight - out.scrollTop - out.clientHeight;
  // The end stays visible until a person scrolls up. Measured once a frame, not once a draw: when several views stream
  // side by side, each reading of a height would lay out the page again.
  const settle = () => {
    due = 0;
    for (const one of large.splice(0)) fold(one);
    if (part && size > MOST) fold(part);
    if (!following || below() < 2) return;
    out.scrollTop = out.scrollHeight;
    toEnd(); // a part that becomes visible may be taller than estimated
  };
  const toEnd = () => { if (!due) due = requestAnimationFrame(settle); };

  out.addEventListener('scroll', () => { // growing text never moves the top up; only a person does
    if (out.scrollTop < lastTop - 2) following = false;
    if (below() < 24) following = follows;
    lastTop = out.scrollTop;
  }, { passive: true });
  out.addEventListener('copy', (event) => { // the clipboard gets the model's line ends, not those of the parts
    const range = getSelection().rangeCount && getSelection().getRangeAt(0), node = range && range.commonAncestorContainer;
    const text = node && (node.closest ? node : node.parentElement)?.closest('[data-flow]');
    if (!text || !out.contains(text)) return;
    event.clipboardData.setData('text/plain', range.cloneContents().textContent);
    event.preventDefault();
  });
  new ResizeObserver(() => {
    if (width && out.clientWidth && out.clientWidth !== width) unfold();
    width = out.clientWidth || width;
  }).observe(out);

  return {
    get nodes() { return nodes; },
    clear() { out.textContent = ''; box = out; nodes = []; part = null; large.length = 0; follows = following = true; lastTop = 0; },
    into(node) { if (part) close(); box = node; }, // new text goes there; it scrolls with `out`
    follow(on) { follows = following = on; }, // whether the end stays visible
    token(node, text) { nodes.push(node); add(node, text); },
    words(node, text = '') { add(node, text); },
    toEnd,
  };
};
// A token: the space before its word is a separate node, since a part does not begin with it.
const NO_TEXT = word('flow.no_text_own');
const tokenNode = (text, cls = 'tok') => {
  const node = el('span', cls), lead = /^\s+(?=\S)/.exec(text)?.[0] ?? '', word = el('span', 'word', text.slice(lead.length));
  if (lead) node.append(el('span', 'gap', lead));
  if (text === '') { word.classList.add('none'); word.title = NO_TEXT; }
  else if (/^\s+$/.test(text)) word.classList.add(text.includes('\n') ? 'line' : 'blank');
  node.append(word);
  return node;
};
