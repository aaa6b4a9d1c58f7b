const SVG = 'http://www.w3.org/2000/svg', MOST_BITS = 8;

function bars(rows) {
  const top = Math.max(...rows.map((row) => row.high ?? row.value)), list = el('div', 'bars');
  for (const row of rows) {
    const track = el('span', 'track'), bar = el('i');
    bar.style.width = `${(row.value / top) * 100}%`;
    track.append(bar);
    if (row.high != null) {
      const span = el('u');
      span.style.left = `${(row.low / top) * 100}%`;
      span.style.width = `${((row.high - row.low) / top) * 100}%`;
      track.append(span);
    }
    list.append(el('span', 'name', row.label.trim()), track, el('span', 'text', row.text));
  }
  return list;
}

function words(lines) {
  const all = el('div', 'words');
  for (const line of lines) {
    const row = el('span', 'line');
    for (const [text, bits] of line) {
      const word = el('span', '', text);
      word.style.setProperty('--surprise', Math.min(1, bits / MOST_BITS).toFixed(3));
      row.append(word);
    }
    all.append(row);
  }
  return all;
}

function card({ id, title: called, why: about, tab, run, picture }) {
  const title = word(called), why = word(about);
  const item = el('li'), button = el('button', 'card'), drawn = picture.bars.length ? bars(picture.bars) : words(picture.words);
  button.type = 'button';
  button.setAttribute('aria-label', title);
  button.setAttribute('aria-description', why);
  drawn.setAttribute('aria-hidden', 'true'); // the words say it
  button.append(el('span', 'title', title), drawn, el('span', 'caption', word(picture.caption)), el('span', 'why', why), el('span', 'go', tab === 'Cost' ? word('gallery.open') : tab === 'Play' ? word('gallery.run') : word('gallery.run_2', { tab: word(tab) })));
  button.addEventListener('click', () => { window.playground.chosen = { tabs: [tab], run }; props.value = id; trigger('input'); });
  item.append(button);
  return item;
}

element.querySelector('.cards').append(...props.cards.map(card));
hear('reset', (head) => { if (head?.live) element.hidden = true; }); // a run has begun: its answer has the room
hear('status', ({ phase }) => { if (phase === 'finished' || phase === 'stopped') element.hidden = true; }); // one was opened
element.hidden = /[#&]run=/.test(location.hash) && !location.hash.includes('tab='); // one that comes back, if it is there
document.addEventListener('playground:unknown', () => { element.hidden = false; });
