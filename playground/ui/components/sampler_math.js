// A step's distribution under any settings, as in the engine: penalty, temperature, cuts, draw. No DOM here.
//
// `data` is what `inspection/compact.py` makes: exact tokens in the order of their logits, and a tail of bins with
// equally many tokens, evenly spread in each. A cut always leaves the top of the distribution, so it is
// described by two numbers: `n` exact tokens in the order of their scores, and `t` tokens of the tail.
const SAMPLER_ORDERS = {
  transformers: ['repetition_penalty', 'temperature', 'top_k', 'top_p', 'min_p'],
  'llama.cpp': ['repetition_penalty', 'top_k', 'top_p', 'min_p', 'temperature'],
};

const firstIndex = (size, holds) => { // of a row of false, then true; `size` where none is true
  let low = 0, high = size;
  while (low < high) { const half = (low + high) >> 1; if (holds(half)) high = half; else low = half + 1; }
  return low;
};

// The tail: at[b] of its tokens are above bin b, which goes from high[b] down to low[b].
const tailSize = (tail) => tail.at[tail.at.length - 1];
const tailBin = (tail, t) => Math.min(firstIndex(tail.at.length, (b) => tail.at[b] > t) - 1, tail.high.length - 1);
const tailScore = (tail, t) => {
  const b = tailBin(tail, t);
  return tail.high[b] + (t - tail.at[b]) / (tail.at[b + 1] - tail.at[b]) * (tail.low[b] - tail.high[b]);
};
function tailAbove(tail, score, { ties = false } = {}) { // how many have a higher score, or this score
  const b = firstIndex(tail.high.length, (i) => (ties ? tail.low[i] < score : tail.low[i] <= score));
  if (b === tail.high.length) return tailSize(tail);
  const width = tail.high[b] - tail.low[b], share = width > 0 ? Math.max(0, tail.high[b] - score) / width : 0;
  return tail.at[b] + share * (tail.at[b + 1] - tail.at[b]);
}
function tailTies(tail, t, score) { // tokens with exactly this score stay together
  for (let b = firstIndex(tail.at.length, (i) => tail.at[i] > t) - 1; b >= 0 && b < tail.high.length && tail.high[b] === score && tail.low[b] === score; b++) t = tail.at[b + 1];
  return t;
}

// Scores after the penalty, the highest first, the lowest id first on ties; and how many of the tail are above each.
function samplerScores(data, penalty) {
  const size = data.ids.length, scores = Float64Array.from(data.logits), moved = penalty !== 1 ? data.seen : [];
  for (const i of moved) scores[i] = Math.fround(scores[i] < 0 ? scores[i] * penalty : scores[i] / penalty);
  const order = Array.from(scores.keys());
  if (moved.length) order.sort((a, b) => scores[b] - scores[a] || data.ids[a] - data.ids[b]);
  const isMoved = new Set(moved), above = new Float64Array(size), place = new Int32Array(size);
  let most = 0;
  order.forEach((i, j) => {
    most = Math.max(most, isMoved.has(i) && tailSize(data.tail) ? tailAbove(data.tail, scores[i]) : data.above[i]);
    above[j] = most;
    place[i] = j;
  });
  return { order, place, above, z: Float64Array.from(order, (i) => scores[i]), tail: data.tail };
}

// Weights exp((score - highest) / temperature), summed from the top; `heat` sums weight times exponent, for entropies.
function samplerWeights(field, temperature) {
  const { z, tail } = field, size = z.length, bins = tail.high.length, top = z[0];
  const w = new Float64Array(size), mass = new Float64Array(size + 1), heat = new Float64Array(size + 1);
  for (let j = 0; j < size; j++) {
    const a = (z[j] - top) / temperature;
    w[j] = Math.exp(a);
    mass[j + 1] = mass[j] + w[j];
    heat[j + 1] = heat[j] + (w[j] ? w[j] * a : 0);
  }
  const tailMass = new Float64Array(bins + 1), tailHeat = new Float64Array(bins + 1);
  const [high, low] = [tail.high, tail.low].map((ends) => Float64Array.from(ends, (end) => (end - top) / temperature));
  for (let b = 0; b < bins; b++) {
    const [m, h] = spread(tail.at[b + 1] - tail.at[b], high[b], low[b]);
    tailMass[b + 1] = tailMass[b] + m;
    tailHeat[b + 1] = tailHeat[b] + h;
  }
  return { field, temperature, w, mass, heat, tailMass, tailHeat, high, low };
}

