// token = [text, logprob, rank, entropy_bits, time_s, survivors, sampled_prob, chosen, [[text, prob]...]]
const line = element.querySelector('.line');
hear('reset', () => { line.textContent = ''; });
hear('inspect', ({ index, count, token }) => {
  const [text, logprob, rank, entropy, , , , chosen, top] = token;
  const name = text === '' && chosen >= 0 ? top[chosen][0] : text;
  line.textContent = '';
  line.append(el('b', '', visible(name)), el('span', '', `token ${index + 1} of ${count}`), el('span', '', percent(Math.exp(logprob))),
    el('span', '', `rank ${rank.toLocaleString('en')}`), el('span', '', `entropy ${entropy.toFixed(2)} bits`));
});
