"""A comparison as panels, and what a terminal shows of runs while they come."""

from collections.abc import Sequence
from typing import Any

from playground.backends.base import Loading
from playground.backends.job import Queued
from playground.engine.events import Candidate, Finished, PreparedPrompt, TokenEvent
from playground.experiments.compare.changes import title_of
from playground.experiments.compare.pane_updates import PaneAgain, PaneBegun, PaneFailed, PaneUpdate
from playground.experiments.compare.records import CompareRecord, DiffRecord
from playground.experiments.compare.run import ModeChosen
from playground.experiments.compare.table import MetricRow, metric_rows
from playground.views.format import count_of, format_figure, format_percent
from playground.views.metric_table import SHARED_TIMES, TURNS, busy_text, range_text
from playground.views.panels import Cell, Content, Panel, Sofar, Table, View
from playground.views.run import notes_of

_TOP = 5  # candidates of a distribution


def stream(update: Any) -> str:
    """The title of a run, then its answer token by token; of a batch, whose tokens come interleaved, all at its end."""
    if isinstance(update, CompareRecord):
        return _answers(update) if update.mode == "batch" else ""
    if isinstance(update, PaneBegun) and not update.shared:
        return f"{update.title}\n"
    event = update.update if isinstance(update, PaneUpdate) and not update.shared else None
    return f"{event.text}\n\n" if isinstance(event, Finished) else event.text if isinstance(event, TokenEvent) else ""


def line(update: Any) -> str:
    """How the runs go, in a line each."""
    if isinstance(update, ModeChosen):
        return update.why
    if isinstance(update, PaneBegun):
        return update.title
    if isinstance(update, PaneAgain):
        return again_text(update)
    if isinstance(update, PaneFailed):
        return f"{update.title} failed: {update.problem}"
    event = update.update if isinstance(update, PaneUpdate) else None
    if isinstance(event, PreparedPrompt):
        return "\n".join(notes_of(event))
    return event.stage if isinstance(event, Loading) else "waiting" if isinstance(event, Queued) else ""


def again_text(update: PaneAgain) -> str:
    """Which pass runs, and why."""
    why = "against itself, to see the noise" if update.itself else "once more for its times"
    return f"{why}, pass {update.number} of {update.count}: {update.title}"


def _names(record: CompareRecord) -> list[str]:
    return [f"pane {place + 1}" for place in record.places]


def _answers(record: CompareRecord) -> str:
    shown = zip(_names(record), record.changes, record.panes, strict=True)
    return "".join(f"{name}: {title_of(changes)}\n{run.text}\n\n" for name, changes, run in shown)


def _table(record: CompareRecord) -> Table:
    """Every metric of every pane, the best of each marked."""
    rows, names = metric_rows(record.panes, record.mode, record.passes, record.control), _names(record)
    notes = ["✓ best", *_notes(rows), SHARED_TIMES if record.mode == "batch" else TURNS]
    notes += [busy] if (busy := busy_text(record.panes, names)) else []
    return Table(["", *names], [[row.name, *_cells(row)] for row in rows], "\n".join(notes))


def _cells(row: MetricRow) -> list[str | Cell]:
    ranges = [range_text(row, n) for n in range(len(row.values))]
    texts = [
        format_figure(value, row.unit) + (f" ({ends})" if ends else "")
        for value, ends in zip(row.values, ranges, strict=True)
    ]
    return [Cell(text, 0, marked=True) if n == row.best else text for n, text in enumerate(texts)]


def _notes(rows: Sequence[MetricRow]) -> list[str]:
    """Each note once, after the names of its rows."""
    named: dict[str, list[str]] = {}
    for row in rows:
        if row.note:
            named.setdefault(row.note, []).append(row.name)
    return [f"{', '.join(names)}: {note}" for note, names in named.items()]


def _difference(diff: DiffRecord, pane: str, reference: str) -> str:
    """Where a pane first differs from the reference, and what both expected there."""
    if diff.identical:
        return f"{pane} against {reference}: identical"
    shown = [(reference, diff.reference_token, diff.reference_top), (pane, diff.pane_token, diff.pane_top)]
    lines = [f"{pane} against {reference}: token {diff.first_difference} differs"]
    lines += [f"  {name}: {_token(token)}  of  {_top(top)}" for name, token, top in shown]
    lines.append(f"  edit distance {format_percent(diff.edit_distance)}, similarity {format_percent(diff.similarity)}")
    return "\n".join(lines)


def _token(token: str | None) -> str:
    return "(the end)" if token is None else repr(token)


def _top(top: Sequence[Candidate]) -> str:
    return "  ".join(f"{item.text!r} {format_percent(item.prob)}" for item in top[:_TOP]) or "(not recorded)"


def _draw(sofar: Sofar) -> dict[str, Content]:
    record = sofar.record
    if record is None:
        return {}
    names = _names(record)
    differences = [_difference(diff, names[diff.pane], names[record.reference]) for diff in record.diffs]
    return {"answers": _answers(record), "table": _table(record), "differences": "\n\n".join(differences)}


def _kept(sofar: Sofar) -> str:
    return count_of(len(sofar.record.panes), "pane") if sofar.record else "no pane has an answer"


COMPARE = View(
    panels=(
        Panel("answers", "words", "The answers", streamed=True),
        Panel("table", "table", "Every metric"),
        Panel("differences", "words", "What differs first"),
    ),
    draw=_draw,
    kept=_kept,
    complete=lambda sofar: sofar.record is not None and not sofar.record.failed,
    line=line,
    stream=stream,
)
