"""Throughput measured: batches of the same prompt, one size after the other, each warmed up and then timed."""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import suppress

from playground.engine.chunks import PREFILL_CHUNK
from playground.engine.events import Finished, PreparedPrompt, PromptProcessed, RowEvent, TokenEvent
from playground.errors import PlaygroundError
from playground.experiments.throughput.experiment import BatchRecord, SkippedBatch, ThroughputRecord, ThroughputRequest
from playground.metrics.memory import PeakSampler
from playground.metrics.timing import timing_of
from playground.models.placement import available_bytes
from playground.runs.batch import plan_batch
from playground.runs.experiment import Lab
from playground.runs.filler import TEXT, filler_ids
from playground.runs.measure import energy_record
from playground.runs.records import MemoryRecord
from playground.runs.stages import Stage, Steps, Stopped
from playground.settings import Settings

WARM_UP_TOKENS = 2
STAGE_EVERY_S = 0.25  # whoever listens takes time from the steps
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
            why = work.too_large(rows)
            if why:
                skipped.append(SkippedBatch(rows=rows, why=why))
                yield skipped[-1]
            else:
                measured.append((yield from work.measure(place, rows)))
                yield measured[-1]
    if not measured and skipped and not lab.should_stop():
        raise PlaygroundError(skipped[0].why)
    return work.record(measured, skipped) if measured else None


class _Batches:
    """The measurement on its way."""

    def __init__(self, lab: Lab, request: ThroughputRequest):
        self._lab, self._request = lab, request
        length = request.input_tokens + request.output_tokens
        self._prompt = PreparedPrompt(tuple(filler_ids(lab.backend, request.input_tokens)), 0, length)

    def too_large(self, rows: int) -> str:
        """Why so many rows do not fit the memory now; empty if they do."""
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
        batch = _Batch(self._lab, rows)
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
            self._prompt, settings, rows_at_once=rows, ignore_eos=True, should_stop=stop
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


class _Batch:
    """One batch: takes its events in; the energy meter started with it."""

    def __init__(self, lab: Lab, rows: int):
        self._facts, self._rows, self._energy = lab.backend.facts, rows, lab.start_meter()
        self._ids: list[list[int]] = [[] for _ in range(rows)]
        self._times_s: list[float] = []
        self._kv_bytes = 0
        self._prompt: PromptProcessed | None = None
        self._reasons: set[str] = set()
        self._end_s = 0.0
        self._peak = PeakSampler()

    @property
    def steps(self) -> int:
        """Tokens that each row has so far."""
        return len(self._times_s)

    def add(self, item: RowEvent) -> None:
        """Take an event in."""
        event = item.event
        if isinstance(event, PromptProcessed):
            self._prompt = event
        elif isinstance(event, TokenEvent):
            self._ids[item.row].append(event.id)
            if item.row == 0:  # rows go in step: the time of one is that of all
                self._peak.sample()
                self._times_s.append(event.time_s)
                self._kv_bytes = event.kv_cache_bytes * self._rows
        elif isinstance(event, Finished):
            self._reasons.add(event.reason)
            self._end_s = event.time_s

    def record(self) -> BatchRecord:
        """What was measured.

        Raises:
            Stopped: The batch was cut short.
        """
        prompt = self._prompt
        if prompt is None or self._reasons != {"length"}:
            raise Stopped
        energy = self._energy.read()
        self._peak.sample(now=True)
        timing = timing_of(
            self._times_s, prefill_s=prompt.prefill_s, computed_prompt_tokens=prompt.computed_tokens, end_s=self._end_s
        )
        assert timing.ttft_s is not None
        assert timing.tpot_s is not None
        assert timing.itl_p50_s is not None
        assert timing.itl_p95_s is not None
        return BatchRecord(
            rows=self._rows,
            output_tokens=sum(map(len, self._ids)),
            prefill_s=prompt.prefill_s,
            prefill_tokens_per_s=prompt.computed_tokens / prompt.prefill_s,
            ttft_s=timing.ttft_s,
            tpot_s=timing.tpot_s,
            itl_p50_s=timing.itl_p50_s,
            itl_p95_s=timing.itl_p95_s,
            decode_tokens_per_s=self._rows / timing.tpot_s,
            wall_s=timing.e2e_s,
            memory=self._memory(),
            energy=energy_record(energy),
            ids_blake2b=hashlib.blake2b(json.dumps(self._ids).encode(), digest_size=16).hexdigest(),
        )

    def _memory(self) -> MemoryRecord:
        return MemoryRecord(
            weights_bytes=self._facts.weights_bytes,
            kv_cache_bytes=self._kv_bytes,
            kv_bytes_per_token=self._facts.kv_bytes_per_token,
            rss_bytes=self._peak.rss_bytes,
            peak_rss_bytes=self._peak.peak_rss_bytes,
        )
