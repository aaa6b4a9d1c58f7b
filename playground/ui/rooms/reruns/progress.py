"""Progress of a rerun, in words and figures for the page: pure, no Gradio."""

from collections.abc import Sequence
from typing import Any, Protocol

from playground.backends.base import Loading, Queued
from playground.engine.events import PreparedPrompt
from playground.experiments.reruns.records import RerunRecord, TemperatureLadderRecord
from playground.experiments.reruns.run import LadderStep, RerunProgress
from playground.runs.updates import BatchPlan
from playground.views.format import count_of, format_bytes, format_rate, format_seconds
from playground.views.run import status, usage


class Progress(Protocol):
    """Takes updates in; `value` is that of the component `status_line`."""

    @property
    def value(self) -> dict[str, Any]:
        """Its current value."""
        ...

    def add(self, update: object) -> None:
        """Take in an update."""
        ...

    def end(self, failed: dict[str, Any] | None = None) -> None:
        """Nothing comes after this."""
        ...


def plan_text(plan: BatchPlan) -> str:
    """How the rows are computed, in words; empty while all go together."""
    if plan.rows <= plan.rows_at_once:
        return ""
    if not plan.together:
        return f"{plan.rows} rows are computed one at a time: this model can't compute several together."
    waves = -(-plan.rows // plan.rows_at_once)
    if plan.row_bytes is None:
        return f"{plan.rows} rows are computed one after the other: how much KV cache this model needs is unknown."
    why = f"one row needs {format_bytes(plan.row_bytes)} of KV cache, {format_bytes(plan.available_bytes)} are free"
    return f"{plan.rows} rows go in {waves} waves of at most {plan.rows_at_once}: {why}."


class RerunStatus:
    """The state of a rerun so far."""

    def __init__(self) -> None:
        self.value: dict[str, Any] = {"phase": "queued", "text": "starting", "plan": ""}
        self._prompt_tokens = 0

    def add(self, update: object) -> None:
        """Take in an update."""
        if isinstance(update, BatchPlan):
            self.value = self.value | {"plan": plan_text(update)}
        elif isinstance(update, RerunProgress):
            self._count(update)
        elif isinstance(update, RerunRecord):
            self._finish(update)
        elif isinstance(update, Queued | Loading | PreparedPrompt):
            self._prompt_tokens = len(update.ids) if isinstance(update, PreparedPrompt) else self._prompt_tokens
            self.value = {"plan": self.value["plan"]} | (status(update) or {})

    def _count(self, update: RerunProgress) -> None:
        speed = "" if update.tokens_per_s is None else format_rate(update.tokens_per_s)
        self.value = {
            "phase": "running", "text": f"running, {update.finished} of {update.requested} finished",
            "fraction": update.finished / update.requested,
            "unique": f"{update.unique:,}", "tokens": f"{update.output_tokens:,}", "speed": speed,
            "elapsed": format_seconds(update.elapsed_s), "plan": self.value["plan"], "usage": self._usage(update),
        }  # fmt: skip

    def _usage(self, update: RerunProgress) -> dict[str, int] | None:
        """Tokens to pay for so far: each run is a request with its own prompt."""
        begun = update.finished + update.active
        paid = {"requests": begun, "input": begun * self._prompt_tokens, "cached": 0, "output": update.output_tokens}
        return paid if begun else None

    def _finish(self, record: RerunRecord) -> None:
        whole = record.n == record.asked
        text = f"finished: {record.n} runs" if whole else f"stopped: {record.n} of {record.asked} runs finished"
        tokens = sum(len(row.token_ids) for row in record.runs)
        self.value = {
            "phase": "finished" if whole else "stopped", "text": text, "fraction": 1.0,
            "unique": f"{record.summary.unique:,}",
            "tokens": f"{tokens:,}", "speed": speed_text(record), "elapsed": format_seconds(record.wall_s),
            "plan": self.value["plan"], "usage": usage(record.cost, requests_of(record)),
        }  # fmt: skip

    def end(self, failed: dict[str, Any] | None = None) -> None:
        """Nothing comes after this; without a record there is nothing to keep."""
        if failed is not None:
            self.value = failed
        elif self.value["phase"] not in ("finished", "stopped"):
            self.value = self.value | {"phase": "stopped", "text": "stopped before any run had finished"}


def requests_of(record: RerunRecord) -> int:
    """Runs that had begun to answer, each a request of its own: stopped ones are paid for too."""
    return max(1, record.cost.input_tokens // max(1, len(record.prompt_token_ids)))


def speed_text(record: RerunRecord) -> str:
    """Of all runs together, measured."""
    return format_rate(record.throughput_tokens_per_s)


class LadderProgress:
    """The state of a temperature ladder so far: the step, and the progress of its rerun."""

    def __init__(self, temperatures: Sequence[float]):
        self._temperatures = temperatures
        self._step = 0
        self.rungs: list[RerunRecord] = []
        self._rerun = RerunStatus()
        self._end: dict[str, Any] | None = None

    @property
    def value(self) -> dict[str, Any]:
        """Its current value."""
        if self._end is not None:
            return self._end
        own, steps = self._rerun.value, len(self._temperatures)
        done = own.get("fraction") or 0.0 if own["phase"] in ("running", "finished", "stopped") else 0.0
        text = f"temperature {self._temperatures[self._step]:g} ({self._step + 1} of {steps}): {own['text']}"
        phase = "running" if own["phase"] in ("finished", "stopped") else own["phase"]
        return own | {"phase": phase, "text": text, "fraction": (self._step + done) / steps, "step": self._step}

    def add(self, update: object) -> None:
        """Take in an update."""
        if isinstance(update, LadderStep):
            self._step = update.index
            self._rerun = RerunStatus()
        elif isinstance(update, TemperatureLadderRecord):
            self._finish(update)
        else:
            self._rerun.add(update)
            self.rungs += [update] if isinstance(update, RerunRecord) else []

    def _finish(self, record: TemperatureLadderRecord) -> None:
        count, done = len(self._temperatures), len(record.rungs)
        whole = done == count and all(rung.n == rung.asked for rung in record.rungs)
        runs = sum(rung.n for rung in record.rungs)
        words = f"{done} temperatures" if whole else f"{done} of {count} temperatures"
        text = f"{'finished' if whole else 'stopped'}: {words}, {count_of(runs, 'run')}"
        self._end = {"phase": "finished" if whole else "stopped", "text": text, "fraction": 1.0}

    def end(self, failed: dict[str, Any] | None = None) -> None:
        """Nothing comes after this; without a record there is nothing to keep."""
        self._rerun.end()
        self._end = failed or self._end or self._rerun.value


def opened_status(text: str, record: RerunRecord | None = None) -> dict[str, Any]:
    """Of a document from a file: nothing ran. `record` is that of a rerun, whose tokens can be priced."""
    paid = None if record is None else usage(record.cost, requests_of(record))
    return {"phase": "finished", "text": text, "usage": paid}
