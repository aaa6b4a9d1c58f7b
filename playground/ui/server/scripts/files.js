// Saved files: a button of any tab, or a file dropped anywhere. It goes to the tab that shows its kind.
//   register(place, part)   a part that opens files, when it is drawn: its element, the kinds, and `take(text, only)`
//   give(kind, text, only, place)  show a document in its tab, or in this place; `only`: without its settings
//   start({ tabs, run })    show a tab and press the button of this id
//   open(file, own)         `own`: place, kinds, most bytes, and `tell(words)` of the part whose button was used
window.playground.files = ((config) => {
  const { english, word } = window.playground;
  const TRIES = 600; // frames until a tab has drawn its part
  const takers = {};

  // The text of a file, as Python's `decode_text` reads it: UTF-8, or UTF-16 where its byte order mark says so.
  async function textOf(file) {
    const [a, b] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
    const encoding = a === 0xff && b === 0xfe ? 'utf-16le' : a === 0xfe && b === 0xff ? 'utf-16be' : 'utf-8';
    return new TextDecoder(encoding).decode(await file.arrayBuffer());
  }

  function kindOf(name, text) {
    if (/\.ya?ml$/i.test(name)) return 'preset';
    try { return JSON.parse(text)?.kind ?? ''; } catch { return ''; }
  }

  const frame = () => new Promise(requestAnimationFrame);
  async function deliver({ place, tabs }, text, only) {
    await window.playground.tabs.show(tabs);
    for (let tries = 0; tries < TRIES && !takers[place]; tries += 1) await frame();
    takers[place]?.take(text, only);
  }

  // A page may lack the tab: then the part that was used says what it takes.
  const isThere = ({ tabs: [first] }) => !first || [...document.querySelectorAll('[role="tab"]')].some((tab) => english(tab.textContent.trim()) === first);

  function inFront(kind) { // of two parts that show a kind, the one that is seen
    const place = Object.keys(takers).find((one) => takers[one].kinds.includes(kind) && takers[one].element.offsetParent);
    return place && { place, tabs: [] };
  }

  async function open(file, own) {
    const most = own?.max_bytes ?? config.max_bytes, tell = own?.tell ?? alert_;
    if (file.size > most) { tell(`${file.name} has ${file.size.toLocaleString('en')} bytes; the limit is ${most.toLocaleString('en')}.`); return; }
    const text = await textOf(file), kind = kindOf(file.name, text);
    tell('');
    const known = Object.hasOwn(config.places, kind);
    const here = own && (!known || !own.kinds.length || own.kinds.includes(kind) || !isThere(config.places[kind]));
    if (here) takers[own.place].take(text);
    else await deliver(inFront(kind) ?? config.places[known ? kind : 'run'], text);
  }

  const over = document.createElement('div');
  over.id = 'drop';
  over.textContent = word('files.drop_file_open');
  const alert_ = (words) => { over.textContent = words || word('files.drop_file_open'); over.classList.toggle('problem', Boolean(words)); if (words) setTimeout(() => over.classList.remove('problem'), 8000); };
  const isFile = (event) => event.dataTransfer?.types.includes('Files');
  let depth = 0; // a drag enters and leaves each element on its way
  const shown = (by) => { depth = by ? Math.max(0, depth + by) : 0; over.classList.toggle('open', depth > 0); };
  addEventListener('dragenter', (event) => { if (isFile(event)) { document.body.append(over); shown(1); } });
  addEventListener('dragleave', (event) => { if (isFile(event)) shown(-1); });
  addEventListener('dragover', (event) => { if (isFile(event)) event.preventDefault(); });
  addEventListener('drop', (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    shown(0);
    const [file] = event.dataTransfer.files;
    if (file) open(file);
  });

  // A document of the history.
  const give = (kind, text, only, place = config.places[kind] ?? config.places.run) => deliver(place, text, only);

  // After an example has filled its tab in.
  async function start({ tabs, run }) {
    await window.playground.tabs.show(tabs);
    const button = () => document.getElementById(run);
    for (let tries = 0; run && tries < TRIES && !(button()?.offsetParent && !button().disabled); tries += 1) await frame();
    if (run) button()?.click();
  }

  return { start, give, register: (place, part) => { takers[place] = part; }, open };
})(PLAYGROUND_CONFIG);
