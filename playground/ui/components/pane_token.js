const line = element.querySelector('.line');
hear('reset', () => { line.textContent = ''; });
hear('inspect', ({ index, count, token: { text, logprob, rank, entropy, chosen, top } }) => {
  const name = text === '' && chosen >= 0 ? top.texts[chosen] : text;
  line.textContent = '';
  line.append(el('b', '', visible(name)), el('span', '', `token ${index + 1} of ${count}`), el('span', '', percent(Math.exp(logprob))),
    el('span', '', `rank ${rank.toLocaleString('en')}`), el('span', '', `entropy ${entropy.toFixed(2)} bits`));
});
