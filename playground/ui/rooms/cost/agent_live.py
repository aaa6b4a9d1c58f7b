"""A loop while it runs: what has come so far, as values of the page's parts."""

from typing import Any

from playground.experiments.agents.records import AgentRecord, AgentStepRecord, ForecastRecord
from playground.experiments.agents.run import AgentPlan
from playground.ui.rooms.reruns.ladder_live import LabView
from playground.views import agents as views

_NOTE = (
    "Predicted: the formulas, with an answer of the most tokens allowed and a whole passage each step; the words "
    "around a summary are left out. The local cache also keeps the answer of the step before, which a provider may "
    "not. "
)


class AgentView(LabView):
    """The loop so far. Its figures: sentence, chart of input tokens, chart of ttft, table, transcript."""

    def __init__(self, task: str = "") -> None:
        super().__init__()
        self._task, self._lines = task, ""
        self._steps: list[AgentStepRecord] = []
        self._forecast: list[ForecastRecord] = []
        self._record: AgentRecord | None = None

    def _take(self, update: object) -> bool:
        if isinstance(update, AgentPlan):
            self._forecast = update.forecast
        elif isinstance(update, AgentStepRecord):
            self._add(update)
        elif isinstance(update, AgentRecord):
            self._record, self._forecast, self._model = update, update.forecast, update.model.id
            if not self._steps:  # an opened one
                self._task = update.task
                for step in update.steps:
                    self._add(step)
        else:
            return False
        return True

    def _add(self, step: AgentStepRecord) -> None:
        before = self._steps[-1].tool_text if self._steps else self._task
        self._lines += views.loop_lines(step, before, "Tool" if self._steps else "You")
        self._steps.append(step)

    def _figures(self) -> tuple[Any, ...]:
        record = self._record
        note = f"{_NOTE}Prices: {record.reference_model}, {record.prices_as_of}." if record else _NOTE
        return (
            views.loop_words(record),
            views.input_chart(self._steps, self._forecast),
            views.ttft_chart(self._steps, len(self._forecast)),
            views.steps_value(self._steps, self._forecast, note),
            self._lines,
        )

    def _complete(self) -> bool:
        return self._record is not None and self._record.ended != "stopped"

    def _kept(self) -> str:
        if self._record is None:
            return "before the first step"
        steps = f"{len(self._steps)} of {self._record.steps_asked} steps"
        return steps if self._record.ended == "complete" else f"{steps}: {self._record.ended_words}"
