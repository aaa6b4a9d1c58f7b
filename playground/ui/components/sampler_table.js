// One row per token, one column per stage; nodes are made once and changed in place, so a slider needs one frame.
const SAMPLER_NAMES = { logits: 'logits', repetition_penalty: 'repetition penalty', temperature: 'temperature', top_k: 'top-k', top_p: 'top-p', min_p: 'min-p' };
const SAMPLER_ROWS = 40;
const grouped = new Intl.NumberFormat('en'), whole = (n) => grouped.format(Math.round(n));
const put = (node, text) => { if (node.data !== text) node.data = text; };
const dress = (node, cls) => { if (node.className !== cls) node.className = cls; };
const leaf = (parent, tag, cls) => { const node = el(tag, cls), text = document.createTextNode(''); node.append(text); parent.append(node); return text; };

function settingText({ name, setting }) {
  if (setting === null) return word('sampler_table.model');
  if (name === 'temperature') return setting === 0 ? '0: greedy' : `÷ ${setting}`;
  if (name === 'repetition_penalty') return setting === 1 ? 'off' : `÷ or × ${setting}`;
  return setting === (name === 'top_p' ? 1 : 0) ? 'off' : name === 'top_k' ? whole(setting) : String(setting);
}
const countText = (stage, before) => (stage.kept === before.kept ? word('sampler_table.removes_none') : word('sampler_table.mass', { share: percent(stage.ratio) }));

function makeTable(table) {
  const columns = 6, head = el('tr'), names = [], settings = [];
  head.append(el('th', 'token', word('sampler_table.token')));
  for (let c = 0; c <= columns; c++) {
    const cell = el('th'), term = termOf('');
    cell.append(term);
    names.push({ term, text: term.firstChild });
    settings.push(leaf(cell, 'div', 'sub'));
    head.append(cell);
  }
  for (const cell of head.children) cell.scope = 'col';
  table.tHead.append(head);
  const row = () => {
    const node = el('tr'), name = el('th', 'token'), cells = [];
    name.scope = 'row';
    node.append(name);
    const text = leaf(name, 'span', 'word'), tag = leaf(name, 'small', '');
    for (let c = 0; c < columns; c++) {
      const cell = el('td'), box = el('div', 'b'), track = el('span', 'track');
      box.append(track); cell.append(box); node.append(cell);
      cells.push({ box, track, width: '', number: leaf(box, 'span', 'number') });
    }
    const last = el('td', 'race'), race = leaf(last, 'span', 'number');
    node.append(last);
    table.tBodies[0].append(node);
    return { node, name, text, tag, cells, race };
  };
  const rows = Array.from({ length: SAMPLER_ROWS }, row), tail = row(), foot = el('tr'), feet = [];
  tail.node.className = 'tail';
  const kept = el('th', 'token', word('sampler_table.kept'));
  kept.scope = 'row';
  foot.append(kept);
  for (let c = 0; c <= columns; c++) { const cell = el('td'); feet.push(['b', 'div', 'div', 'div', 'div'].map((tag) => leaf(cell, tag, ''))); foot.append(cell); }
  table.tFoot.append(foot);
  const view = { box: table.parentElement, names, settings, rows, tail, feet, others: null, later: 0 };
  view.box.addEventListener('scroll', () => view.others?.(), { passive: true });
  return view;
}

// Visible rows are filled in the slider's frame; the others when it rests, or when scrolled to.
function inSight(box) {
  const from = Math.floor(box.scrollTop / 25);
  return box.clientHeight ? [from - 1, from + Math.ceil((box.clientHeight - 120) / 25) + 1] : [0, SAMPLER_ROWS];
}

function fillCell(cell, chance, state, full) { // state: '' left, 'cut' removed here, 'gone' before
  dress(cell.box, `b ${state}`);
  const width = state === 'gone' || !chance ? '0' : `max(1px, ${(Math.min(1, chance / full) * 100).toFixed(2)}%)`;
  if (cell.width !== width) { cell.width = width; cell.track.style.backgroundSize = `${width} 100%`; } // painted, without a new layout
  put(cell.number, state === 'gone' ? '' : percent(chance));
}

// The chance that a full bar stands for: a round number, so it seldom changes.
const fullBar = (most) => [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].find((one) => most <= one) ?? 1;

