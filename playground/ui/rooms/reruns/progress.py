"""How far a rerun is, in words and figures for the page: pure, no Gradio."""

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
        """As it stands now."""
        ...

    def add(self, update: object) -> None:
        """Take an update in."""
        ...

    def end(self, failed: dict[str, Any] | None = None) -> None:
        """Nothing comes after this."""
        ...


def plan_text(plan: BatchPlan) -> str:
    """How the rows are computed, in words; empty while all go together."""
    if plan.rows <= plan.rows_at_once:
        return ""
    if not plan.together:
        return f"{plan.rows} rows go one at a time: this model can't compute several together."
    waves = -(-plan.rows // plan.rows_at_once)
    if plan.row_bytes is None:
        return f"{plan.rows} rows go one after the other: how much KV cache this model needs is unknown."
    why = f"one row needs {format_bytes(plan.row_bytes)} of KV cache, {format_bytes(plan.available_bytes)} are free"
    return f"{plan.rows} rows go in {waves} waves of at most {plan.rows_at_once}: {why}."


class RerunStatus:
    """What has been told of a rerun so far."""

    def __init__(self, asked: int):
        self.value: dict[str, Any] = {"phase": "queued", "text": "starting", "asked": asked, "plan": ""}
        self._prompt_tokens = 0

    def add(self, update: object) -> None:
        """Take an update in."""
        if isinstance(update, BatchPlan):
            self.value = self.value | {"plan": plan_text(update)}
        elif isinstance(update, RerunProgress):
            self._count(update)
        elif isinstance(update, RerunRecord):
            self._finish(update)
        elif isinstance(update, Queued | Loading | PreparedPrompt):
            self._prompt_tokens = len(update.ids) if isinstance(update, PreparedPrompt) else self._prompt_tokens
            self.value = {"asked": self.value["asked"], "plan": self.value["plan"]} | (status(update) or {})

    def _count(self, told: RerunProgress) -> None:
        speed = "" if told.tokens_per_s is None else format_rate(told.tokens_per_s)
        self.value = {
            "phase": "running", "text": f"running, {told.finished} of {told.asked} finished", "asked": told.asked,
            "fraction": told.finished / told.asked,
            "unique": f"{told.unique:,}", "tokens": f"{told.output_tokens:,}", "speed": speed,
            "elapsed": format_seconds(told.elapsed_s), "plan": self.value["plan"], "usage": self._usage(told),
        }  # fmt: skip

    def _usage(self, told: RerunProgress) -> dict[str, int] | None:
        """Tokens that are paid for so far: each run is a request with a prompt of its own."""
        begun = told.finished + told.active
        paid = {"requests": begun, "input": begun * self._prompt_tokens, "cached": 0, "output": told.output_tokens}
        return paid if begun else None

    def _finish(self, record: RerunRecord) -> None:
        whole = record.n == record.asked
        text = f"finished: {record.n} runs" if whole else f"stopped: {record.n} of {record.asked} runs finished"
        tokens = sum(len(row.token_ids) for row in record.runs)
        self.value = {
            "phase": "finished" if whole else "stopped", "text": text, "asked": record.asked, "fraction": 1.0,
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
    """What has been told of a ladder so far: the step, and how far its rerun is."""

    def __init__(self, asked: int, temperatures: Sequence[float]):
        self._asked, self._temperatures = asked, temperatures
        self._step = 0
        self.rungs: list[RerunRecord] = []
        self._rerun = RerunStatus(asked)
        self._end: dict[str, Any] | None = None

    @property
    def value(self) -> dict[str, Any]:
        """As it stands now."""
        if self._end is not None:
            return self._end
        own, steps = self._rerun.value, len(self._temperatures)
        done = own.get("fraction") or 0.0 if own["phase"] in ("running", "finished", "stopped") else 0.0
        text = f"temperature {self._temperatures[self._step]:g} ({self._step + 1} of {steps}): {own['text']}"
        phase = "running" if own["phase"] in ("finished", "stopped") else own["phase"]
        return own | {"phase": phase, "text": text, "fraction": (self._step + done) / steps, "step": self._step}

    def add(self, update: object) -> None:
        """Take an update in."""
        if isinstance(update, LadderStep):
            self._step = update.index
            self._rerun = RerunStatus(self._asked)
        elif isinstance(update, TemperatureLadderRecord):
            self._finish(update)
        else:
            self._rerun.add(update)
            self.rungs += [update] if isinstance(update, RerunRecord) else []

    def _finish(self, record: TemperatureLadderRecord) -> None:
        asked, done = len(self._temperatures), len(record.rungs)
        whole = done == asked and all(rung.n == rung.asked for rung in record.rungs)
        runs = sum(rung.n for rung in record.rungs)
        words = f"{done} temperatures" if whole else f"{done} of {asked} temperatures"
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
