"""A document in the forms in which it leaves the page: text as in a terminal, tables with tabs, an HTML report."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from playground.experiments.branching.records import BranchesRecord
from playground.experiments.costing.export import safe_cell
from playground.experiments.registry import experiment_of
from playground.runs.experiment import late
from playground.runs.records import Document, RunRecord
from playground.views.branch_text import branch_text
from playground.views.panels import Content, Sofar, Table, View, cell_text, plain
from playground.views.record_views import BRANCHES, RUN
from playground.views.report import record_html
from playground.views.run_text import meters_text
from playground.views.spec import ChartSpec
from playground.views.terminal import safe_text, view_text


@dataclass(frozen=True)
class _Shown:
    title: str
    about: str
    view: View


def _shown(document: Document) -> _Shown:
    """How a document of this kind is drawn."""
    if isinstance(document, RunRecord):
        return _Shown("One run", "A prompt, its answer token by token, and what it took.", RUN)
    if isinstance(document, BranchesRecord):
        return _Shown("Branches", "A run, and other words that it could have said.", BRANCHES)
    experiment = experiment_of(document)
    assert experiment is not None, f"nothing draws a document of kind {type(document).__name__}"
    return _Shown(experiment.title, experiment.about, late(experiment.view))


def text_of(document: Document) -> str:
    """What a terminal prints of it, without colours."""
    if isinstance(document, RunRecord):
        text = f"{document.text}\n\n{meters_text(document)}"
    elif isinstance(document, BranchesRecord):
        texts = [branch_text(document, branch) for branch in document.branches]
        text = "\n\n".join(texts) or text_of(document.run)
    else:
        text = view_text(_shown(document).view, Sofar(record=document), streamed=True)
    return safe_text(text.strip()) + "\n"


def report_of(document: Document) -> str:
    """It as an HTML file of its own."""
    shown = _shown(document)
    return record_html(shown.title, shown.about, shown.view, document)


def tables_of(document: Document) -> str:
    """Its tables and the points of its charts, a tab between cells and an empty line between tables."""
    view, out = _shown(document).view, io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    for panel, content in view.contents(Sofar(record=document)):
        for rows in _tables(content):
            writer.writerows([[], [panel.label]] if out.tell() else [[panel.label]])
            writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue()


def _tables(content: Content) -> Iterator[list[list[str]]]:
    for one in plain(content):
        if isinstance(one, Table):
            yield [list(one.head), *([cell_text(cell) for cell in row] for row in one.rows)]
        elif isinstance(one, ChartSpec):
            yield list(_points(one))


def _points(chart: ChartSpec) -> Iterator[list[str]]:
    """A row for each point: its series, x, y, and the ends of its interval."""
    x, y = (f"{axis.label}, {axis.unit}" if axis.unit else axis.label for axis in (chart.x, chart.y))
    yield ["series", x, y, "low", "high"]
    for series in chart.series:
        for place, (at, value) in enumerate(series.points):
            name = chart.x.categories[int(at)] if chart.x.categories else _number(at)
            ends = [_number(one[place]) if one else "" for one in (series.low, series.high)]
            yield [series.name, name, _number(value), *ends]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
