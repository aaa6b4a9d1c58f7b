"""A sweep as panels: a metric against the value as a chart, and a row of figures for each value."""

from collections.abc import Sequence
from typing import Any

from playground.experiments.compare.changes import title_of
from playground.experiments.compare.records import SweepRecord
from playground.experiments.compare.table import MetricRow, metric_rows
from playground.views.compare_panels import line, stream
from playground.views.format import format_figure, sentence
from playground.views.metric_table import busy_text, metric_colour, range_text
from playground.views.panels import Content, Panel, Sofar, Table, View
from playground.views.spec import Axis, ChartSpec, Series
from playground.views.verdict import NO_DIFFERENCE

_COLUMNS = ("output tokens", "ttft", "decode", "energy", "mean logprob", "mean entropy", "distinct-1")
TIMES = (
    "Each value ran several times, there and back: medians, with their ranges. The first one was measured twice over: "
    "how far it is from itself is noise."
)
_PLAIN_MAX = 100_000  # larger numbers are seeds: drawn as categories, not as positions


def shown(value: Any) -> str:
    """A value of a sweep."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def plotted(rows: Sequence[MetricRow]) -> list[MetricRow]:
    """The metrics that can be plotted: those with two values at least."""
    return [row for row in rows if sum(value is not None for value in row.values) > 1]


def telling(record: SweepRecord) -> str:
    """The metric that says most of what varies."""
    return "decode" if record.name in ("model", "quantization") else "mean entropy"


def plot(record: SweepRecord, row: MetricRow, label: str = "") -> ChartSpec:
    """A metric against the value; `label` is the name of the setting, if not as in the record."""
    label = label or record.name.replace("_", " ")
    numbers = [value for value in record.values if isinstance(value, int | float) and not isinstance(value, bool)]
    numeric = len(numbers) == len(record.values) and max(numbers, default=0) < _PLAIN_MAX
    xs = [float(value) for value in record.values] if numeric else [float(n) for n in range(len(record.values))]
    points = sorted(zip(xs, row.values, strict=False), key=lambda point: point[0])
    colour = metric_colour(row)
    series = Series(
        name=row.name, kind="dots" if row.mixed else "line" if numeric else "bars", points=points,
        colour="ink" if colour == "ink-2" else colour, labels=[format_figure(y, row.unit) for _, y in points],
        **_interval(row, xs),
    )  # fmt: skip
    return ChartSpec(
        x=Axis(label=label, categories=() if numeric else tuple(map(shown, record.values))),
        y=Axis(label=row.name, unit=row.unit), series=[series], title=f"{row.name} against {label.lower()}",
        summary=_summary(record, row),
    )  # fmt: skip


def _interval(row: MetricRow, xs: Sequence[float]) -> dict[str, list[float | None]]:
    """Least and most of each value's passes, in the order of the points; nothing where each ran once."""
    if not any(row.ranges):
        return {}
    ends = [(None, None) if one is None else one for _, one in sorted(zip(xs, row.ranges, strict=True), key=_first)]
    return {"low": [low for low, _ in ends], "high": [high for _, high in ends]}


def _first(pair: tuple[float, Any]) -> float:
    return pair[0]


def _summary(record: SweepRecord, row: MetricRow) -> str:
    known = [(value, y) for value, y in zip(record.values, row.values, strict=False) if y is not None]
    if not known:
        return f"{row.name} is not known for any of these runs."
    if row.mixed:
        return f"{row.name} can't be compared between these runs. {sentence(row.note)}"
    low, high = min(known, key=lambda one: one[1]), max(known, key=lambda one: one[1])
    if low[1] == high[1]:
        return f"{row.name} is {format_figure(low[1], row.unit)} at every value. {sentence(row.note)}".strip()
    if row.differs is False:
        return (
            f"{row.name}: {NO_DIFFERENCE} beyond what one value differs from itself, between "
            f"{format_figure(low[1], row.unit)} and {format_figure(high[1], row.unit)}. {sentence(row.note)}"
        ).strip()
    return (
        f"{row.name}: lowest at {shown(low[0])} ({format_figure(low[1], row.unit)}), "
        f"highest at {shown(high[0])} ({format_figure(high[1], row.unit)}). {sentence(row.note)}"
    ).strip()


def _draw(sofar: Sofar) -> dict[str, Content]:
    record = sofar.record
    if record is None:
        return {}
    rows = {row.name: row for row in metric_rows(record.runs)}
    columns = [rows[name] for name in _COLUMNS]
    runs = list(zip(record.values, record.runs, strict=True))
    lines = [
        [shown(value), *(_cell(row, n) for row in columns), run.finish_reason] for n, (value, run) in enumerate(runs)
    ]
    drawn: dict[str, Content] = {
        "answers": "\n".join(f"{title_of({record.name: value})}\n{run.text}\n" for value, run in runs),
        "table": Table([record.name, *_COLUMNS, "ended"], lines, _note(record)),
    }
    row = rows[telling(record)]
    return drawn | ({"plot": plot(record, row)} if plotted([row]) else {})


def _cell(row: MetricRow, place: int) -> str:
    """A figure, with the range of its passes."""
    ends = range_text(row, place)
    return format_figure(row.values[place], row.unit) + (f" ({ends})" if ends else "")


def result_text(record: SweepRecord, row: MetricRow) -> str:
    """What a metric shows, and how it was measured."""
    return f"{_summary(record, row)} {_note(record) if row.itself else ''}".strip()


def _note(record: SweepRecord) -> str:
    """How the times were measured, and whether the machine was busy."""
    busy = busy_text(record.runs, [shown(value) for value in record.values])
    return f"{TIMES if record.passes else ''} {busy}".strip()


def _kept(sofar: Sofar) -> str:
    return f"{len(sofar.record.runs)} of {len(sofar.record.asked)} runs" if sofar.record else "no run had ended"


SWEEP = View(
    panels=(
        Panel("answers", "words", "The answers", streamed=True),
        Panel("plot", "chart", "Metric against the value"),
        Panel("table", "table", "A row for each value"),
    ),
    draw=_draw,
    kept=_kept,
    complete=lambda sofar: sofar.record is not None and len(sofar.record.runs) == len(sofar.record.asked),
    line=line,
    stream=stream,
)
