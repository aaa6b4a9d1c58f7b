"""A panel of Optimise: the verdict, bars against the baseline with the band of noise, every number, its own charts."""

from collections.abc import Sequence

from playground.experiments.optimise.quantities import quantity
from playground.experiments.optimise.records import (
    ArmRecord,
    Figure,
    Grid,
    Line,
    Measure,
    Standing,
    Traced,
)  # fmt: skip
from playground.experiments.optimise.verdict import Measured, difference, same_words, verdict_of
from playground.views.cost_use import cost_use
from playground.views.format import NOTHING, count_of, format_figure, format_number, format_percent
from playground.views.panels import Content, Drawn, Marked, Panel, Sofar, Table, View
from playground.views.run import packed
from playground.views.spec import Axis, ChartSpec, Colour, Series

FIGURES = 2
NO_DIFFERENCE = "no difference seen"
_COLOURS: dict[str, Colour] = {"B": "memory", "s": "time", "tok/s": "time", "share": "prob", "nats": "prob"}
_LINES: tuple[Colour, ...] = ("time", "memory", "prob", "money", "energy", "ink")


def _found(sofar: Sofar) -> Measured | None:
    standings = sofar.of(Standing)
    return sofar.record or (standings[-1] if standings else None)


def bars(found: Measured, name: str) -> ChartSpec | None:
    """Every arm in one quantity, what was predicted, and behind them how far the baseline is from itself."""
    arms = [arm for arm in found.arms if name in arm.measured]
    if not arms or arms[0] is not found.baseline:
        return None
    what, before = quantity(name), found.baseline.measured[name].median
    measured = [arm.measured[name] for arm in arms]
    series = [
        Series(
            "measured", "bars", [(place, one.median) for place, one in enumerate(measured)],
            _COLOURS.get(what.unit, "ink"), low=[one.low for one in measured], high=[one.high for one in measured],
            labels=[against(found, arm, name) for arm in arms],
        )
    ]  # fmt: skip
    if (band := found.noise.band.get(name)) is not None:
        points, size = [(float(place), before) for place in range(len(arms))], abs(before) * band
        ends = [before - size] * len(arms), [before + size] * len(arms)
        series.insert(0, Series("noise of the baseline", "line", points, "ink-2", low=ends[0], high=ends[1]))
    predicted = [(place, arm.predicted.get(name)) for place, arm in enumerate(arms)]
    if any(value is not None for _, value in predicted):
        series.append(Series("predicted", "dots", predicted, "ink"))
    return ChartSpec(
        title=what.title,
        x=Axis("", categories=tuple(arm.name for arm in arms)),
        y=Axis(what.title, unit=what.unit, min=0),
        series=series,
        summary=_extremes(arms, name),
    )


def _extremes(arms: Sequence[ArmRecord], name: str) -> str:
    """The arms with the least and the most."""
    ranked = sorted(arms, key=lambda arm: arm.measured[name].median)
    texts = [f"{arm.name}, {format_figure(arm.measured[name].median, quantity(name).unit)}" for arm in ranked]
    return f"Least: {texts[0]}. Most: {texts[-1]}."


def against(found: Measured, arm: ArmRecord, name: str) -> str:
    """An arm against the baseline, in one quantity; nothing of the baseline itself."""
    if arm is found.baseline or quantity(name).more_is_better is None:
        return ""
    if (one := difference(found, arm, name)) is None:
        return ""
    return f"× {format_number(one.times)}" if one.is_seen else NO_DIFFERENCE  # noqa: RUF001 - the sign of multiplication


def _number(one: Measure | None, unit: str) -> str:
    """The median, and its range where it has one."""
    if one is None:
        return NOTHING
    text = format_figure(one.median, unit)
    low, high = format_figure(one.low, unit), format_figure(one.high, unit)
    return text if low == high else f"{text} ({low} to {high})"


def numbers(found: Measured) -> Table:
    """Every arm and every quantity."""
    names = list(dict.fromkeys(name for arm in found.arms for name in (*arm.measured, *arm.predicted)))
    predicted = [name for name in names if any(name in arm.predicted for arm in found.arms)]
    head = [
        "arm",
        *(quantity(name).title for name in names),
        *(f"{quantity(name).title}, predicted" for name in predicted),
    ]
    rows = [[arm.name, *(_cell(found, arm, name) for name in names),
             *(format_figure(arm.predicted.get(name), quantity(name).unit) for name in predicted), _answer(arm)]
            for arm in found.arms]  # fmt: skip
    left = [f"{arm.name}: not here. {arm.not_here}" for arm in found.variants if arm.not_here]
    return Table([*head, "same answer"], rows, " ".join([*left, _how(found)]))


