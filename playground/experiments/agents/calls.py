"""One call of the loop, measured, over the keys and values that the call before left; and once more from nothing."""

import time
from collections.abc import Callable, Sequence
from typing import Literal

from playground.backends.local import LocalBackend
from playground.engine.events import Event, Finished, PromptProcessed, TokenEvent
from playground.engine.generate import stream
from playground.engine.model import KVCache
from playground.experiments.agents.records import CallRecord
from playground.experiments.agents.request import AgentRequest
from playground.metrics.formulas.tokens import usage_cost
from playground.metrics.prices import rates
from playground.settings import Settings


class Caller:
    """Makes the calls of one loop.

    Its cache is its own: `KeptCaches` matches whole prompts, so that a branch differs in no bit. Here the longest
    common beginning is reused, as servers do, and products of other shapes may differ in their last bits.
    """

    def __init__(self, backend: LocalBackend, request: AgentRequest, reference: str, should_stop: Callable[[], bool]):
        self._rates = rates(reference).plain()
        self._backend, self._request, self._should_stop = backend, request, should_stop
        self._held: tuple[int, ...] = ()
        self._cache: KVCache | None = None

    def warm_up(self, ids: Sequence[int]) -> None:
        """A short unmeasured pass: the first one of a model sets things up."""
        self._first_token(ids[:64], self._request.settings)

    def call(self, purpose: Literal["answer", "summary"], ids: Sequence[int], settings: Settings) -> CallRecord | None:
        """The whole answer; None if it was stopped on the way."""
        held = len(self._held)
        begun = time.perf_counter()
        cache = self._reused(ids)
        cached = cache.length
        events = list(
            stream(
                self._backend.text_model, ids, settings, cache=cache, should_stop=self._should_stop, started_at=begun
            )
        )
        processed, tokens, finished = _told(events)
        if processed is None or finished is None or finished.reason == "cancelled":
            return None
        answer = [token.id for token in tokens]
        self._cache, self._held = cache, (*ids, *answer)[: cache.length]
        plain = self._first_token(ids, settings) if self._request.without_cache else (None, None)
        if self._request.without_cache and plain[1] is None:
            return None
        resent, with_cache = self._prices(len(ids), cached, len(answer))
        return CallRecord(
            purpose=purpose, prompt_tokens=len(ids), held_tokens=held, cached_tokens=cached,
            computed_tokens=processed.computed_tokens, output_tokens=len(answer), prefill_s=processed.prefill_s,
            ttft_s=tokens[0].time_s if tokens else None, e2e_s=finished.time_s, plain_prefill_s=plain[0],
            plain_ttft_s=plain[1], resent_usd=resent, cached_usd=with_cache, token_ids=answer,
            text="".join(token.text for token in tokens) + finished.text, finish_reason=finished.reason,
        )  # fmt: skip

    def _reused(self, ids: Sequence[int]) -> KVCache:
        """A copy of what the last call left, up to where this prompt differs, short of its last token."""
        pairs = enumerate(zip(self._held, ids, strict=False))
        common = next((place for place, (a, b) in pairs if a != b), min(len(self._held), len(ids)))
        at = min(common, len(ids) - 1)
        cache = self._cache.fork_at(at) if self._cache is not None and at > 0 else None
        return cache or self._backend.text_model.model.new_cache()  # None: this cache can't forget its end

    def _first_token(self, ids: Sequence[int], settings: Settings) -> tuple[float | None, float | None]:
        """Prefill time and ttft of a prompt that is read from nothing."""
        one = settings.model_copy(update={"max_new_tokens": 1, "top": 0})
        begun = time.perf_counter()
        events = list(stream(self._backend.text_model, ids, one, should_stop=self._should_stop, started_at=begun))
        processed, tokens, _ = _told(events)
        return processed.prefill_s if processed else None, tokens[0].time_s if tokens else None

    def _prices(self, prompt: int, cached: int, output: int):
        """USD with nothing cached, and with what was."""
        resent = usage_cost(prompt, 0, 0, output, self._rates)["total_usd"]
        return resent, usage_cost(prompt, cached, prompt - cached, output, self._rates)["total_usd"]


def _told(events: Sequence[Event]) -> tuple[PromptProcessed | None, list[TokenEvent], Finished | None]:
    processed = next((one for one in events if isinstance(one, PromptProcessed)), None)
    tokens = [one for one in events if isinstance(one, TokenEvent)]
    return processed, tokens, next((one for one in events if isinstance(one, Finished)), None)
