// A token as `token_line` writes it; a saved one has no top_k and no top_p.
const ROWS = 11; // ten alternatives, and the token itself if it is not among them
const slot = (key) => element.querySelector(`[data-k="${key}"]`);
const bars = element.querySelector('.bars'), note = element.querySelector('.note');
let run = {};
const rows = Array.from({ length: ROWS }, () => {
  const row = el('div', 'bar'), name = el('span', 'mono'), track = el('span', 'track'), fill = el('i'), number = el('span', 'number');
  track.append(fill); row.append(name, track, number); bars.append(row);
  return { row, name, fill, number };
});

function bar(target, text, prob, cut, chosen) {
  target.row.className = `bar${cut ? ' cut' : ''}${chosen ? ' chosen' : ''}${text === null ? ' blank' : ''}`;
  target.name.textContent = text === null ? '' : visible(text);
  target.name.title = text === null ? '' : JSON.stringify(text) + (cut ? ', removed by the sampler' : '');
  target.fill.style.width = text === null ? '0' : `${prob * 100}%`;
  target.number.textContent = text === null ? '' : percent(prob);
}

function show({ index, count, token, before }) {
  const { text, logprob, rank, entropy, time, top_k, top_p, kept, sampled, chosen, top } = token;
  element.classList.add('filled');
  const name = text === '' && chosen >= 0 ? top.texts[chosen] : text;
  element.querySelector('.text').textContent = visible(name);
  element.querySelector('.where').textContent = `token ${index + 1} of ${count}`;
  slot('prob').textContent = percent(Math.exp(logprob));
  slot('rank').textContent = rank.toLocaleString('en');
  slot('surprise').textContent = `${Math.max(0, -logprob / Math.LN2).toFixed(2)} bits`;
  slot('entropy').textContent = `${entropy.toFixed(2)} bits`;
  slot('time').textContent = index ? seconds(time - before) : `${seconds(time)}, the first`;
  for (const [key, count] of Object.entries({ top_k, top_p, min_p: kept })) slot(key).textContent = count === undefined ? '–' : plural(count, 'token');
  slot('sampled').textContent = percent(sampled);
  const listed = top.texts.length;
  rows.forEach((target, i) => {
    if (i < listed && i < ROWS - 1) bar(target, top.texts[i], top.probs[i], run.ordered && i >= kept, i === chosen);
    else if (i === Math.min(listed, ROWS - 1) && chosen < 0 && listed) bar(target, name, Math.exp(logprob), false, true);
    else bar(target, null, 0, false, false);
  });
  const piece = bytesOf(name) ? word('inspector.bytes_character_written') : '';
  note.textContent = piece + (run.ordered ? word('inspector.struck_out_removed') : word('inspector.with_repetition_penalty'));
}

hear('reset', (head) => { // once open, an inspector stays open, even empty, so nothing below it moves
  run = head || {};
  for (const node of element.querySelectorAll('[data-k], .text, .where')) node.textContent = '\u00a0';
  rows.forEach((target) => bar(target, null, 0, false, false));
});
hear('inspect', show);
explain(props.definitions);
