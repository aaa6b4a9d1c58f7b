// A result as charts: the plan names the series, the chart parts draw them.
function axisOf([label, unit]) {
  if (unit === 'share') return { label, percent: true };
  if (unit === 'requests/day') return { label };
  return { label, unit: unit === 'usd' ? cost.currency().shown : unit };
}
const scaled = (unit) => { const { per_usd } = cost.currency(); return unit === 'usd' ? (x) => x * per_usd : (x) => x; };

function xySpec(plan, found) {
  const toX = scaled(plan.x[1]), toY = scaled(plan.y[1]), ends = (key) => (key ? found.series[key].map((point) => toY(point[1])) : undefined);
  const series = plan.lines.map((line) => {
    const made = { name: line.name, kind: line.kind, colour: line.colour, points: found.series[line.key].map(([x, y]) => [toX(x), toY(y)]) };
    if (line.low) Object.assign(made, { low: ends(line.low), high: ends(line.high) });
    return made;
  });
  const xs = series.flatMap((one) => one.points.map((point) => point[0])), last = Math.max(...xs);
  const marks = plan.marks.map(([name, label]) => ({ x: toX(found.figures[name] ?? found.inputs[name] ?? 0), label, colour: 'ink-2' })).filter((mark) => mark.x > 0 && mark.x <= last);
  const first = plan.never && plan.marks[0][0], never = first && (found.figures[first] ?? found.inputs[first]) === 0 ? `${plan.never}. ` : '';
  const summary = series.map((one) => `${one.name} ends at ${figureOf(one.points[one.points.length - 1][1], plan.y)}`).join('; ');
  return { title: plan.title, x: axisOf(plan.x), y: axisOf(plan.y), series, marks, summary: `${never}${summary}.` };
}
const figureOf = (x, [, unit]) => (unit === 'usd' ? cost.money(x / cost.currency().per_usd) : cost.figure(x, unit));

function rowsSpec(plan, found) { // rows: name, low, base, high, text
  const [line] = plan.lines, unit = plan.kind === 'tornado' ? plan.x[1] : plan.y[1], text = (x) => figureOf(scaled(unit)(x), ['', unit]);
  if (plan.kind === 'tornado') {
    const base = found.figures[plan.base];
    const rows = found.series[line.key].map(([place, low, high]) => {
      const name = plan.categories[place], ends = ['low', 'high'].map((end) => cost.value(`${name}_${end}`).number);
      return { name: cost.field(name).label, note: `${ends.map((end) => cost.figure(end, cost.field(name).unit === 'share' ? 'share' : cost.field(name).sign)).join(' to ')}`, low, base, high, text: `${text(low)} to ${text(high)}` };
    });
    rows.sort((a, b) => (b.high - b.low) - (a.high - a.low));
    return { title: plan.title, about: `${line.name}; base ${text(base)}`, kind: 'tornado', rows };
  }
  const rows = found.series[line.key].map(([place, base, low, high]) => ({ name: found.models[place].title, strong: place === 0, low: 0, base, whisker: high === undefined || low > high ? null : [low, high], text: base > 0 && plan.limit && base > found.figures[plan.limit] ? `${text(base)}, more than it serves` : text(base) }));
  rows.sort((a, b) => a.base - b.base);
  return { title: plan.title, about: line.name, kind: 'bars', rows };
}

function drawCharts(section, found) {
  for (const plan of section.charts) cost.draw(plan.id, found && (plan.kind === 'xy' ? xySpec(plan, found) : rowsSpec(plan, found)));
}
