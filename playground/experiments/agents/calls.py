"""One measured call of the loop, on the cache of the previous call; and once more without a cache."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from playground.engine.events import Event, Finished, PromptProcessed, TokenEvent
from playground.experiments.agents.experiment import AgentRequest
from playground.experiments.agents.records import CallRecord
from playground.metrics.formulas.tokens import usage_cost
from playground.metrics.prices import rates
from playground.runs.experiment import Lab
from playground.runs.stages import Stopped
from playground.settings import Settings


class Caller:
    """Makes the calls of one loop."""

    def __init__(self, lab: Lab, request: AgentRequest, reference: str):
        self._rates = rates(reference).plain()
        self._lab, self._request = lab, request
        self._chain = lab.backend.chain()

    def warm_up(self, ids: Sequence[int]) -> None:
        """A short warm-up pass: a model's first pass sets things up."""
        self._first_token(ids[:64], self._request.settings)

    def call(self, purpose: Literal["answer", "summary"], ids: Sequence[int], settings: Settings) -> CallRecord:
        """The whole answer.

        Raises:
            Stopped: On the way.
        """
        held = self._chain.held_tokens
        events = list(self._chain.stream(ids, settings, should_stop=self._lab.should_stop))
        processed, tokens, finished = _sorted(events)
        if processed is None or finished is None or finished.reason == "cancelled":
            raise Stopped
        answer, cached = [token.id for token in tokens], len(ids) - processed.computed_tokens
        plain = self._first_token(ids, settings) if self._request.without_cache else (None, None)
        if self._request.without_cache and plain[1] is None:
            raise Stopped
        resent, with_cache = self._prices(len(ids), cached, len(answer))
        return CallRecord(
            purpose=purpose, prompt_tokens=len(ids), held_tokens=held, cached_tokens=cached,
            computed_tokens=processed.computed_tokens, output_tokens=len(answer), prefill_s=processed.prefill_s,
            ttft_s=tokens[0].time_s if tokens else None, e2e_s=finished.time_s, plain_prefill_s=plain[0],
            plain_ttft_s=plain[1], resent_usd=resent, cached_usd=with_cache, token_ids=answer,
            text="".join(token.text for token in tokens) + finished.text, finish_reason=finished.reason,
        )  # fmt: skip

    def _first_token(self, ids: Sequence[int], settings: Settings) -> tuple[float | None, float | None]:
        """Prefill time and ttft of a prompt that is read without a cache."""
        one = settings.model_copy(update={"max_new_tokens": 1, "top": 0})
        stop = self._lab.should_stop
        events = list(self._lab.backend.chain().stream(ids, one, should_stop=stop))
        processed, tokens, _ = _sorted(events)
        return processed.prefill_s if processed else None, tokens[0].time_s if tokens else None

    def _prices(self, prompt: int, cached: int, output: int) -> tuple[Decimal, Decimal]:
        """USD with nothing cached, and with the tokens that were cached."""
        resent = usage_cost(prompt, 0, 0, output, self._rates)["total_usd"]
        return resent, usage_cost(prompt, cached, prompt - cached, output, self._rates)["total_usd"]


def _sorted(events: Sequence[Event]) -> tuple[PromptProcessed | None, list[TokenEvent], Finished | None]:
    processed = next((one for one in events if isinstance(one, PromptProcessed)), None)
    tokens = [one for one in events if isinstance(one, TokenEvent)]
    return processed, tokens, next((one for one in events if isinstance(one, Finished)), None)
