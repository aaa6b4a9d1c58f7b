"""A look between the layers, or a training step, while it is computed."""

from typing import Any

from playground.experiments.lens.records import LensRecord
from playground.experiments.training.records import TrainingRecord
from playground.ui.rooms.reruns.ladder_live import LabView
from playground.views import layers as lens_views


class LensView(LabView):
    """Its figures: cost, grid, charts of updates and times, what can be looked at, attention."""

    def __init__(self) -> None:
        super().__init__()
        self._record: LensRecord | None = None

    def _take(self, update: object) -> bool:
        if not isinstance(update, LensRecord):
            return False
        self._record, self._model = update, f"{update.model.id} {update.model.quantization}"
        return True

    def _figures(self) -> tuple[Any, ...]:
        record = self._record
        if record is None:
            return "", "", "", "", {}, ""
        return (
            lens_views.cost_text(record),
            lens_views.grid_value(record),
            lens_views.update_chart(record),
            lens_views.time_chart(record),
            lens_views.look_value(record),
            lens_views.attention_value(record, record.attention),
        )

    def _complete(self) -> bool:
        return self._record is not None

    def _kept(self) -> str:
        if self._record is None:
            return "before all layers were read"
        return f"{len(self._record.layers)} layers, {len(self._record.token_ids):,} tokens"


class TrainingView(LabView):
    """Its figure: both columns."""

    def __init__(self) -> None:
        super().__init__()
        self._record: TrainingRecord | None = None

    def _take(self, update: object) -> bool:
        if not isinstance(update, TrainingRecord):
            return False
        self._record, self._model = update, f"{update.model.id} {update.model.quantization}"
        return True

    def _figures(self) -> tuple[Any, ...]:
        return (lens_views.training_value(self._record) if self._record else "",)

    def _complete(self) -> bool:
        return self._record is not None

    def _kept(self) -> str:
        return "one step, on a copy that is gone" if self._record else "before the step was done; the copy is gone"
