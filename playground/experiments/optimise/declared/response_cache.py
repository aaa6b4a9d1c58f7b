"""The response cache: its request and its declaration."""

from collections.abc import Iterator

from playground.experiments.costing.fact import FactSource, fact_source, known, where
from playground.experiments.optimise.declare import OptimiseRequest, panel
from playground.experiments.optimise.records import OptimisationRecord
from playground.runs.request import item
from playground.runs.work import Work

NAME = "response-cache"
ARMS = 4
DRAWS = 8  # of the person's prompt, together, to see what a cache hides
_REQUESTS, _QUICK_REQUESTS, _QUICK = 11, 8, 6


class ResponseCacheRequest(OptimiseRequest):
    """Requests of which some have been answered before, word by word or in other words."""

    tokens: int = item(16, "Tokens of each answer", flags=["--max-new-tokens"], ge=2, le=256)
    threshold: float | None = item(
        None,
        "Threshold",
        "Least similarity of a hit; if not given, that which 90% of half of the paraphrases reach.",
        ge=-1,
        le=1,
    )

    @property
    def length(self) -> int:
        """Tokens of each answer."""
        return min(self.tokens, _QUICK) if self.quick else self.tokens

    @property
    def of_each(self) -> int:
        """How many requests of each kind: repeated, in other words, opposite."""
        return ((_QUICK_REQUESTS if self.quick else _REQUESTS) - 2) // 3

    @property
    def most_tokens(self) -> int:
        """Of all answers, those that fill the cache included."""
        return (self.of_each * 3 + 2) * self.length * ((ARMS + 1) * (self.cycles + 1) + 1) + DRAWS * self.length

    def work(self) -> Work:
        """A cache answers a part of them without the model."""
        requests = self.of_each * 3 + 2
        return Work((ARMS + 1) * (self.cycles + 1), self.most_tokens, self.most_tokens, 60 * 12 + requests * 40)


def _facts(record: OptimisationRecord) -> Iterator[FactSource]:
    """The hit rate of the best cache that is never wrong."""
    rates = {
        arm.name: rate
        for arm in record.variants
        if not arm.median("wrong_share") and (rate := arm.median("answered_share")) is not None
    }
    if rates:
        name = max(rates, key=lambda one: rates[one])
        what = f"cache of {name}, never wrong on requests that ship, {where(record.model, record.environment)}"
        yield fact_source(record.kind, "Response cache", known(what, {"answer_hit_rate": rates[name]}))


RESPONSE_CACHE = panel(
    NAME,
    "Response cache",
    "What it saves to give an old answer again, to the same request or to a similar one. Similar is what the model's "
    "own hidden states say, averaged over a request. Requests that mean the opposite are nearly the same words, so the "
    "panel asks whether any threshold tells them from paraphrases, and what a cache hides: draws that would differ.",
    ResponseCacheRequest,
    "playground.experiments.optimise.response_cache:measure",
    facts=_facts,
)