function spread(count, high, low) { // mass and heat of tokens whose exponents are even between two ends
  const d = high - low, top = Math.exp(high);
  if (!top) return [0, 0];
  if (d < 1e-4) { const middle = (high + low) / 2, m = count * Math.exp(middle); return [m, m * middle]; }
  const bottom = Math.exp(low);
  return [count * (top - bottom) / d, count * ((high - 1) * top - (low - 1) * bottom) / d];
}

function tailPart(weights, t) { // mass and heat of the first t of the tail
  const { tail } = weights.field;
  if (t <= 0) return [0, 0];
  const b = tailBin(tail, t), inside = t - tail.at[b], count = tail.at[b + 1] - tail.at[b];
  const [m, h] = spread(inside, weights.high[b], weights.high[b] + (inside / count) * (weights.low[b] - weights.high[b]));
  return [weights.tailMass[b] + m, weights.tailHeat[b] + h];
}
function tailFor(weights, wanted) { // the fewest of the tail that reach this weight
  const { tail } = weights.field, bins = tail.high.length;
  if (wanted <= 0) return 0;
  const b = firstIndex(bins, (i) => weights.tailMass[i + 1] >= wanted);
  if (b === bins) return tailSize(tail);
  const count = tail.at[b + 1] - tail.at[b], d = weights.high[b] - weights.low[b];
  const rest = (wanted - weights.tailMass[b]) / (count * Math.exp(weights.high[b]));
  return tail.at[b] + count * Math.min(1, d < 1e-4 ? rest : -Math.log1p(-Math.min(1, rest * d)) / d);
}
const massOf = (weights, { n, t }) => weights.mass[n] + tailPart(weights, t)[0];

const SAMPLER_CUTS = {
  top_k({ field }, { n, t }, k) { // the k highest, and ties of the last
    if (k <= 0 || k >= n + t) return { n, t };
    const { z, above, tail } = field;
    let kept = firstIndex(n, (j) => j + above[j] >= k), rest = Math.max(0, Math.min(t, k - kept));
    const isExact = kept > 0 && kept - 1 + above[kept - 1] >= k - 1, last = isExact ? z[kept - 1] : tailScore(tail, rest - 0.5);
    while (kept < n && z[kept] >= last) kept++;
    return { n: kept, t: Math.min(t, tailTies(tail, rest, last)) };
  },
  top_p(weights, { n, t }, p) { // the fewest likeliest tokens that reach p of the remaining weight
    if (p >= 1) return { n, t };
    const wanted = p * massOf(weights, { n, t }), { above } = weights.field;
    const before = (j) => weights.mass[j] + tailPart(weights, Math.min(above[j], t))[0];
    const kept = Math.max(1, firstIndex(n, (j) => before(j) >= wanted));
    const least = Math.min(above[kept - 1], t), most = kept < n ? Math.min(above[kept], t) : t;
    return { n: kept, t: Math.min(most, Math.max(least, Math.ceil(tailFor(weights, wanted - weights.mass[kept]) - 1e-9))) };
  },
  min_p({ field, temperature }, { n, t }, share) { // those at least `share` times as likely as the likeliest
    if (share <= 0) return { n, t };
    const last = field.z[0] + temperature * Math.log(share);
    return { n: Math.max(1, firstIndex(n, (j) => field.z[j] < last)), t: Math.min(t, Math.round(tailAbove(field.tail, last, { ties: true }))) };
  },
};

