"""Prompts one after the other over one cache: each reads on from the longest beginning that it shares with the last."""

from collections.abc import Callable, Iterator, Sequence

from playground.backends.kept import common
from playground.engine.clock import Clock
from playground.engine.events import Event, TokenEvent
from playground.engine.generate import stream
from playground.engine.model import KVCache, TextModel
from playground.settings import Settings


class LocalChain:
    """The longest common beginning is reused, as servers do.

    `KeptCaches` matches whole prompts, so that a branch differs in no bit. Here products of other shapes may differ in
    their last bits.
    """

    def __init__(self, text_model: TextModel):
        self._text_model = text_model
        self._held: tuple[int, ...] = ()
        self._cache: KVCache | None = None

    @property
    def held_tokens(self) -> int:
        """Tokens of the last prompt and its answer that are held."""
        return len(self._held)

    def stream(
        self,
        ids: Sequence[int],
        settings: Settings,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        clock: Clock | None = None,
    ) -> Iterator[Event]:
        """The answer to a prompt. `PromptProcessed.computed_tokens` counts what had to be read of it."""
        cache, answer = self._reused(ids), list[int]()
        events = stream(self._text_model, ids, settings, cache=cache, should_stop=should_stop, clock=clock)
        try:
            for event in events:
                if isinstance(event, TokenEvent):
                    answer.append(event.id)
                yield event
        finally:
            self._cache, self._held = cache, (*ids, *answer)[: cache.length]

    def _reused(self, ids: Sequence[int]) -> KVCache:
        """A copy of what the last prompt left, up to where this one differs, short of its last token."""
        at = min(common(self._held, ids), len(ids) - 1)
        cache = self._cache.fork_at(at) if self._cache is not None and at > 0 else None
        return cache or self._text_model.model.new_cache()  # None: this cache can't forget its end
