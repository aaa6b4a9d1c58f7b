"""An answer of the local model continued from the kept cache of prompt and answer: as a run, or by beam search."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from playground.backends.kept import KeptCaches
from playground.engine.beam import BeamEnd, BeamProgress, beam_search
from playground.engine.clock import Clock
from playground.engine.events import Event, PreparedPrompt, PromptProcessed, TokenEvent
from playground.engine.generate import stream
from playground.engine.model import TextModel
from playground.engine.reading import read_to
from playground.engine.rows import room_for
from playground.errors import PlaygroundError
from playground.settings import Settings

BeamUpdate = PromptProcessed | BeamProgress | BeamEnd
"""What a search yields, in this order; a search stopped before it began ends with no answers."""


def resumed(
    text_model: TextModel,
    kept: KeptCaches,
    prompt: PreparedPrompt,
    answer_ids: Sequence[int],
    settings: Settings,
    *,
    tell_from: int | None,
    should_stop: Callable[[], bool],
    clock: Clock | None,
) -> Iterator[Event]:
    """Continue after these tokens of an answer, some of which may differ from the tokens drawn.

    What is kept of prompt and answer is not read again: `PromptProcessed.computed_tokens` counts the rest. The first
    token reported is `tell_from`, or the last of `answer_ids`; times are
    readings of the clock.
    """
    clock = clock or Clock()
    ids = list(answer_ids[:-1] if tell_from is None else answer_ids[:tell_from])
    cache = kept.before(prompt.ids, ids) or text_model.model.new_cache()
    held, silent, processed = cache.length, len(ids), None
    events = stream(
        text_model, prompt.ids, settings, context_length=prompt.context_length,
        forced=answer_ids, cache=cache, should_stop=should_stop, clock=clock,
    )  # fmt: skip
    try:
        for event in events:
            if isinstance(event, PromptProcessed):
                processed = event
            elif isinstance(event, TokenEvent) and event.index < silent:
                continue
            else:
                if isinstance(event, TokenEvent):
                    ids.append(event.id)
                if processed is not None:
                    computed = len(prompt.ids) + silent - held
                    yield replace(processed, computed_tokens=computed, prefill_s=event.time_s, time_s=event.time_s)
                    processed = None
                yield event
    finally:
        kept.keep(prompt.ids, ids, cache)


def beams(
    text_model: TextModel,
    kept: KeptCaches,
    prompt: PreparedPrompt,
    answer_ids: Sequence[int],
    settings: Settings,
    width: int,
    *,
    should_stop: Callable[[], bool],
    clock: Clock | None,
) -> Iterator[BeamUpdate]:
    """Read what the kept cache lacks of prompt and answer, then search.

    The search drops its keys and values: rows that are read together differ in their last bits from a row
    that is read alone, as a run does.

    Raises:
        PlaygroundError: The beginning leaves no room, or the width is out of range.
    """
    clock = clock or Clock()
    room = room_for(len(prompt.ids), settings, prompt.context_length)
    if len(answer_ids) >= room:
        raise PlaygroundError(
            f"The answer has all {room} tokens it may have, so nothing can follow: choose an earlier token, or raise "
            "max_new_tokens."
        )
    cache = kept.before(prompt.ids, answer_ids) or text_model.model.new_cache()
    held, begun_s = cache.length, clock.now()
    logits = read_to(text_model, prompt.ids, answer_ids, cache, should_stop)
    now_s = clock.now()
    if logits is None:
        yield BeamEnd((), now_s)
        return
    kept.keep(prompt.ids, answer_ids, cache.fork())
    computed = len(prompt.ids) + len(answer_ids) - held
    yield PromptProcessed(len(prompt.ids), computed, now_s - begun_s, cache.nbytes, now_s)
    yield from beam_search(
        text_model, prompt.ids, answer_ids, logits, cache, settings,
        width=width, room=room, should_stop=should_stop, clock=clock,
    )  # fmt: skip
