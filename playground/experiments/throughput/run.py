"""Throughput measured: batches of the same prompt, one size after the other, each warmed up and then timed."""

import time
from collections.abc import Callable, Generator, Iterator

from playground.backends.base import Loading, Queued
from playground.backends.local import LocalBackend
from playground.engine.chunks import PREFILL_CHUNK
from playground.engine.events import RowEvent
from playground.engine.generate import stream_batch
from playground.errors import PlaygroundError
from playground.experiments.throughput.batch import BatchMeasurement
from playground.experiments.throughput.records import BatchRecord, SkippedBatch, ThroughputRecord
from playground.experiments.throughput.request import ThroughputRequest
from playground.models.placement import available_bytes
from playground.runs.batch import plan_batch
from playground.runs.environment import describe_environment
from playground.runs.filler import TEXT, filler_ids
from playground.runs.measure import model_record
from playground.runs.services import Runner
from playground.runs.stages import Stage
from playground.settings import Settings

WARM_UP_TOKENS = 2
TOLD_EVERY_S = 0.25  # whoever listens takes time from the steps
SETTINGS = Settings(temperature=0.8, seed=0, top=0)
ThroughputUpdate = Queued | Loading | Stage | BatchRecord | SkippedBatch | ThroughputRecord


def measure_throughput(
    runner: Runner, request: ThroughputRequest, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[ThroughputUpdate]:
    """Each batch as soon as it is measured, the smallest first; the record comes last.

    Every row ends by length alone, so all write as many tokens.

    Args:
        runner: Who answers.
        request: Checked.
        should_stop: Asked before every forward pass. The batches that had ended make the record; if there are none,
            there is no record.

    Raises:
        PlaygroundError: The model can't be had; or, while iterated, prompt and answer exceed its context.
    """
    runner.check(request.model, request.quantization)

    def work(backend: LocalBackend) -> Iterator[ThroughputUpdate]:
        return _Throughput(runner, backend, request, should_stop).updates()

    return runner.holding(request.model, request.quantization, work, should_stop)


class _Throughput:
    """One measurement on its way."""

    def __init__(
        self, runner: Runner, backend: LocalBackend, request: ThroughputRequest, should_stop: Callable[[], bool]
    ):
        if not backend.facts.takes(request.input_tokens + request.output_tokens):
            raise PlaygroundError(
                f"{request.input_tokens:,} tokens of prompt and {request.output_tokens:,} of answer exceed the context "
                f"of {backend.facts.title}, {backend.facts.context_length:,} tokens: lower one of them."
            )
        self._runner, self._backend, self._request, self._should_stop = runner, backend, request, should_stop
        self._ids = filler_ids(backend, request.input_tokens)
        self._endless = backend.text_model.without_eos()
        self._batches: list[BatchRecord] = []
        self._skipped: list[SkippedBatch] = []

    def updates(self) -> Iterator[ThroughputUpdate]:
        for place, rows in enumerate(self._request.batches):
            if self._should_stop():
                break
            why = self._too_large(rows)
            if why is not None:
                self._skipped.append(SkippedBatch(rows=rows, why=why))
                yield self._skipped[-1]
                continue
            batch = yield from self._batch(place, rows)
            if batch is None:
                break
            self._batches.append(batch)
            yield batch
        if self._batches:
            yield self._record()
        elif self._skipped and not self._should_stop():
            raise PlaygroundError(self._skipped[0].why)

    def _too_large(self, rows: int) -> str | None:
        """Why so many rows do not fit the memory now; None if they do."""
        free = available_bytes(self._backend.facts.device)
        try:
            plan = plan_batch(self._backend, len(self._ids), self._settings(rows, self._request.output_tokens), free)
        except PlaygroundError as error:
            return str(error)
        if plan.row_bytes is None or plan.rows_at_once == rows:
            return None
        if not self._backend.capabilities.batch:
            return f"{self._backend.facts.title} can't compute {rows} rows together: measure a batch of 1."
        return (
            f"{rows} rows need more memory than is free, {free / 1e6:,.0f} MB; {plan.rows_at_once} fit: close other "
            f"programs, or lower the tokens of prompt or answer."
        )

    @staticmethod
    def _settings(rows: int, tokens: int) -> list[Settings]:
        return [SETTINGS.model_copy(update={"seed": row, "max_new_tokens": tokens}) for row in range(rows)]

    def _batch(self, place: int, rows: int) -> Generator[Stage, None, BatchRecord | None]:
        yield self._stage(place, 0, f"batch of {rows}: warming up")
        for _ in self._events(rows, WARM_UP_TOKENS):
            pass
        measured = BatchMeasurement(self._backend.facts, rows, self._runner.start_meter(self._backend.facts.device))
        told_at = time.perf_counter()
        for item in self._events(rows, self._request.output_tokens):
            measured.add(item)
            if time.perf_counter() - told_at >= TOLD_EVERY_S:
                told_at = time.perf_counter()
                words = f"batch of {rows}: {measured.steps} of {self._request.output_tokens} tokens a row"
                yield self._stage(place, measured.steps, words)
        return measured.record()

    def _events(self, rows: int, tokens: int) -> Iterator[RowEvent]:
        return stream_batch(self._endless, self._ids, self._settings(rows, tokens), should_stop=self._should_stop)

    def _stage(self, place: int, steps: int, words: str) -> Stage:
        """Larger batches take longer: a step of n rows is counted as 4 + n."""
        weights = [4 + rows for rows in self._request.batches]
        done = sum(weights[:place]) + weights[place] * steps / self._request.output_tokens
        return Stage(words, done / sum(weights))

    def _record(self) -> ThroughputRecord:
        request = self._request
        seen = len(self._batches) + len(self._skipped)
        return ThroughputRecord(
            model=model_record(self._backend.facts),
            batches_asked=list(request.batches),
            input_tokens=request.input_tokens,
            output_tokens=request.output_tokens,
            settings=SETTINGS.model_copy(update={"max_new_tokens": request.output_tokens}).model_dump(mode="json"),
            text=TEXT,
            ended="complete" if seen == len(request.batches) else "stopped",
            batches=self._batches,
            skipped=self._skipped,
            environment=describe_environment(self._backend.facts, PREFILL_CHUNK),
        )
