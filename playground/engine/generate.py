"""The one loop: read the prompt, then one token after the other, each an event.

Live view, saved run and replay all consume these events. Nothing here knows files, networks or pages. A run ends when
its generator is closed, when `should_stop` says so (asked before every forward pass: each chunk of the prompt, each
token after the first), or by itself.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from playground.engine.events import (
    Candidate,
    Event,
    Finished,
    FinishReason,
    PromptProcessed,
    PromptProgress,
    RowEvent,
    TokenEvent,
)
from playground.engine.model import KVCache, TextModel
from playground.engine.sampling import Choice, Distribution, Noise, apply_repetition_penalty, choose, describe
from playground.engine.text import AnswerText
from playground.errors import PlaygroundError
from playground.settings import Settings

__all__ = ["PREFILL_CHUNK", "stream", "stream_batch"]

PREFILL_CHUNK = 256  # tokens; a fixed size, as another split of the prompt gives other last bits
_NOT_OF_THE_DRAW = {
    name: Settings.model_fields[name].default
    for name in ("seed", "max_new_tokens", "context_length", "system", "stop", "raw", "top", "time_limit_s")
}


def stream(
    text_model: TextModel,
    prompt_ids: Sequence[int],
    settings: Settings,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    started_at: float | None = None,
) -> Iterator[Event]:
    """One answer, event by event.

    Args:
        text_model: Model, tokenizer and end-of-answer ids.
        prompt_ids: Token ids of the prompt, at least one.
        settings: Checked settings with a seed; the context length is a limit on prompt and answer together.
        should_stop: Asked before every forward pass.
        started_at: `perf_counter` reading that times count from; now, if None.

    Raises:
        PlaygroundError: The model produced NaN or infinite logits.
    """
    batch = stream_batch(text_model, prompt_ids, [settings], should_stop=should_stop, started_at=started_at)
    try:
        for item in batch:
            yield item.event
    finally:
        batch.close()


def stream_batch(
    text_model: TextModel,
    prompt_ids: Sequence[int],
    settings: Sequence[Settings],
    *,
    rows_at_once: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    started_at: float | None = None,
) -> Generator[RowEvent, None, None]:
    """Several answers to one prompt, which is read once; a row whose answer has ended leaves the batch.

    Args:
        text_model: As in `stream`.
        prompt_ids: As in `stream`; all rows share it.
        settings: One a row; each row draws, stops and ends by its own.
        rows_at_once: More rows than this are answered in waves, one after the other; None is all at once.
        should_stop: As in `stream`. Rows that had ended stay as they are.
        started_at: As in `stream`.
    """
    clock = _Clock(time.perf_counter() if started_at is None else started_at)
    rows = [_Row(n, text_model, own, _room(len(prompt_ids), own), clock) for n, own in enumerate(settings)]
    cache = text_model.model.new_cache()
    logits = yield from _prefill(
        text_model, prompt_ids, cache, clock, lambda: should_stop() or all(r.late for r in rows)
    )
    if logits is None:
        yield from _end_all(rows, "cancelled" if should_stop() else "time", clock)
        return
    prompt = torch.tensor(prompt_ids)
    wave = rows_at_once or len(rows)
    for first in range(0, len(rows), wave):
        if first and should_stop():
            yield from _end_all(rows[first:], "cancelled", clock)
            return
        is_last = first + wave >= len(rows)
        own_cache = cache if is_last else cache.fork()
        for row in rows[first : first + wave] if first else []:
            row.begun_s = clock.busy()  # it waited for others: its own time begins now
        yield from _decode(text_model, rows[first : first + wave], logits, prompt, own_cache, clock, should_stop)


def _decode(
    text_model: TextModel,
    rows: list["_Row"],
    logits: Tensor,
    prompt: Tensor,
    cache: KVCache,
    clock: "_Clock",
    should_stop: Callable[[], bool],
) -> Iterator[RowEvent]:
    """Answer after answer of one wave, until each has ended. `logits` are those after the prompt, one row."""
    cache.expand(len(rows))
    logits = logits.expand(len(rows), -1)
    while True:
        yield from _accept(rows, logits, prompt, cache, clock)
        alive = [place for place, row in enumerate(rows) if row.reason is None]
        if not alive:
            return
        if should_stop():
            yield from _end_all([rows[place] for place in alive], "cancelled", clock)
            return
        if len(alive) < len(rows):
            cache.select(alive)
            rows = [rows[place] for place in alive]
        logits = text_model.model.forward(torch.tensor([[row.ids[-1]] for row in rows]), cache)


def _room(prompt_tokens: int, settings: Settings) -> int:
    """How many tokens the answer may have."""
    if prompt_tokens < 1:
        raise PlaygroundError("The prompt has no tokens: write something for the model to answer.")
    room = settings.max_new_tokens
    if settings.context_length is not None:
        room = min(room, settings.context_length - prompt_tokens)
    if room < 1:
        raise PlaygroundError(
            f"A prompt of {prompt_tokens} tokens leaves no room for an answer in a context of "
            f"{settings.context_length} tokens: shorten the prompt, or raise the context length."
        )
    return room


class _Clock:
    """Seconds since the request started, and since the loop began."""

    def __init__(self, started_at: float):
        self._started_at = started_at
        self._begun_at = time.perf_counter()

    def now(self) -> float:
        return time.perf_counter() - self._started_at

    def busy(self) -> float:
        return time.perf_counter() - self._begun_at


@dataclass
class _Row:
    """One answer on its way."""

    number: int
    text_model: TextModel
    settings: Settings
    room: int
    clock: _Clock
    ids: list[int] = field(default_factory=list)
    reason: FinishReason | None = None
    begun_s: float = 0.0

    def __post_init__(self) -> None:
        self.noise = Noise(self.settings.seed or 0)
        self.text = AnswerText(self.text_model.tokenizer, self.settings.stop)
        self.sampler = self.settings.model_copy(update=_NOT_OF_THE_DRAW)  # rows with the same are drawn together

    @property
    def late(self) -> bool:
        """Whether its own time is up."""
        limit_s = self.settings.time_limit_s
        return limit_s is not None and self.clock.busy() - self.begun_s >= limit_s

    def accept(self, token: int) -> str:
        """Take a token: its text, and whether the answer ends with it."""
        self.ids.append(token)
        text = self.text.add(token)
        if token in self.text_model.eos_ids:
            self.reason = "eos"
        elif self.text.stopped:
            self.reason = "stop"
        elif len(self.ids) >= self.room:
            self.reason = "length"
        elif self.late:
            self.reason = "time"
        if self.reason is None:
            return text
        text += self.text.flush()
        if self.text.stopped and self.reason != "eos":
            self.reason = "stop"
        return text


def _prefill(
    text_model: TextModel, ids: Sequence[int], cache: KVCache, clock: _Clock, should_end: Callable[[], bool]
) -> Generator[RowEvent, None, Tensor | None]:
    """Read the prompt in chunks; returns the logits after it, or None if stopped before a chunk."""
    prefill_s = 0.0
    logits = None
    for start in range(0, len(ids), PREFILL_CHUNK):
        if should_end():
            return None
        begun_s = clock.now()
        chunk = torch.tensor([list(ids[start : start + PREFILL_CHUNK])])
        done = start + chunk.shape[1]
        if done < len(ids):
            text_model.model.read(chunk, cache)
        else:
            logits = text_model.model.forward(chunk, cache)
        prefill_s += clock.now() - begun_s
        if done < len(ids):
            yield RowEvent(0, PromptProgress(done, len(ids), clock.now()))
    yield RowEvent(0, PromptProcessed(len(ids), len(ids), prefill_s, cache.nbytes, clock.now()))
    return logits


def _accept(rows: list[_Row], logits: Tensor, prompt: Tensor, cache: KVCache, clock: _Clock) -> Iterator[RowEvent]:
    """Draw one token a row and tell it; rows that end with it say so."""
    try:
        distribution = describe(logits, max(row.settings.top for row in rows))
    except FloatingPointError:
        raise PlaygroundError(
            "The model produced NaN or infinite logits, so the run was ended. The weights may be damaged, or the "
            "number type too narrow: choose fp32 or bf16."
        ) from None
    choices = _choices(rows, logits, prompt)
    now_s = clock.now()
    row_bytes = cache.nbytes // len(rows)
    for place, (row, choice) in enumerate(zip(rows, choices, strict=True)):
        text = row.accept(choice.id)
        yield RowEvent(row.number, _event(row, place, choice, text, distribution, row_bytes, now_s))
        if row.reason is not None:
            yield RowEvent(row.number, Finished(row.reason, "", now_s))


def _choices(rows: list[_Row], logits: Tensor, prompt: Tensor) -> list[Choice]:
    """One draw a row, each by its own settings; rows of the same settings together."""
    groups: dict[Settings, list[int]] = {}
    for place, row in enumerate(rows):
        groups.setdefault(row.sampler, []).append(place)
    chosen: dict[int, Choice] = {}
    for settings, places in groups.items():
        own = logits if len(places) == len(rows) else logits[places]
        group = [rows[place] for place in places]
        if settings.repetition_penalty != 1:
            answers = torch.tensor([row.ids for row in group], dtype=torch.long)
            seen = torch.cat([prompt.expand(len(group), -1), answers], -1)
            own = apply_repetition_penalty(own, seen, settings.repetition_penalty)
        drawn = choose(own, settings, [row.noise for row in group], [len(row.ids) for row in group])
        chosen.update(zip(places, drawn, strict=True))
    return [chosen[place] for place in range(len(rows))]


def _event(
    row: _Row,
    place: int,
    choice: Choice,
    text: str,
    distribution: Distribution,
    row_bytes: int,
    now_s: float,
) -> TokenEvent:
    logprob, rank = distribution.of(place, choice.id)
    top = list(zip(distribution.top_ids[place], distribution.top_probs[place], strict=True))[: row.settings.top]
    return TokenEvent(
        index=len(row.ids) - 1,
        id=choice.id,
        text=text,
        logprob=logprob,
        rank=rank,
        entropy_bits=max(0.0, distribution.entropy_bits[place]),
        sampled_prob=choice.sampled_prob,
        kept=choice.survivors[-1],
        survivors=choice.survivors,
        top=tuple(Candidate(id, row.text_model.piece(id), prob) for id, prob in top),
        kv_cache_bytes=row_bytes,
        time_s=now_s,
    )


def _end_all(rows: list[_Row], reason: FinishReason, clock: _Clock) -> Iterator[RowEvent]:
    for row in rows:
        row.reason = reason
        yield RowEvent(row.number, Finished(reason, row.text.flush(), clock.now()))
