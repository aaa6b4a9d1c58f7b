"""Charts as SVG text for a file without scripts: axes, lines, bands, bars, dots and marks of a `ChartSpec`."""

import math
from collections.abc import Iterator, Sequence
from html import escape

from playground.views.format import axis_unit
from playground.views.spec import Axis, ChartSpec, Mark, Series

WIDTH, HEIGHT = 440, 270
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 30, 42
_CHAR = 6.6  # mean width of a character of a label
_MAX_MARKS = 4
_STEPS = 5
_DASHES = 4


def round_step(span: float, most: int) -> float:
    """1, 2 or 5 times a power of ten, so that at most `count` steps cover the span."""
    exact = span / most
    power = 10.0 ** math.floor(math.log10(exact))
    return next(power * factor for factor in (1, 2, 5, 10, 20) if power * factor >= exact * (1 - 1e-9))


def tidy(value: float) -> str:
    """A number of an axis: thousands and millions shortened, no trailing zeros."""
    for size, unit in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(value) >= size:
            return f"{value / (1e3 if unit == ' k' else size):.4g}{unit}"
    if value == 0:
        return "0"
    text = f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}" if abs(value) < 1 else f"{value:,.4g}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class _Scale:
    """From values of an axis to coordinates."""

    def __init__(self, axis: Axis, values: Sequence[float], start: float, end: float, *, from_zero: bool):
        low, high = min(values, default=0.0), max(values, default=1.0)
        if axis.categories:
            low, high = -0.5, len(axis.categories) - 0.5
        elif from_zero and not axis.log:
            low, high = min(0.0, low), max(0.0, high)
        low, high = low if axis.min is None else axis.min, high if axis.max is None else axis.max
        if high <= low:
            high = low + (abs(low) or 1.0)
        self.step = round_step(high - low, _STEPS)
        if from_zero and axis.max is None and not axis.log:  # a grid line above everything drawn
            high = math.ceil(high / self.step - 1e-9) * self.step
        self.axis, self.low, self.high, self._start, self._end = axis, low, high, start, end
        self.unit, self._size = (axis.unit, 1.0) if axis.log else axis_unit(axis.unit, max(abs(low), abs(high)))

    def __call__(self, value: float) -> float:
        if self.axis.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(self._start + share * (self._end - self._start), 1)

    def ticks(self) -> list[tuple[float, str]]:
        """Positions and texts of labels."""
        if self.axis.categories:
            return [(float(place), name) for place, name in enumerate(self.axis.categories)]
        if self.axis.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            return [(10.0**power, tidy(10.0**power)) for power in range(first, last + 1)]
        scale, sign = (100, " %") if self.axis.percent else (1 / self._size, "")
        first, last = math.ceil(self.low / self.step - 1e-9), math.floor(self.high / self.step + 1e-9)
        at = [number * self.step for number in range(first, last + 1)]
        return [(value, tidy(round(value * scale, 12)) + sign) for value in at]


def chart_svg(spec: ChartSpec) -> str:
    """The chart as one `svg` element, with a legend below it where it has several series.

    Colours are the CSS values `--money`, `--ink` and so on of the surrounding page.
    """
    numbers = [y for one in spec.series for _, y in one.points if y is not None]
    numbers += [end for one in spec.series for end in (*one.low, *one.high) if end is not None]
    across = [x for one in spec.series for x, _ in one.points]
    x = _Scale(spec.x, across, LEFT, WIDTH - RIGHT, from_zero=False)
    y = _Scale(spec.y, numbers, HEIGHT - BOTTOM, TOP, from_zero=True)
    parts = [*_axes(x, y)]
    for number, one in enumerate(spec.series):
        parts += _drawn(one, x, y, number % _DASHES)
    parts += _marks(spec.marks, x)
    label = escape(spec.title)
    head = f"<title>{label}</title><desc>{escape(spec.summary)}</desc>"
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{head}{"".join(parts)}</svg>'
    return svg + _legend(spec.series)


def _axes(x: _Scale, y: _Scale) -> Iterator[str]:
    bottom = HEIGHT - BOTTOM
    for at, text in y.ticks():
        yield f'<path class="grid" d="M{LEFT} {y(at)}H{WIDTH - RIGHT}"/>'
        yield f'<text class="tick" text-anchor="end" x="{LEFT - 7}" y="{y(at) + 4}">{escape(text)}</text>'
    for at, text in x.ticks():
        half = len(text) * _CHAR / 2
        place = min(max(x(at), LEFT - 30 + half), WIDTH - half)
        yield f'<path class="edge" d="M{x(at)} {bottom}v4"/>'
        yield f'<text class="tick" text-anchor="middle" x="{place:.1f}" y="{bottom + 17}">{escape(text)}</text>'
    yield f'<path class="edge" d="M{LEFT} {bottom}H{WIDTH - RIGHT}"/>'
    yield f'<text class="axis" text-anchor="end" x="{WIDTH - RIGHT}" y="{HEIGHT - 6}">{escape(_titled(x))}</text>'
    yield f'<text class="axis" x="2" y="12">{escape(_titled(y))}</text>'