def _cell(found: Measured, arm: ArmRecord, name: str) -> str:
    text, change = _number(arm.measured.get(name), quantity(name).unit), against(found, arm, name)
    return f"{text}; {change}" if change else text


def _answer(arm: ArmRecord) -> str:
    if arm.same_answer is None:
        return NOTHING
    return same_words(arm.first_difference)


def _how(found: Measured) -> str:
    """How it was measured."""
    noise = found.noise
    text = (
        f"{count_of(noise.cycles, 'cycle')} after a warm-up; every cycle begins with another arm and measures the "
        "baseline twice. Medians, and the range of all cycles."
    )
    return (
        text
        if noise.busy_share is None
        else f"{text} Others took {format_percent(noise.busy_share)} of the processors."
    )


def figure(one: Figure) -> ChartSpec:
    """A panel's own chart."""
    y = Axis(
        one.y, unit="" if one.percent else one.y_unit, percent=one.percent, log=one.log, min=None if one.log else 0
    )
    lines = [_line(line, _LINES[place % len(_LINES)]) for place, line in enumerate(one.lines)]
    return ChartSpec(title=one.title, x=Axis(one.x, unit=one.x_unit), y=y, series=lines, summary=one.summary)


def _line(line: Line, colour: Colour) -> Series:
    return Series(line.name, line.kind, list(zip(line.xs, line.ys, strict=True)), colour, low=line.low, high=line.high)


def grid(one: Grid) -> Table:
    """A panel's own table."""
    rows = [[_text(value, unit) for value, unit in zip(row, one.units, strict=True)] for row in one.rows]
    return Table([one.head[0] or one.title, *one.head[1:]], rows, one.note)


def _text(value: str | float | None, unit: str) -> str:
    return value if isinstance(value, str) else format_figure(value, unit)


def traced(texts: Sequence[Traced]) -> Drawn | None:
    """Texts whose pieces are of several kinds; in a terminal the pieces of all kinds but the first are marked."""
    if not texts:
        return None
    shown = [
        {
            "title": one.title,
            "kinds": list(one.kinds.items()),
            "pieces": [[piece.text, piece.kind] for piece in one.pieces],
        }
        for one in texts
    ]
    marks = [Marked([(piece.text, piece.kind != next(iter(one.kinds))) for piece in one.pieces]) for one in texts]
    return Drawn(packed(shown), marks)


def _draw(sofar: Sofar) -> dict[str, Content]:
    found = _found(sofar)
    if found is None:
        return {}
    drawn: dict[str, Content | None] = {"verdict": sofar.record.verdict if sofar.record else verdict_of(found)}
    drawn["cost"] = cost_use(sofar.record) if sofar.record else None
    for place, name in enumerate(found.headline[:2]):
        drawn[f"bars-{place + 1}"] = bars(found, name)
    for place, one in enumerate(found.figures[:FIGURES]):
        drawn[f"figure-{place + 1}"] = figure(one)
    for place, one in enumerate(found.grids[:FIGURES]):
        drawn[f"grid-{place + 1}"] = grid(one)
    drawn |= {"texts": traced(found.texts), "table": numbers(found)}
    return {name: content for name, content in drawn.items() if content}


def _kept(sofar: Sofar) -> str:
    found = _found(sofar)
    if found is None:
        return "nothing was measured"
    wanted = sofar.record.cycles_asked if sofar.record else getattr(sofar.request, "cycles", found.noise.cycles)
    return f"{found.noise.cycles} of {count_of(wanted, 'cycle')}"


def _line_of(part: object) -> str:
    return f"{count_of(part.noise.cycles, 'cycle')} done" if isinstance(part, Standing) else ""


VIEW = View(
    panels=(
        Panel("verdict", "words", "Verdict"),
        Panel("cost", "part", "In Cost", make="playground.ui.components.cost:cost_use"),
        Panel("bars-1", "chart", "Against the baseline", row="bars", quiet=True),
        Panel("bars-2", "chart", "Against the baseline", row="bars", quiet=True),
        Panel("figure-1", "chart", "Chart of this panel", row="figures", quiet=True),
        Panel("figure-2", "chart", "Second chart of this panel", row="figures", quiet=True),
        Panel("texts", "part", "Where each token comes from", make="playground.ui.components.tokens:traced"),
        Panel("grid-1", "table", "Table of this panel"),
        Panel("grid-2", "table", "Second table of this panel"),
        Panel("table", "table", "Every arm and every number"),
    ),
    draw=_draw,
    kept=_kept,
    line=_line_of,
)