// The tokens shown: the likeliest by the raw logits; the run's token and the drawn one replace the last if missing.
function rowTokens(size, chosen, drawn) {
  const count = Math.min(SAMPLER_ROWS, size), tokens = Array.from({ length: count }, (_, i) => i);
  const extra = [...new Set([chosen, drawn])].filter((i) => i >= count);
  tokens.splice(count - extra.length, extra.length, ...extra);
  return tokens;
}

function fillTable(view, data, found, chosen) {
  const { stages } = found, tokens = rowTokens(data.ids.length, chosen, found.drawn), last = stages[stages.length - 1];
  const isLeft = (stage, i) => stage.weights.field.place[i] < stage.left.n;
  const full = fullBar(Math.max(...stages.map((stage) => Math.max(...tokens.map(stage.chance)))));
  stages.forEach((stage, c) => {
    put(view.names[c].text, SAMPLER_NAMES[stage.name]);
    view.names[c].term.dataset.term = stage.name;
    put(view.settings[c], settingText(stage));
    footCell(view.feet[c], data, stage, stages[c - 1]);
  });
  put(view.names[6].text, 'draw');
  view.names[6].term.dataset.term = 'draw';
  put(view.settings[6], found.noise === null ? word('sampler_table.highest_score') : word('sampler_table.ln_p_noise'));
  const fillRow = (row, place) => {
    const i = tokens[place];
    if (row.node.hidden !== (i === undefined)) row.node.hidden = i === undefined;
    if (i === undefined) return;
    const drawn = i === found.drawn, run = i === chosen;
    put(row.text, visible(data.texts[i]));
    put(row.tag, [drawn && 'here', run && 'run'].filter(Boolean).join(', '));
    dress(row.node, `${drawn ? 'drawn' : ''}${run ? ' run' : ''}`);
    stages.forEach((stage, c) => {
      const left = isLeft(stage, i), before = stages[c - 1];
      fillCell(row.cells[c], left ? stage.chance(i) : before && isLeft(before, i) ? before.chance(i) : 0, left ? '' : before && isLeft(before, i) ? 'cut' : 'gone', full);
    });
    put(row.race, !isLeft(last, i) ? '' : found.noise === null ? '▸' : `${drawn ? '▸ ' : ''}${(Math.log(last.chance(i)) + data.noise[i]).toFixed(2)}`);
  };
  const [from, to] = inSight(view.box);
  view.rows.forEach((row, place) => { if (place >= from && place < to) fillRow(row, place); });
  view.others = () => { view.others = null; view.rows.forEach(fillRow); };
  clearTimeout(view.later);
  view.later = setTimeout(() => view.others?.(), 100);
  fillTail(view.tail, data, stages, tokens, isLeft, full);
  putFootDraw(view.feet[6], found);
  return full;
}

function fillTail(row, data, stages, tokens, isLeft, full) {
  const rest = data.vocabulary - tokens.length;
  if (row.node.hidden !== (rest === 0)) row.node.hidden = rest === 0;
  put(row.text, `all other ${whole(rest)}`);
  let before = { chance: 0, kept: 0 };
  stages.forEach((stage, c) => {
    const kept = stage.kept - tokens.filter((i) => isLeft(stage, i)).length;
    const chance = kept > 0 ? Math.max(0, 1 - tokens.reduce((sum, i) => sum + stage.chance(i), 0)) : 0;
    fillCell(row.cells[c], kept > 0 ? chance : before.chance, kept > 0 ? '' : before.kept > 0 ? 'cut' : 'gone', full);
    before = { chance, kept };
  });
}

function footCell([big, of, mass, bits, perplexity], data, stage, before) {
  put(big, whole(stage.kept));
  put(of, `of ${whole(data.vocabulary)}`);
  put(mass, before ? countText(stage, before) : word('sampler_table.all_mass'));
  put(bits, `entropy ${stage.bits.toFixed(2)} bits`);
  put(perplexity, `perplexity ${window.playground.numbers.number(stage.perplexity)}`);
}

function putFootDraw([big, of, mass, bits, perplexity], found) {
  put(big, '1');
  put(of, `chance ${percent(found.chance)}`);
  put(mass, found.uniform === null ? 'greedy' : `u = ${found.uniform.toFixed(4)}`);
  put(bits, found.noise === null ? '' : `noise ${found.noise.toFixed(2)}`);
  put(perplexity, '');
}
