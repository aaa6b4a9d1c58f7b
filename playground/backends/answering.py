"""Answers of the local model from the beginning, or from the beginning of an earlier prompt: one, or rows."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from playground.backends.kept import KeptCaches
from playground.engine.clock import Clock
from playground.engine.events import Event, PreparedPrompt, PromptProcessed, RowEvent, TokenEvent
from playground.engine.generate import stream, stream_batch
from playground.engine.model import KVCache, TextModel
from playground.settings import Settings


def _beginning(kept: KeptCaches, prompt: PreparedPrompt, settings: Settings) -> KVCache | None:
    return kept.beginning(prompt.ids, prompt.person) if settings.reuse_prefix else None


def answered(
    text_model: TextModel,
    kept: KeptCaches,
    prompt: PreparedPrompt,
    settings: Settings,
    *,
    should_stop: Callable[[], bool],
    clock: Clock | None,
) -> Iterator[Event]:
    """One answer. Its keys and values are kept as long as there is room."""
    begun, ids = _beginning(kept, prompt, settings), list[int]()
    cache = begun or text_model.model.new_cache()
    events = stream(
        text_model, prompt.ids, settings, context_length=prompt.context_length, cache=cache,
        should_stop=should_stop, clock=clock,
    )  # fmt: skip
    try:
        for event in events:
            if isinstance(event, TokenEvent):
                ids.append(event.id)
            yield event
    finally:
        kept.keep(prompt.ids, ids, cache, is_exact=begun is None, person=prompt.person)


def answered_rows(
    text_model: TextModel,
    kept: KeptCaches,
    prompt: PreparedPrompt,
    settings: Sequence[Settings],
    *,
    rows_at_once: int,
    should_stop: Callable[[], bool],
    clock: Clock | None,
) -> Iterator[RowEvent]:
    """Several answers to one prompt. Of the cache only the prompt is kept, and only where prompts are reused."""
    begun = _beginning(kept, prompt, settings[0])
    cache = begun or text_model.model.new_cache()
    rows = stream_batch(
        text_model, prompt.ids, settings, context_length=prompt.context_length, cache=cache,
        rows_at_once=rows_at_once, should_stop=should_stop, clock=clock,
    )  # fmt: skip
    with closing(rows):
        for item in rows:
            if isinstance(item.event, PromptProcessed) and settings[0].reuse_prefix:
                kept.keep(prompt.ids, (), cache.fork(), is_exact=begun is None, person=prompt.person)
            yield item
