"""Views of a sweep: its values from text, small multiples, and a plot. Pure functions, no Gradio."""

import math
import re
import secrets
from collections.abc import Sequence
from typing import Any

from playground.engine.events import Finished, Token
from playground.experiments.compare.records import SweepRecord
from playground.experiments.compare.sweep import SweepEstimate
from playground.experiments.compare.table import MetricRow
from playground.runs.records import RunRecord
from playground.settings import LIMITS
from playground.ui.components.forms import Option
from playground.ui.rooms.compare.pane_values import PANE_SETTINGS, label_of
from playground.views import run as views
from playground.views.compare import metric_colour, surprise_share
from playground.views.format import count_of, format_figure, format_percent, format_rate, format_seconds
from playground.views.spec import Axis, ChartSpec, Colour, Series

SWEPT: list[Option] = [
    (spec["name"], spec["label"], None)
    for spec in PANE_SETTINGS
    if spec["name"] in LIMITS or spec["name"] in ("model", "quantization")
]
"""The settings that a sweep can vary."""
_PLAIN_MAX = 100_000  # larger numbers are seeds: drawn as categories, not as positions


def split_values(text: Any) -> tuple[str, ...]:
    """Values as a person types them: separated by commas, spaces or line ends."""
    return tuple(re.split(r"[,;\s]+", text.strip(" ,;\t\n"))) if isinstance(text, str) and text.strip(" ,;\n") else ()


def estimate_text(estimate: SweepEstimate) -> str:
    """How long a sweep will take, and the basis of the estimate."""
    runs = count_of(estimate.runs, "run")
    took = format_seconds(estimate.seconds)
    return f"{runs}, at most {estimate.output_tokens:,} tokens of answer, about {took}. {_sentence(estimate.basis)}"


def _sentence(text: str) -> str:
    text = text.strip()
    return text and f"{text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def first_line() -> str:
    """Begins the small multiples of one sweep."""
    return views.packed({"run": secrets.token_hex(8)}) + "\n"


def cell_start(cell: int, name: str, value: Any) -> str:
    """Opens the cell of a value."""
    return views.packed({"cell": cell, "value": f"{label_of(name)} {_shown(value)}"}) + "\n"


def cell_lines(cell: int, token: Token) -> str:
    """One token of a cell: text, colour, and its tooltip."""
    readout = f"{format_percent(math.exp(token.logprob))}, rank {token.rank:,}, entropy {token.entropy_bits:.2f} bits"
    return (
        views.packed({"cell": cell, "text": token.text, "surprise": surprise_share(token), "readout": readout}) + "\n"
    )


def cell_end(cell: int, end: RunRecord | Finished | str) -> str:
    """Closes a cell: why it ended, and its figures if there is a record; or what went wrong."""
    if isinstance(end, str):
        return views.packed({"cell": cell, "end": "failed", "facts": end}) + "\n"
    if isinstance(end, Finished):
        return views.packed({"cell": cell, "end": views.FINISH_REASONS[end.reason], "facts": ""}) + "\n"
    speed = end.timing.decode_tokens_per_s
    facts = f"{count_of(len(end.tokens), 'token')}, {format_seconds(end.timing.e2e_s)}"
    facts += "" if speed is None else f", {format_rate(speed)}"
    return views.packed({"cell": cell, "end": views.FINISH_REASONS[end.finish_reason], "facts": facts}) + "\n"


def record_lines(record: SweepRecord) -> str:
    """A saved sweep as small multiples."""
    lines = [first_line()]
    for cell, (value, run) in enumerate(zip(record.values, record.runs, strict=True)):
        lines.append(cell_start(cell, record.name, value))
        lines += [cell_lines(cell, token) for token in run.tokens]
        lines.append(cell_end(cell, run))
    return "".join(lines)


def _shown(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def metric_options(rows: Sequence[MetricRow]) -> list[Option]:
    """The metrics that can be plotted: those with two values at least."""
    return [(row.name, row.name, None) for row in rows if sum(value is not None for value in row.values) > 1]


def plot(record: SweepRecord, row: MetricRow) -> str:
    """A metric against the value, for the component `chart`."""
    numbers = [value for value in record.values if isinstance(value, int | float) and not isinstance(value, bool)]
    numeric = len(numbers) == len(record.values) and max(numbers, default=0) < _PLAIN_MAX
    points = [
        (float(value) if numeric else float(i), row.values[i])
        for i, value in enumerate(record.values)
        if i < len(row.values)
    ]
    if numeric:
        points.sort(key=lambda point: point[0])
    label = label_of(record.name)
    names = tuple(_shown(value) for value in record.values)
    colour = metric_colour(row)
    series = Series(
        name=row.name, kind="dots" if row.mixed else "line" if numeric else "bars", points=points,
        colour=_colour(colour), labels=[format_figure(y, row.unit) for _, y in points],
    )  # fmt: skip
    axis = Axis(label=label, categories=() if numeric else names)
    return ChartSpec(
        x=axis, y=Axis(label=row.name, unit=row.unit), series=[series], title=f"{row.name} against {label.lower()}",
        summary=_summary(record, row),
    ).to_json()  # fmt: skip


def _colour(name: str) -> Colour:
    known: dict[str, Colour] = {
        "time": "time",
        "memory": "memory",
        "money": "money",
        "energy": "energy",
        "prob": "prob",
    }
    return known.get(name, "ink")


def _summary(record: SweepRecord, row: MetricRow) -> str:
    known = [(value, y) for value, y in zip(record.values, row.values, strict=False) if y is not None]
    if not known:
        return f"{row.name} is not known for any of these runs."
    if row.mixed:
        return f"{row.name} can't be compared between these runs. {_sentence(row.note)}"
    low, high = min(known, key=lambda one: one[1]), max(known, key=lambda one: one[1])
    if low[1] == high[1]:
        return f"{row.name} is {format_figure(low[1], row.unit)} at every value. {_sentence(row.note)}".strip()
    return (
        f"{row.name}: lowest at {_shown(low[0])} ({format_figure(low[1], row.unit)}), "
        f"highest at {_shown(high[0])} ({format_figure(high[1], row.unit)}). {_sentence(row.note)}"
    ).strip()
