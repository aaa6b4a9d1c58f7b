"""Throughput while it is measured: what has come so far, as values of the page's parts."""

from typing import Any

from playground.experiments.throughput.records import BatchRecord, SkippedBatch, ThroughputRecord
from playground.ui.rooms.reruns.ladder_live import LabView
from playground.views import throughput as views


class ThroughputView(LabView):
    """The batches so far. Its figures: chart of rates, chart of waiting, table."""

    def __init__(self) -> None:
        super().__init__()
        self._batches: list[BatchRecord] = []
        self._skipped: list[SkippedBatch] = []
        self._record: ThroughputRecord | None = None

    def _take(self, update: object) -> bool:
        if isinstance(update, BatchRecord):
            self._batches.append(update)
        elif isinstance(update, SkippedBatch):
            self._skipped.append(update)
        elif isinstance(update, ThroughputRecord):
            self._record, self._model = update, update.model.id
            self._batches, self._skipped = update.batches, update.skipped
        else:
            return False
        return True

    def _figures(self) -> tuple[Any, ...]:
        note = views.throughput_words(self._record) if self._record else ""
        table = views.batches_value(self._batches, self._skipped, note)
        return views.rate_chart(self._batches), views.wait_chart(self._batches), table

    def _complete(self) -> bool:
        return self._record is not None and self._record.ended == "complete"

    def _kept(self) -> str:
        if self._record is None:
            return "no batch was measured"
        return f"{len(self._batches)} of {len(self._record.batches_asked)} batch sizes"
