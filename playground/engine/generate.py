"""The one loop: read the prompt, then one token after the other, each an event.

Live view, saved run and replay all consume these events. Nothing here knows files, networks or pages. A run ends when
its generator is closed, when `should_stop` is true (called before every forward pass: each chunk of the prompt, each
token after the first), or by itself.
"""

from collections.abc import Callable, Generator, Iterator, Sequence

import torch
from torch import Tensor

from playground.engine.chunks import chunk_tokens
from playground.engine.clock import Clock
from playground.engine.events import Candidate, Event, Finished, PromptProcessed, PromptProgress, RowEvent, TokenEvent
from playground.engine.model import KVCache, TextModel
from playground.engine.rows import Row, end_all, room_for
from playground.engine.sampling import Choice, Distribution, apply_repetition_penalty, choice_of, choose, describe
from playground.errors import PlaygroundError
from playground.settings import Settings


def stream(
    text_model: TextModel,
    prompt_ids: Sequence[int],
    settings: Settings,
    *,
    context_length: int | None = None,
    forced: Sequence[int] = (),
    cache: KVCache | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    clock: Clock | None = None,
) -> Iterator[Event]:
    """One answer, event by event.

    Args:
        text_model: Model, tokenizer and end-of-answer ids.
        prompt_ids: Token ids of the prompt, at least one.
        settings: Checked settings with a seed. Their context length is the requested one: it is not read here.
        context_length: The limit that the prompt was cut to, of prompt and answer together; None sets none.
        forced: First tokens of the answer, taken instead of drawn: a branch.
        cache: Read and written; None starts empty. It may hold whole chunks of the prompt, or the prompt and the
            first forced tokens, but not all of them: those it holds, and the next one, are not reported again. Any
            other prefix of the prompt works too, but last bits then differ from a run without a cache.
        should_stop: Called before every forward pass.
        clock: Times are its readings; None begins one now.

    Raises:
        PlaygroundError: The model produced NaN or infinite logits, or the answer ends within the forced tokens.
    """
    batch = stream_batch(
        text_model, prompt_ids, [settings], context_length=context_length, forced=forced, cache=cache,
        should_stop=should_stop, clock=clock,
    )  # fmt: skip
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
    context_length: int | None = None,
    forced: Sequence[int] = (),
    cache: KVCache | None = None,
    rows_at_once: int | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    clock: Clock | None = None,
) -> Generator[RowEvent, None, None]:
    """Several answers to one prompt, which is read once; a row whose answer has ended leaves the batch.

    Args:
        text_model: As in `stream`.
        prompt_ids: As in `stream`; all rows share it.
        settings: One per row; each row draws, stops and ends by its settings.
        context_length: As in `stream`.
        forced: As in `stream`; all rows begin with them.
        cache: As in `stream`, one row.
        rows_at_once: More rows than this are answered in waves, one after the other; None is all at once.
        should_stop: As in `stream`. Rows that had ended are unchanged.
        clock: As in `stream`.
    """
    clock = clock or Clock()
    rooms = [room_for(len(prompt_ids), own, context_length) for own in settings]
    rows = [
        Row(n, text_model, own, rooms[n], clock, prompt_ids, forced=tuple(forced)) for n, own in enumerate(settings)
    ]
    cache = text_model.model.new_cache() if cache is None else cache
    logits = yield from _read(text_model, prompt_ids, rows, cache, clock, should_stop)
    if logits is None:
        yield from end_all(rows, "cancelled" if should_stop() else "time", clock)
        return
    prompt = torch.tensor(prompt_ids)
    wave = rows_at_once or len(rows)
    for first in range(0, len(rows), wave):
        if first and should_stop():
            yield from end_all(rows[first:], "cancelled", clock)
            return
        is_last = first + wave >= len(rows)
        own_cache = cache if is_last else cache.fork()
        for row in rows[first : first + wave] if first else []:
            row.begun_s = clock.now()  # it waited for other waves: its time begins now
        yield from _decode(text_model, rows[first : first + wave], logits, prompt, own_cache, clock, should_stop)


def _decode(
    text_model: TextModel,
    rows: list[Row],
    logits: Tensor,
    prompt: Tensor,
    cache: KVCache,
    clock: Clock,
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
            yield from end_all([rows[place] for place in alive], "cancelled", clock)
            return
        if len(alive) < len(rows):
            cache.select(alive)
            rows = [rows[place] for place in alive]
        logits = text_model.model.forward(torch.tensor([[row.ids[-1]] for row in rows]), cache)


def _read(
    text_model: TextModel,
    prompt_ids: Sequence[int],
    rows: list[Row],
    cache: KVCache,
    clock: Clock,
    should_stop: Callable[[], bool],
) -> Generator[RowEvent, None, Tensor | None]:
    """Read what the cache does not hold yet; returns the logits after it, or None if stopped before a chunk."""
    held = cache.length - len(prompt_ids)
    if held < 0:
        return (
            yield from _prefill(
                text_model, prompt_ids, cache, clock, lambda: should_stop() or all(row.late for row in rows)
            )
        )
    begun_s = clock.now()
    for row in rows:
        row.skip(held + 1)
    logits = text_model.model.forward(torch.tensor([[rows[0].forced[held]]]), cache)
    yield RowEvent(0, PromptProcessed(len(prompt_ids), 1, clock.now() - begun_s, cache.nbytes, clock.now()))
    return logits


def _prefill(
    text_model: TextModel, ids: Sequence[int], cache: KVCache, clock: Clock, should_end: Callable[[], bool]
) -> Generator[RowEvent, None, Tensor | None]:
    """Read the prompt in chunks; returns the logits after it, or None if stopped before a chunk."""
    prefill_s = 0.0
    logits, held, size = None, cache.length, chunk_tokens(text_model.model, len(ids))
    for start in range(held, len(ids), size):
        if should_end():
            return None
        begun_s = clock.now()
        chunk = torch.tensor([list(ids[start : start + size])])
        done = start + chunk.shape[1]
        if done < len(ids):
            text_model.model.read(chunk, cache)
        else:
            logits = text_model.model.forward(chunk, cache)
        prefill_s += clock.now() - begun_s
        if done < len(ids):
            yield RowEvent(0, PromptProgress(done, len(ids), clock.now()))
    yield RowEvent(0, PromptProcessed(len(ids), len(ids) - held, prefill_s, cache.nbytes, clock.now()))
    return logits


def _accept(rows: list[Row], logits: Tensor, prompt: Tensor, cache: KVCache, clock: Clock) -> Iterator[RowEvent]:
    """Draw one token per row and report it, and the end of rows that end with it."""
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


def _choices(rows: list[Row], logits: Tensor, prompt: Tensor) -> list[Choice]:
    """One draw per row, by the row's settings; rows with equal settings are drawn together."""
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
        for place, row, scores, choice in zip(places, group, own, drawn, strict=True):
            token = row.next_forced()
            chosen[place] = choice if token is None or token == choice.id else choice_of(token, scores, settings)
    return [chosen[place] for place in range(len(rows))]


def _event(
    row: Row,
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
