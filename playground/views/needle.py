"""The needle test as a heat map: a row per length, a column per depth."""

from playground.data.context import CODE
from playground.experiments.context.records import CellRecord, NeedleRecord
from playground.views.format import NOTHING, count_of, format_percent
from playground.views.panels import Cell, Content, Panel, Sofar, Table, View

_NOTE = (
    "Probability of the right code after the start of the answer{start}: the product over the code's tokens, the right "
    "ones before each given. A guess of four digits has 0.01%. ✓ greedy decoding gives it."
)


def _draw(sofar: Sofar) -> dict[str, Content]:
    record: NeedleRecord | None = sofar.record
    cells = _scored(sofar)
    if not cells:
        return {}
    grid, missing = (record, NOTHING) if record else (sofar.request, "…")
    found = {(cell.length, cell.depth): _cell(cell) for cell in cells}
    rows = [[f"{length:,}", *(found.get((length, depth), missing) for depth in grid.depths)] for length in grid.lengths]
    return {"map": Table(["tokens", *(f"depth {depth:.0%}" for depth in grid.depths)], rows, _note(record))}


def _note(record: NeedleRecord | None) -> str:
    start = f", “{record.answer.replace(CODE, '').strip()}”" if record else ""
    cut = f" Stopped: {_count(record.cells)} scored." if record and record.ended != "complete" else ""
    return _NOTE.format(start=start) + cut


def _count(cells: list[CellRecord]) -> str:
    return f"{count_of(len(cells), 'cell')} {'was' if len(cells) == 1 else 'were'}"


def _scored(sofar: Sofar) -> list[CellRecord]:
    return sofar.record.cells if sofar.record else sofar.of(CellRecord)


def _cell(cell: CellRecord) -> Cell:
    return Cell(format_percent(cell.probability), round(cell.probability, 4), cell.greedy)


def _kept(sofar: Sofar) -> str:
    cells = _scored(sofar)
    found = sum(cell.greedy for cell in cells)
    return f"{count_of(len(cells), 'cell')}, in {found} of them greedy decoding gives the code"


def _line(part: CellRecord) -> str:
    return f"{part.length:,} tokens, depth {part.depth:.0%}: {format_percent(part.probability)}"


VIEW = View(
    panels=(Panel("map", "table", "Probability of the right answer by length and depth"),),
    draw=_draw,
    kept=_kept,
    line=_line,
)
