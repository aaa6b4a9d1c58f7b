"""Beam search over the local model, starting from the kept cache of prompt and answer."""

import time
from collections.abc import Callable, Iterator, Sequence

from playground.backends.kept import KeptCaches
from playground.engine.beam import BeamEnd, BeamProgress, beam_search
from playground.engine.events import PreparedPrompt, PromptProcessed
from playground.engine.model import TextModel
from playground.engine.reading import read_to
from playground.engine.rows import room_for
from playground.errors import PlaygroundError
from playground.settings import Settings

BeamUpdate = PromptProcessed | BeamProgress | BeamEnd
"""What a search yields, in this order; a search stopped before it began ends with no answers."""


def beams(
    text_model: TextModel,
    kept: KeptCaches,
    prompt: PreparedPrompt,
    answer_ids: Sequence[int],
    settings: Settings,
    width: int,
    *,
    should_stop: Callable[[], bool],
    started_at: float | None,
) -> Iterator[BeamUpdate]:
    """Read what the kept cache lacks of prompt and answer, then search.

    The search drops its keys and values: rows that are read together differ in their last bits from a row
    that is read alone, as a run does.

    Raises:
        PlaygroundError: The beginning leaves no room, or the width is out of range.
    """
    started_at = time.perf_counter() if started_at is None else started_at
    room = room_for(len(prompt.ids), settings, prompt.context_length)
    if len(answer_ids) >= room:
        raise PlaygroundError(
            f"The answer has all {room} tokens it may have, so nothing can follow: choose an earlier token, or raise "
            "max_new_tokens."
        )
    cache = kept.before(prompt.ids, answer_ids) or text_model.model.new_cache()
    held, begun = cache.length, time.perf_counter()
    logits = read_to(text_model, prompt.ids, answer_ids, cache, should_stop)
    now = time.perf_counter()
    if logits is None:
        yield BeamEnd((), now - started_at)
        return
    kept.keep(prompt.ids, answer_ids, cache.fork())
    computed = len(prompt.ids) + len(answer_ids) - held
    yield PromptProcessed(len(prompt.ids), computed, now - begun, cache.nbytes, now - started_at)
    yield from beam_search(
        text_model, prompt.ids, answer_ids, logits, cache, settings,
        width=width, room=room, should_stop=should_stop, started_at=started_at,
    )  # fmt: skip
