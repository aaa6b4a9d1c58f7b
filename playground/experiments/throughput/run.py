"""Throughput measured: batches of the same prompt, one size after the other, each warmed up and then timed."""

import time
from collections.abc import Iterator
from contextlib import suppress

from playground.engine.chunks import PREFILL_CHUNK
from playground.engine.events import PreparedPrompt, RowEvent
from playground.errors import PlaygroundError
from playground.experiments.throughput.experiment import SkippedBatch, ThroughputRecord, ThroughputRequest
from playground.models.placement import available_bytes
from playground.runs.batch import plan_batch
from playground.runs.experiment import TIMES, Lab
from playground.runs.filler import TEXT, filler_ids
from playground.runs.records import BatchRecord
from playground.runs.stages import Stage, Steps, Stopped
from playground.runs.timed_batch import TimedBatch
from playground.settings import Settings

WARM_UP_TOKENS = 2
STAGE_EVERY_S = 0.25  # each update takes time from the steps
SETTINGS = Settings(temperature=0.8, seed=0, top=0)


def measure(lab: Lab, request: ThroughputRequest) -> Steps[ThroughputRecord | None]:
    """Each batch as soon as it is measured, the smallest first. Every row ends by length alone.

    Raises:
        PlaygroundError: Prompt and answer exceed the model's context, or no batch fits the memory.
    """
    facts = lab.backend.facts
    if not facts.takes(request.input_tokens + request.output_tokens):
        raise PlaygroundError(
            f"{request.input_tokens:,} tokens of prompt and {request.output_tokens:,} of answer exceed the context of "
            f"{facts.title}, {facts.context_length:,} tokens: lower one of them."
        )
    work = _Batches(lab, request)
    measured: list[BatchRecord] = []
    skipped: list[SkippedBatch] = []
    with suppress(Stopped):
        for place, rows in enumerate(request.batches):
            lab.obey()
            if why := work.too_large(rows):
                skipped.append(SkippedBatch(rows=rows, why=why))
                yield skipped[-1]
            else:
                with lab.alone(TIMES):
                    measured.append((yield from work.measure(place, rows)))
                yield measured[-1]
    if not measured and skipped and not lab.should_stop():
        raise PlaygroundError(skipped[0].why)
    return work.record(measured, skipped) if measured else None


class _Batches:
    """The measurement in progress."""

    def __init__(self, lab: Lab, request: ThroughputRequest):
        self._lab, self._request = lab, request
        length = request.input_tokens + request.output_tokens
        self._prompt = PreparedPrompt(tuple(filler_ids(lab.backend, request.input_tokens)), 0, length)

    def too_large(self, rows: int) -> str:
        """Why this number of rows does not fit in memory now; empty if it does."""
        backend = self._lab.backend
        free = available_bytes(backend.facts.device)
        try:
            plan = plan_batch(backend, self._prompt, _settings(rows, self._request.output_tokens), free)
        except PlaygroundError as error:
            return str(error)
        if plan.row_bytes is None or plan.rows_at_once == rows:
            return ""
        if "batch" not in backend.capabilities:
            return f"{backend.facts.title} can't compute {rows} rows together: measure a batch of 1."
        return (
            f"{rows} rows need more memory than is free, {free / 1e6:,.0f} MB; {plan.rows_at_once} fit: close other "
            f"programs, or lower the tokens of prompt or answer."
        )

    def measure(self, place: int, rows: int) -> Steps[BatchRecord]:
        """Warm up, then time one batch.

        Raises:
            Stopped: Before its end.
        """
        yield self._stage(place, 0, f"batch of {rows}: warming up")
        for _ in self._events(rows, WARM_UP_TOKENS):
            pass
        batch = TimedBatch(self._lab.backend.facts, rows, self._lab.start_meter())
        shown_at = time.perf_counter()
        for event in self._events(rows, self._request.output_tokens):
            batch.add(event)
            if time.perf_counter() - shown_at >= STAGE_EVERY_S:
                shown_at = time.perf_counter()
                text = f"batch of {rows}: {batch.steps} of {self._request.output_tokens} tokens a row"
                yield self._stage(place, batch.steps, text)
        return batch.record()

    def _events(self, rows: int, tokens: int) -> Iterator[RowEvent]:
        stop, settings = self._lab.should_stop, _settings(rows, tokens)
        return self._lab.backend.stream_batch(
            self._prompt, settings, rows_at_once=rows, ignore_eos=True, should_stop=stop, clock=self._lab.clock.lap()
        )

    def _stage(self, place: int, steps: int, text: str) -> Stage:
        """Larger batches take longer: a step of n rows is counted as 4 + n."""
        weights = [4 + rows for rows in self._request.batches]
        done = sum(weights[:place]) + weights[place] * steps / self._request.output_tokens
        return Stage(text, done / sum(weights))

    def record(self, batches: list[BatchRecord], skipped: list[SkippedBatch]) -> ThroughputRecord:
        """The document of the batches that are done."""
        request = self._request
        return ThroughputRecord(
            **self._lab.stamp(PREFILL_CHUNK),
            batches_asked=list(request.batches),
            input_tokens=request.input_tokens,
            output_tokens=request.output_tokens,
            settings=SETTINGS.model_copy(update={"max_new_tokens": request.output_tokens}).model_dump(mode="json"),
            text=TEXT,
            ended="complete" if len(batches) + len(skipped) == len(request.batches) else "stopped",
            batches=batches,
            skipped=skipped,
        )


def _settings(rows: int, tokens: int) -> list[Settings]:
    return [SETTINGS.model_copy(update={"seed": row, "max_new_tokens": tokens}) for row in range(rows)]