def _titled(scale: _Scale) -> str:
    return ", ".join(text for text in (scale.axis.label, scale.unit) if text)


def _drawn(one: Series, x: _Scale, y: _Scale, dash: int) -> Iterator[str]:
    """One series; where a value is missing, a line has a gap. Lines also differ in dashes, not only in colour."""
    if one.kind == "bars":
        yield from _bars(one, x, y)
        return
    if one.kind == "dots":
        for at, value in one.points:
            if value is not None:
                yield f'<circle class="dot {one.colour}" cx="{x(at)}" cy="{y(value)}" r="3"/>'
        return
    if one.low:
        yield f'<path class="band {one.colour}" d="{_band(one, x, y)}"/>'
    yield f'<path class="line dash-{dash} {one.colour}" d="{_path(one.points, x, y, one.kind)}"/>'


def _path(points: Sequence[tuple[float, float | None]], x: _Scale, y: _Scale, kind: str) -> str:
    steps, move = [], True
    for at, value in points:
        if value is None:
            move = True
            continue
        here = f"{x(at):g} {y(value):g}"
        # A step holds its value up to the next point: it was not reached before that.
        steps.append(f"M{here}" if move else f"H{x(at):g}V{y(value):g}" if kind == "step" else f"L{here}")
        move = False
    return "".join(steps)


def _band(one: Series, x: _Scale, y: _Scale) -> str:
    ends = zip([at for at, _ in one.points], one.low, one.high, strict=True)
    both = [(x(at), y(low), y(high)) for at, low, high in ends if low is not None and high is not None]
    there = "L".join(f"{at:g} {high:g}" for at, _, high in both)
    back = "L".join(f"{at:g} {low:g}" for at, low, _ in reversed(both))
    return f"M{there}L{back}Z" if both else ""


def _bars(one: Series, x: _Scale, y: _Scale) -> Iterator[str]:
    places = max(1, len(x.axis.categories) or len(one.points))
    width = min(40.0, (WIDTH - LEFT - RIGHT) / places * 0.6)
    base = y(y.low if y.axis.log else 0)  # a log axis has no zero
    for number, (at, value) in enumerate(one.points):
        if value is None:
            continue
        top, zero = min(y(value), base), max(y(value), base)
        yield f'<rect class="bar {one.colour}" x="{x(at) - width / 2:.1f}" y="{top}" width="{width:.1f}" height="{zero - top:.1f}"/>'  # noqa: E501 - one element, one line
        low, high = (one.low[number], one.high[number]) if one.low else (None, None)
        if low is not None and high is not None:
            yield f'<path class="whisker" d="M{x(at)} {y(low)}V{y(high)}"/>'


def _marks(marks: Sequence[Mark], x: _Scale) -> Iterator[str]:
    """Vertical lines, their names alternating between two rows above the plot."""
    inside = [mark for mark in marks if x.low <= mark.x <= x.high][:_MAX_MARKS]
    for number, mark in enumerate(sorted(inside, key=lambda mark: mark.x)):
        at, half = x(mark.x), len(mark.label) * _CHAR / 2
        place = min(max(at, LEFT + half), WIDTH - RIGHT - half)
        yield f'<path class="mark" d="M{at} {TOP - 2}V{HEIGHT - BOTTOM}"/>'
        yield f'<text class="named" text-anchor="middle" x="{place:.1f}" y="{TOP - 5 if number % 2 else TOP + 9}">{escape(mark.label)}</text>'  # noqa: E501 - one element, one line


def _legend(series: Sequence[Series]) -> str:
    keys = "".join(
        f'<li><svg class="key" viewBox="0 0 24 10" aria-hidden="true">{_key(one, number % _DASHES)}</svg>'
        f"{escape(one.name)}</li>"
        for number, one in enumerate(series)
    )
    return f'<ul class="legend">{keys}</ul>'


def _key(one: Series, dash: int) -> str:
    if one.kind in ("bars", "dots"):
        return f'<rect class="bar {one.colour}" x="6" y="0" width="12" height="10"/>'
    band = f'<path class="band {one.colour}" d="M0 0H24V10H0Z"/>' if one.low else ""
    return f'{band}<path class="line dash-{dash} {one.colour}" d="M0 5H24"/>'
