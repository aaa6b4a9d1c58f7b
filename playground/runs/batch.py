"""Several answers to one prompt as one batch: checked, sized to fit in memory, measured together and row by row."""

from collections.abc import Callable, Iterator, Sequence

from playground.backends.base import Backend
from playground.engine.events import Finished, PreparedPrompt, PromptProcessed, PromptProgress, RowEvent, TokenEvent
from playground.errors import PlaygroundError
from playground.metrics.memory import PeakSampler
from playground.models.placement import available_bytes
from playground.runs.environment import describe_environment
from playground.runs.measure import Measurement, Surroundings, energy_record, model_record
from playground.runs.records import MemoryRecord
from playground.runs.updates import (
    MAX_BATCH,
    MAX_ROWS,
    BatchEnd,
    BatchPlan,
    BatchRequest,
    BatchUpdate,
    RowRecord,
    RunRequest,
)
from playground.settings import Settings

_SHARED = ("system", "raw", "context_length", "reuse_prefix")
_HEADROOM = 0.8  # of the free memory: other programs use it too
_COPIES = 2  # a cache that grows or loses rows briefly holds both the old and the new copy
_SCORES_BYTES = 40  # per token of the vocabulary and row: logits, log probabilities, scores and their sorting


def check_rows(settings: Sequence[Settings]) -> None:
    """Refuse rows that can't be one batch.

    Raises:
        PlaygroundError: None or too many, or they read the prompt differently.
    """
    if not 1 <= len(settings) <= MAX_ROWS:
        raise PlaygroundError(f"A batch must have from 1 to {MAX_ROWS} rows; got {len(settings)}.")
    for name in _SHARED:
        if len({getattr(own, name) for own in settings}) > 1:
            raise PlaygroundError(f"Rows of one batch must have the same {name}, since they share the prompt.")


def plan_batch(backend: Backend, prompt: PreparedPrompt, settings: Sequence[Settings], free_bytes: int) -> BatchPlan:
    """How many rows are computed at once: those that fit in memory, or one where the cache's size is unknown.

    Raises:
        PlaygroundError: Not even one row fits in memory.
    """
    room = max(own.max_new_tokens for own in settings)
    length = min(len(prompt.ids) + room, prompt.context_length)
    row_bytes = backend.kv_cache_bytes(length)
    if row_bytes is None:
        return BatchPlan(len(settings), 1, None, free_bytes)
    needed = _COPIES * row_bytes + _SCORES_BYTES * backend.facts.vocabulary
    fit = int(free_bytes * _HEADROOM) // needed
    if fit < 1:
        raise PlaygroundError(
            f"One answer of {length:,} tokens needs about {needed / 1e6:,.0f} MB beside the model, and "
            f"{free_bytes / 1e6:,.0f} MB are free: shorten the prompt, lower max_new_tokens, or close other programs."
        )
    together = "batch" in backend.capabilities
    at_once = min(MAX_BATCH if together else 1, fit, len(settings))
    return BatchPlan(len(settings), at_once, row_bytes, free_bytes, together)


def batch_updates(
    backend: Backend,
    request: BatchRequest,
    prompt: PreparedPrompt,
    surroundings: Surroundings,
    should_stop: Callable[[], bool],
    measurements: list[Measurement] | None,
) -> Iterator[BatchUpdate]:
    """Plan, stream, measure. Call it with the model's turn held.

    Every row of the request has a seed. `measurements` are filled with one per row, and each row that ends then yields
    a `RowRecord`; None measures only all rows together, which costs less.
    """
    settings = request.settings
    yield prompt
    yield (plan := plan_batch(backend, prompt, settings, available_bytes(backend.facts.device)))
    environment = describe_environment(backend.facts, backend.chunk_tokens(len(prompt.ids)))
    rows = [Measurement(prompt, surroundings) for _ in settings] if measurements is not None else []
    if measurements is not None:
        measurements[:] = rows
    together = _Together(prompt, surroundings, len(settings), plan.rows_at_once)
    for item in backend.stream_batch(
        prompt, settings, rows_at_once=plan.rows_at_once, should_stop=should_stop, clock=surroundings.clock
    ):
        together.add(item)
        event = item.event
        shared = isinstance(event, PromptProgress | PromptProcessed)
        for row in rows if shared else rows[item.row : item.row + 1]:
            row.add(event)
        yield item
        if rows and isinstance(event, Finished):
            yield RowRecord(item.row, rows[item.row].record(_alone(request, settings[item.row]), environment))
    yield together.end(environment)


def _alone(request: BatchRequest, settings: Settings) -> RunRequest:
    return RunRequest(request.prompt, request.model, request.quantization, settings)


class _Together:
    """What is measured of all rows together."""

    def __init__(self, prompt: PreparedPrompt, surroundings: Surroundings, rows: int, rows_at_once: int):
        self._prompt, self._around = prompt, surroundings
        self._tokens = [0] * rows
        self._rows_at_once = rows_at_once
        self._step, self._step_bytes, self._most_bytes = (0, 0), 0, 0
        self._prefill_s: float | None = None
        self._computed_tokens = 0
        self._peak = PeakSampler()

    def add(self, item: RowEvent) -> None:
        self._peak.sample()
        event = item.event
        if isinstance(event, PromptProcessed):
            self._prefill_s = event.prefill_s
            self._computed_tokens += event.computed_tokens
        elif isinstance(event, TokenEvent):
            self._tokens[item.row] += 1
            self._add_bytes((item.row // self._rows_at_once, event.index), event.kv_cache_bytes)

    def _add_bytes(self, step: tuple[int, int], row_bytes: int) -> None:
        """Rows of one step arrive one after the other, but hold their caches at the same time."""
        self._step_bytes = row_bytes + (self._step_bytes if step == self._step else 0)
        self._step = step
        self._most_bytes = max(self._most_bytes, self._step_bytes)

    def end(self, environment: dict[str, object]) -> BatchEnd:
        wall_s = self._around.clock.now() - self._around.begun_s
        tokens, facts = sum(self._tokens), self._around.facts
        return BatchEnd(
            model=model_record(facts),
            prompt_token_ids=self._prompt.ids,
            dropped_prompt_tokens=self._prompt.dropped_tokens,
            output_tokens=tokens,
            prefill_s=self._prefill_s,
            wall_s=wall_s,
            throughput_tokens_per_s=tokens / wall_s if tokens else None,
            memory=MemoryRecord(
                weights_bytes=facts.weights_bytes,
                kv_cache_bytes=self._most_bytes,
                kv_bytes_per_token=facts.kv_bytes_per_token,
                rss_bytes=self._peak.rss_bytes,
                peak_rss_bytes=self._peak.peak_rss_bytes,
            ),
            cost=self._around.pricing.batch(
                len(self._prompt.ids), [n for n in self._tokens if n], self._computed_tokens, wall_s
            ),
            energy=energy_record(self._around.energy.read()),
            environment=environment,
        )
