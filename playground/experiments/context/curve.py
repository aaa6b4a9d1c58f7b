"""What length costs: prefill time, KV bytes and price, from short prompts to the model's limit or the time allowed."""

import math
import statistics
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

from playground.engine.chunks import PREFILL_CHUNK
from playground.engine.events import PromptProcessed
from playground.errors import PlaygroundError
from playground.experiments.context.experiments import CurveRequest
from playground.experiments.context.fit import fit, predict
from playground.experiments.context.records import ContextRecord, Ended, PointRecord
from playground.metrics.cost import api_cost
from playground.metrics.prices import price_list_date
from playground.runs.experiment import TIMES, Lab
from playground.runs.filler import TEXT, filler_ids
from playground.runs.stages import Stage, Steps, Stopped
from playground.settings import Settings

SHORTEST = 64
_LONGEST_WITHOUT_LIMIT = 2048  # if the model has no limit and no lengths are given
REPEATS, CHEAP_S = 3, 1.0  # a prompt that is read faster than this is read this often


def context_curve(lab: Lab, request: CurveRequest) -> Steps[ContextRecord | None]:
    """Each length as soon as it is measured, the shortest first.

    Raises:
        PlaygroundError: A length exceeds the model's limit, or none was read in the time allowed.
    """
    curve = _Curve(lab, request)
    ended: Ended = "stopped"
    with suppress(Stopped):
        ended = yield from curve.measure()
    return curve.record(ended) if curve.points else None


def default_lengths(limit: int) -> tuple[int, ...]:
    """64, 128, 256... and the limit itself, which is all that a short context has."""
    doubled = [SHORTEST * 2**power for power in range(max(0, int(math.log2(max(1, limit / SHORTEST))) + 1))]
    return tuple(sorted({*(length for length in doubled if length <= limit), limit}))


class _Curve:
    """One curve in progress."""

    def __init__(self, lab: Lab, request: CurveRequest):
        self._lab, self._request = lab, request
        facts, limit = lab.backend.facts, lab.backend.facts.context_length
        self._lengths = request.lengths or default_lengths(limit or _LONGEST_WITHOUT_LIMIT)
        if limit is not None and self._lengths[-1] > limit:
            raise PlaygroundError(
                f"The longest context of {facts.title} is {limit:,} tokens; got the length {self._lengths[-1]:,}."
            )
        self._deadline = self._now() + request.time_limit_s if request.is_timed else math.inf
        self.points: list[PointRecord] = []

    def _now(self) -> float:
        return self._lab.clock.now()

    def measure(self) -> Steps[Literal["complete", "time"]]:
        """Every length; returns why it ended."""
        ids = filler_ids(self._lab.backend, self._lengths[-1])
        yield from self._read(ids[:PREFILL_CHUNK], Stage("warming up", 0.0))  # the first pass of a model sets things up
        for number, length in enumerate(self._lengths):
            self._lab.obey()
            text = f"reading {length:,} tokens, length {number + 1} of {len(self._lengths)}"
            stage = Stage(text, sum(self._lengths[:number]) / sum(self._lengths))
            yield stage
            point = None
            if not self._is_late(length):
                with self._lab.alone(TIMES):
                    point = yield from self._point(ids[:length], stage)
            if point is None:
                return self._out_of_time(length)
            self.points.append(point)
            yield point
        return "complete"

    def _is_late(self, length: int) -> bool:
        """Whether this length would not end in time; time grows at least as fast as length."""
        last = self.points[-1] if self.points else None
        expected = last.prefill_s * length / last.tokens if last else 0.0
        return self._now() + expected > self._deadline

    def _out_of_time(self, length: int) -> Literal["time"]:
        if not self.points:
            allowed = f"{self._request.time_limit_s:g} s allowed"
            raise PlaygroundError(f"The {allowed} passed before {length:,} tokens were read: allow more time.")
        return "time"

    def _point(self, ids: Sequence[int], stage: Stage) -> Steps[PointRecord | None]:
        """One length, measured; None if out of time before it was read once.

        Raises:
            Stopped: Before it was read once.
        """
        runs: list[PromptProcessed] = []
        while len(runs) < (1 if runs and runs[0].prefill_s > CHEAP_S else REPEATS):
            run = yield from self._read(ids, stage)
            if run is None:
                break
            runs.append(run)
        if not runs:
            self._lab.obey()
            return None
        times = [run.prefill_s for run in runs]
        return PointRecord(
            tokens=len(ids), prefill_s=statistics.median(times), runs_s=times, kv_bytes=runs[0].kv_cache_bytes,
            kv_predicted_bytes=self._lab.backend.kv_cache_bytes(len(ids)),
            input_usd=api_cost(self._lab.runner.pricing.reference, len(ids), 0).input_usd,
        )  # fmt: skip

    def _read(self, ids: Sequence[int], stage: Stage) -> Steps[PromptProcessed | None]:
        """Read a prompt by the engine's own loop, one token of an answer behind it; None if it was not read whole.

        The stage comes again after each chunk, where others may go on.
        """
        one_token = Settings(temperature=0, seed=0, max_new_tokens=1, top=0)
        clock = self._lab.clock.lap()
        for event in self._lab.backend.chain().stream(ids, one_token, should_stop=self._is_over, clock=clock):
            if isinstance(event, PromptProcessed):
                return event
            yield stage
        return None

    def _is_over(self) -> bool:
        return self._lab.should_stop() or self._now() > self._deadline

    def record(self, ended: Ended) -> ContextRecord:
        """The document of the lengths that are done."""
        return ContextRecord(
            **self._lab.stamp(PREFILL_CHUNK),
            lengths_asked=list(self._lengths),
            time_limit_s=self._request.time_limit_s,
            ended=ended,
            text=TEXT,
            points=self.points,
            fit=fit([(point.tokens, point.prefill_s) for point in self.points]),
            predicted=predict(self.points),
            reference_model=self._lab.runner.pricing.reference,
            prices_as_of=price_list_date(),
        )
