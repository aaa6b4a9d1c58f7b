"""What length costs: prefill time, KV bytes and price, from short prompts to the model's limit or the time allowed."""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

from playground.backends.base import Backend, Loading, Queued
from playground.engine.chunks import PREFILL_CHUNK
from playground.engine.events import PromptProcessed
from playground.errors import PlaygroundError
from playground.experiments.context.fit import fit, predict
from playground.experiments.context.records import ContextRecord, Ended, PointRecord
from playground.metrics.cost import api_cost
from playground.metrics.prices import price_list_date
from playground.runs.environment import describe_environment
from playground.runs.filler import TEXT, filler_ids
from playground.runs.measure import model_record
from playground.runs.services import Runner
from playground.runs.stages import Stage
from playground.settings import LIMITS, Settings

SHORTEST = 64
MAX_LENGTHS = 32
_LONGEST_WITHOUT_LIMIT = 2048  # where a model sets no limit and nobody asks for lengths
REPEATS, CHEAP_S = 3, 1.0  # a prompt that is read faster than this is read so often
CurveUpdate = Queued | Loading | Stage | PointRecord | ContextRecord


@dataclass(frozen=True)
class CurveRequest:
    """A curve that somebody asked for.

    Attributes:
        model: Id in the catalogue.
        quantization: One of `settings.QUANTIZATIONS`.
        lengths: Prompt tokens; empty is 64, 128, 256... up to the model's limit.
        time_limit_s: No length is begun after so long, and the one on its way is given up.
    """

    model: str
    quantization: str
    lengths: tuple[int, ...] = ()
    time_limit_s: float = 60.0


def check_curve(runner: Runner, request: CurveRequest) -> None:
    """Refuse what can't be met, as far as that is known before the model is loaded.

    Raises:
        PlaygroundError: Names the value, its limit and what to do.
    """
    runner.check(request.model, request.quantization)
    if not LIMITS["time_limit_s"].holds(request.time_limit_s):
        raise PlaygroundError(f"The time limit must be {LIMITS['time_limit_s']} seconds; got {request.time_limit_s:g}.")
    if len(request.lengths) > MAX_LENGTHS:
        raise PlaygroundError(f"A curve takes at most {MAX_LENGTHS} lengths; got {len(request.lengths)}.")
    if any(length < 1 for length in request.lengths):
        raise PlaygroundError(f"A length is at least 1 token; got {min(request.lengths)}.")


def default_lengths(limit: int) -> tuple[int, ...]:
    """64, 128, 256... and the limit itself, which is all that a short context has."""
    doubled = [SHORTEST * 2**power for power in range(max(0, int(math.log2(max(1, limit / SHORTEST))) + 1))]
    return tuple(sorted({*(length for length in doubled if length <= limit), limit}))


def context_curve(
    runner: Runner, request: CurveRequest, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[CurveUpdate]:
    """Each length as soon as it is measured, the shortest first; the record comes last, also when stopped.

    Raises:
        PlaygroundError: The request is refused.
    """
    check_curve(runner, request)

    def work(backend: Backend) -> Iterator[CurveUpdate]:
        return _Curve(backend, request, runner.pricing.reference, should_stop).updates()

    return runner.holding(request.model, request.quantization, work, should_stop)


class _Curve:
    """One curve on its way."""

    def __init__(self, backend: Backend, request: CurveRequest, reference: str, should_stop: Callable[[], bool]):
        self._backend, self._request, self._should_stop = backend, request, should_stop
        self._reference = reference  # whose list price
        limit = backend.facts.context_length
        self._lengths = tuple(sorted(set(request.lengths))) or default_lengths(limit or _LONGEST_WITHOUT_LIMIT)
        if limit is not None and self._lengths[-1] > limit:
            longest = f"{self._lengths[-1]:,}"
            raise PlaygroundError(
                f"The longest context of {backend.facts.title} is {limit:,} tokens; got the length {longest}."
            )
        self._deadline = perf_counter() + request.time_limit_s
        self._points: list[PointRecord] = []

    def updates(self) -> Iterator[CurveUpdate]:
        ids = filler_ids(self._backend, self._lengths[-1])
        self._read(ids[:PREFILL_CHUNK])  # the first pass of a model sets things up
        for number, length in enumerate(self._lengths):
            if (ended := self._ended(length)) is not None:
                break
            text = f"reading {length:,} tokens, length {number + 1} of {len(self._lengths)}"
            yield Stage(text, sum(self._lengths[:number]) / sum(self._lengths))
            point = self._point(ids[:length])
            if point is None:
                ended = "stopped" if self._should_stop() else "time"
                break
            self._points.append(point)
            yield point
        else:
            ended = "complete"
        yield self._record(ended)

    def _ended(self, length: int) -> Ended | None:
        """Why this length is not begun; time grows at least as fast as length."""
        if self._should_stop():
            return "stopped"
        last = self._points[-1] if self._points else None
        expected = last.prefill_s * length / last.tokens if last else 0.0
        return "time" if perf_counter() + expected > self._deadline else None

    def _point(self, ids: Sequence[int]) -> PointRecord | None:
        """One length, measured; None if stopped, or out of time, before it was read once."""
        runs: list[PromptProcessed] = []
        while len(runs) < (1 if runs and runs[0].prefill_s > CHEAP_S else REPEATS):
            run = self._read(ids)
            if run is None:
                break
            runs.append(run)
        if not runs:
            return None
        times = [run.prefill_s for run in runs]
        return PointRecord(
            tokens=len(ids), prefill_s=statistics.median(times), runs_s=times, kv_bytes=runs[0].kv_cache_bytes,
            kv_predicted_bytes=self._backend.kv_cache_bytes(len(ids)),
            input_usd=api_cost(self._reference, len(ids), 0).input_usd,
        )  # fmt: skip

    def _read(self, ids: Sequence[int]) -> PromptProcessed | None:
        """Read a prompt by the engine's own loop, one token of an answer behind it; None if it was not read whole."""
        one_token = Settings(temperature=0, seed=0, max_new_tokens=1, top=0)
        events = self._backend.chain().stream(ids, one_token, should_stop=self._over)
        return next((event for event in events if isinstance(event, PromptProcessed)), None)

    def _over(self) -> bool:
        return self._should_stop() or perf_counter() > self._deadline

    def _record(self, ended: Ended) -> ContextRecord:
        return ContextRecord(
            model=model_record(self._backend.facts),
            lengths_asked=list(self._lengths),
            time_limit_s=self._request.time_limit_s,
            ended=ended,
            text=TEXT,
            points=self._points,
            fit=fit([(point.tokens, point.prefill_s) for point in self._points]),
            predicted=predict(self._points),
            reference_model=self._reference,
            prices_as_of=price_list_date(),
            environment=describe_environment(self._backend.facts, PREFILL_CHUNK),
        )
