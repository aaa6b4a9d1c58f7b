"""A batch of rows of equal length that answer one prompt together: timed, with its memory and energy."""

import hashlib
import json

from playground.engine.events import Finished, PromptProcessed, RowEvent, TokenEvent
from playground.metrics.energy import EnergyMeter
from playground.metrics.memory import PeakSampler
from playground.metrics.timing import timing_of
from playground.models.facts import ModelFacts
from playground.runs.measure import energy_record
from playground.runs.records import BatchRecord, MemoryRecord
from playground.runs.stages import Stopped


class TimedBatch:
    """A batch under measurement: takes its events in; the energy meter started with it."""

    def __init__(self, facts: ModelFacts, rows: int, energy: EnergyMeter):
        self._facts, self._rows, self._energy = facts, rows, energy
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
        """Take in an event."""
        event = item.event
        if isinstance(event, PromptProcessed):
            self._prompt = event
        elif isinstance(event, TokenEvent):
            self._ids[item.row].append(event.id)
            if item.row == 0:  # rows advance together: one time holds for all
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
