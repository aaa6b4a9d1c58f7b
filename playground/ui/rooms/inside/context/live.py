"""A length curve, or a needle test, while it is measured: what has come so far, as values of the page's parts."""

from typing import Any

from playground.experiments.context.needle import NeedleRequest
from playground.experiments.context.records import CellRecord, ContextRecord, NeedleRecord, PointRecord
from playground.ui.rooms.reruns.ladder_live import LabView
from playground.views.context import needle_value, points_value
from playground.views.context_charts import kv_chart, time_chart


class CurveView(LabView):
    """The curve so far. Its figures: time chart, KV chart, table."""

    def __init__(self) -> None:
        super().__init__()
        self._points: list[PointRecord] = []
        self._record: ContextRecord | None = None

    def _take(self, update: object) -> bool:
        if isinstance(update, PointRecord):
            self._points.append(update)
        elif isinstance(update, ContextRecord):
            self._record, self._points, self._model = update, update.points, update.model.id
        else:
            return False
        return True

    def _figures(self) -> tuple[Any, ...]:
        record = self._record
        fit, predicted = (record.fit, record.predicted) if record else (None, None)
        note = f"Read: {record.text}. Price: {record.reference_model}, {record.prices_as_of}." if record else ""
        return time_chart(self._points, fit, predicted), kv_chart(self._points), points_value(self._points, note)

    def _complete(self) -> bool:
        return self._record is not None and self._record.ended != "stopped"

    def _kept(self) -> str:
        if self._record is None:
            return "nothing was measured"
        asked, limit_s = len(self._record.lengths_asked), self._record.time_limit_s
        words = f"{len(self._points)} of {asked} lengths"
        return f"{words}, then the {limit_s:g} s allowed were used up" if self._record.ended == "time" else words


class NeedleView(LabView):
    """The needle test so far. Its figure: the heat map."""

    def __init__(self, asked: NeedleRequest) -> None:
        super().__init__()
        self._lengths, self._depths = sorted(set(asked.lengths)), sorted(set(asked.depths))
        self._cells: list[CellRecord] = []
        self._record: NeedleRecord | None = None

    def _take(self, update: object) -> bool:
        if isinstance(update, CellRecord):
            self._cells.append(update)
        elif isinstance(update, NeedleRecord):
            self._record, self._cells, self._model = update, update.cells, update.model.id
        else:
            return False
        return True

    def _figures(self) -> tuple[Any, ...]:
        return (needle_value(self._lengths, self._depths, self._cells),)

    def _complete(self) -> bool:
        return self._record is not None and self._record.ended == "complete"

    def _kept(self) -> str:
        found = sum(cell.greedy for cell in self._cells)
        return f"{len(self._cells)} cells, in {found} of them greedy decoding says the code"
