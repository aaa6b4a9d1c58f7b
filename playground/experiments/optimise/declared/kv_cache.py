"""The KV cache: its request and its declaration."""

from typing import Literal

from playground.experiments.optimise.declare import OptimiseRequest, panel
from playground.runs.request import item
from playground.runs.work import Work

NAME = "kv-cache"
WITH, WITHOUT = "with a KV cache", "without"
NARROW: tuple[tuple[Literal[4, 8, 16], Literal[4, 8, 16]], ...] = ((16, 16), (8, 8), (8, 4), (4, 8), (4, 4))
_QUICK = 24


class KVCacheRequest(OptimiseRequest):
    """An answer with and without its cache, and with narrower ones."""

    tokens: int = item(64, "Tokens of the answer", flags=["--max-new-tokens"], ge=8, le=512)

    @property
    def length(self) -> int:
        """Tokens of each answer."""
        return min(self.tokens, _QUICK) if self.quick else self.tokens

    @property
    def most_tokens(self) -> int:
        """Of all arms."""
        return (len(NARROW) + 3) * (self.cycles + 1) * self.length

    def work(self) -> Work:
        """Without a cache, a token takes as long as reading all before it: a few steps of one token."""
        steps = (len(NARROW) + 6) * (self.cycles + 1) * self.length
        return Work((len(NARROW) + 3) * (self.cycles + 1), self.most_tokens, steps)


KV_CACHE = panel(
    NAME,
    "KV cache",
    "What keeping keys and values saves, and how few bits they can have. Without the cache every token reads all "
    "before it again, so the time of a token grows with its position; with it, memory grows instead. Narrower numbers "
    "take less memory: what they change in the model's distribution is measured on the same text.",
    KVCacheRequest,
    "playground.experiments.optimise.kv_cache:measure",
)
