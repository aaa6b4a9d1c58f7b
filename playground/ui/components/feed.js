// A live run's lines are fetched in pieces, at the page's pace: a sleeping tab loses nothing, and no more is sent
// than can be drawn. A page that draws slowly fetches less often.
const PACE_MS = 200, IDLE_MS = 200, MOST_TRIES = 20;
let feed = null; // name of the followed run

const listen = (run, take, tell) => {
  if (run === feed) return;
  feed = run;
  let at = 0, tries = 0;
  const ask = async () => {
    const begun = performance.now();
    let piece = null;
    try { piece = await server.more([run, at]); tries = 0; } catch { tries += 1; }
    if (feed !== run || piece?.gone || tries > MOST_TRIES) return;
    if (piece?.count) { take(piece.lines.split('\n')); at += piece.count; }
    if (piece && !piece.more) tell(piece);
    if (piece?.over && !piece.count) return; // the last request confirms that everything arrived
    const pause = Math.max(piece?.count ? PACE_MS : IDLE_MS, 2 * (performance.now() - begun));
    setTimeout(ask, piece?.more || piece?.over ? 0 : pause);
  };
  ask();
};
const unlisten = () => { feed = null; };
// A saved run arrives as a whole: one piece per task keeps the page responsive.
const PIECE = 200;
const recite = (lines, take) => {
  const mine = feed = {};
  const step = (at) => {
    if (feed !== mine) return;
    take(lines.slice(at, at + PIECE));
    if (at + PIECE < lines.length) setTimeout(step, 0, at + PIECE);
  };
  step(0);
};