// One stage: what is left, its share of the previous stage's mass, its entropy, and the chance of each exact token.
function stageOf(name, setting, weights, left, before) {
  const [tailMass, tailHeat] = tailPart(weights, left.t), mass = weights.mass[left.n] + tailMass;
  const bits = Math.max(0, (Math.log(mass) - (weights.heat[left.n] + tailHeat) / mass) / Math.LN2);
  const ratio = before ? Math.min(1, massOf(before.weights, left) / before.mass) : 1;
  return {
    name, setting, weights, left, mass, ratio, bits, kept: left.n + Math.round(left.t), perplexity: 2 ** bits,
    chance: (i) => { const j = weights.field.place[i]; return j < left.n ? weights.w[j] / mass : 0; },
  };
}

// Caches what other sliders do not change: scores by penalty, weights by penalty and temperature.
function makeSampler(data) {
  const all = { n: data.ids.length, t: tailSize(data.tail) }, raw = samplerWeights(samplerScores(data, 1), 1);
  let penalty = 1, field = raw.field, known = new Map([[1, raw]]);
  const weightsAt = (temperature) => {
    if (known.size > 8) known = new Map();
    if (!known.has(temperature)) known.set(temperature, samplerWeights(field, temperature));
    return known.get(temperature);
  };
  const run = (settings, order) => {
    if (settings.repetition_penalty !== penalty) { penalty = settings.repetition_penalty; field = samplerScores(data, penalty); known = new Map(); }
    const stages = [stageOf('logits', null, raw, all, null)];
    let weights = weightsAt(1), left = all;
    for (const name of SAMPLER_ORDERS[order]) {
      const setting = settings[name], before = name === 'repetition_penalty' ? null : stages[stages.length - 1];
      const isGreedy = name === 'temperature' && setting === 0;
      if (isGreedy) left = { n: 1, t: 0 };
      else if (name === 'temperature') weights = weightsAt(setting);
      else if (SAMPLER_CUTS[name]) left = SAMPLER_CUTS[name](weights, left, setting);
      stages.push(stageOf(name, setting, weights, left, name === 'temperature' && !isGreedy ? null : before));
    }
    return { stages, ...samplerDraw(data, stages[stages.length - 1], settings.temperature) };
  };
  return { data, run };
}

// The Gumbel-max trick: the highest of score / temperature + noise, and the runner-up.
function samplerDraw(data, last, temperature) {
  const { field } = last.weights, { n } = last.left;
  const race = (j) => (temperature === 0 ? field.z[j] : (field.z[j] - field.z[0]) / temperature + data.noise[field.order[j]]);
  let best = 0, second = -1, first = race(0), next = -Infinity;
  for (let j = 1; j < n; j++) {
    const value = race(j);
    if (value > first || (value === first && data.ids[field.order[j]] < data.ids[field.order[best]])) { second = best; next = first; best = j; first = value; }
    else if (value > next) { second = j; next = value; }
  }
  const drawn = field.order[best], noise = temperature === 0 ? null : data.noise[drawn];
  return {
    drawn, noise, uniform: noise === null ? null : Math.exp(-Math.exp(-noise)), chance: last.chance(drawn),
    second: second < 0 ? null : field.order[second], margin: second < 0 ? null : first - next, race: (i) => race(field.place[i]),
  };
}

// How often each exact token comes up in fresh draws; the rest of them fell into the tail.
function samplerRedraw(last, draws, random) {
  const { weights, left } = last, counts = new Map();
  for (let i = 0; i < draws; i++) {
    const at = random() * last.mass, j = firstIndex(left.n, (one) => weights.mass[one + 1] > at);
    const token = j < left.n ? weights.field.order[j] : left.t > 0 ? -1 : weights.field.order[left.n - 1];
    counts.set(token, (counts.get(token) || 0) + 1);
  }
  return counts;
}
