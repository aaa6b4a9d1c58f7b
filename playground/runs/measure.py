"""A run under measurement: it takes every event, gives all meters at any moment and the record at the end."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from playground.engine.clock import Clock
from playground.engine.events import Event, Finished, PreparedPrompt, PromptProcessed, Token, TokenEvent
from playground.metrics.energy import Energy, EnergyMeter
from playground.metrics.memory import PeakSampler, gpu_memory
from playground.metrics.roofline import mbu, step_limit_s
from playground.metrics.timing import Timing, TokenTimes
from playground.models.facts import ModelFacts
from playground.runs.pricing import Pricing
from playground.runs.records import CostRecord, EnergyRecord, MemoryRecord, ModelRecord, RunRecord
from playground.runs.updates import Meters, RunRequest


@dataclass(frozen=True)
class Surroundings:
    """What a measurement needs beyond events.

    Attributes:
        facts: The model.
        predict_kv_bytes: Bytes of KV cache for a number of tokens; None if unknown.
        bandwidth_bytes_per_s: Measured memory bandwidth of the model's device.
        pricing: What the tokens and the machine's time cost.
        energy: Meter, running since the turn began.
        clock: Of the request.
        begun_s: Its reading when the turn began: waiting for others costs nothing.
    """

    facts: ModelFacts
    predict_kv_bytes: Callable[[int], int | None]
    bandwidth_bytes_per_s: float | None
    pricing: Pricing
    energy: EnergyMeter
    clock: Clock
    begun_s: float


class Measurement:
    """Collects the events of one run."""

    def __init__(self, prompt: PreparedPrompt, surroundings: Surroundings):
        self._prompt = prompt
        self._around = surroundings
        self._tokens: list[TokenEvent] = []
        self._times = TokenTimes()
        self._lock = threading.Lock()  # a snapshot must be consistent while another thread adds tokens
        self._processed: PromptProcessed | None = None
        self._finished: Finished | None = None
        self._final: Meters | None = None
        self._peak = PeakSampler()

    def add(self, event: Event) -> None:
        """Take in an event."""
        self._peak.sample()
        if isinstance(event, TokenEvent):
            with self._lock:
                self._tokens.append(event)
                self._times.add(event.time_s)
        elif isinstance(event, PromptProcessed):
            self._processed = event
        elif isinstance(event, Finished):
            self._finished = event
            self._final = self._snapshot(event.time_s)

    def meters(self) -> Meters:
        """All meters now; after the end, those of the whole run."""
        return self._final or self._snapshot(self._around.clock.now())

    def _snapshot(self, elapsed_s: float) -> Meters:
        around = self._around
        with self._lock:
            count, newest = len(self._tokens), self._tokens[-1] if self._tokens else None
            timing = self._timing(elapsed_s)
        kv_bytes = self._kv_bytes(newest)
        bandwidth, step_bytes = around.bandwidth_bytes_per_s, around.facts.step_bytes
        gpu = gpu_memory() if around.facts.device.startswith("cuda") else None
        return Meters(
            prompt_tokens=len(self._prompt.ids),
            output_tokens=count,
            elapsed_s=elapsed_s,
            prefill_s=self._processed.prefill_s if self._processed else None,
            timing=timing,
            memory=self._memory(kv_bytes),
            kv_predicted_bytes=around.predict_kv_bytes(self._cached_tokens(count)),
            kv_full_bytes=around.predict_kv_bytes(self._prompt.context_length),
            gpu_allocated_bytes=gpu.allocated_bytes if gpu else None,
            gpu_reserved_bytes=gpu.reserved_bytes if gpu else None,
            mbu=mbu(step_bytes, kv_bytes, timing.tpot_s, bandwidth) if bandwidth and timing.tpot_s else None,
            limit_s=step_limit_s(step_bytes, kv_bytes, bandwidth) if bandwidth else None,
            bandwidth_bytes_per_s=bandwidth,
            cost=self._cost(count, elapsed_s),
            hardware_usd_per_hour=around.pricing.usd_per_hour,
            energy=energy_record(around.energy.read()),
        )

    def _cached_tokens(self, count: int) -> int:
        """Tokens whose keys and values are held: the newest token is not read yet."""
        return len(self._prompt.ids) + max(0, count - 1) if self._processed else 0

    def _kv_bytes(self, newest: TokenEvent | None) -> int:
        if newest is not None:
            return newest.kv_cache_bytes
        return self._processed.kv_cache_bytes if self._processed else 0

    def _timing(self, end_s: float) -> Timing:
        processed = self._processed
        return self._times.timing(
            prefill_s=processed.prefill_s if processed else None,
            computed_prompt_tokens=processed.computed_tokens if processed else 0,
            end_s=end_s,
        )

    def _memory(self, kv_bytes: int) -> MemoryRecord:
        facts = self._around.facts
        return MemoryRecord(
            weights_bytes=facts.weights_bytes,
            kv_cache_bytes=kv_bytes,
            kv_bytes_per_token=facts.kv_bytes_per_token,
            rss_bytes=self._peak.rss_bytes,
            peak_rss_bytes=self._peak.peak_rss_bytes,
        )

    def _cost(self, tokens: int, elapsed_s: float) -> CostRecord:
        around = self._around
        prompt, processed = len(self._prompt.ids), self._processed
        cached = prompt - processed.computed_tokens if processed else 0
        busy_s = elapsed_s - around.begun_s
        return around.pricing.run(prompt, tokens, cached, max(0.0, busy_s))

    def record(self, request: RunRequest, environment: dict[str, Any]) -> RunRecord:
        """The finished run as a document.

        Raises:
            RuntimeError: The run has not finished.
        """
        if self._finished is None or self._final is None:
            raise RuntimeError("a run has no record before it has finished")
        tokens = [token_record(token) for token in self._tokens]
        if tokens and self._finished.text:  # held back when it was cancelled: text of its last token
            tokens[-1] = replace(tokens[-1], text=tokens[-1].text + self._finished.text)
        return RunRecord(
            model=model_record(self._around.facts),
            settings=self._prompt.counted(request.settings).model_dump(mode="json"),
            prompt=request.prompt,
            prompt_token_ids=list(self._prompt.ids),
            dropped_prompt_tokens=self._prompt.dropped_tokens,
            tokens=tokens,
            text="".join(token.text for token in tokens),
            finish_reason=self._finished.reason,
            timing=self._final.timing,
            memory=self._final.memory,
            cost=self._final.cost,
            energy=self._final.energy,
            environment=environment,
        )


def energy_record(energy: Energy) -> EnergyRecord:
    """The energy as a document has it."""
    return EnergyRecord(
        joules=energy.joules,
        method=energy.method,
        idle_watts=energy.idle.watts if energy.idle else None,
        idle_spread_watts=energy.idle.spread_watts if energy.idle else None,
        net_joules=energy.net_joules,
        seconds=energy.seconds,
    )


def model_record(facts: ModelFacts) -> ModelRecord:
    """Which model answered."""
    return ModelRecord.model_validate(facts, from_attributes=True)


def token_record(token: TokenEvent) -> Token:
    """A token as a document has it."""
    return Token(**{one.name: getattr(token, one.name) for one in fields(Token)})
