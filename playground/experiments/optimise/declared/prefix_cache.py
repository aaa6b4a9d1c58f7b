"""The prefix cache: its request and its declaration."""

from collections.abc import Iterator

from playground.experiments.costing.fact import FactSource, fact_source, known, where
from playground.experiments.optimise.declare import OptimiseRequest, panel
from playground.experiments.optimise.records import OptimisationRecord
from playground.runs.request import item
from playground.runs.work import Work

NAME = "prefix-cache"
WARM = "same beginning, other question"
ARMS = 4
_QUICK, _READ = 4, 450  # tokens of an answer in the quick form, and of the prompt that ships


class PrefixCacheRequest(OptimiseRequest):
    """A prompt read after others that begin alike, or nearly."""

    tokens: int = item(16, "Tokens of the answer", flags=["--max-new-tokens"], ge=2, le=256)

    @property
    def length(self) -> int:
        """Tokens of each answer."""
        return min(self.tokens, _QUICK) if self.quick else self.tokens

    @property
    def most_tokens(self) -> int:
        """Of all answers."""
        return (ARMS + 1) * (self.cycles + 1) * self.length

    def work(self) -> Work:
        """All arms but the warm one read about the whole prompt."""
        runs = (ARMS + 1) * (self.cycles + 1)
        return Work(runs, self.most_tokens, self.most_tokens, runs * _READ)


def _facts(record: OptimisationRecord) -> Iterator[FactSource]:
    """The share of the prompt that came from the cache, and the time to the first token then."""
    arm = next((one for one in record.variants if one.name == WARM), None)
    if arm is None:
        return
    what = f"prompts with the same beginning, {where(record.model, record.environment)}"
    numbers = {"cached_share": arm.median("hit_share"), "ttft_s": arm.median("ttft_s")}
    if facts := known(what, numbers):
        yield fact_source(record.kind, "Prefix cache", facts)


PREFIX_CACHE = panel(
    NAME,
    "Prefix cache",
    "What it saves to begin from the keys and values of an earlier prompt. Only the beginning that both share can be "
    "used, so one token that changes near the top, such as a time, makes all after it be read again. The panel marks "
    "that token and says what it costs from there on; and it measures which bits of the result reuse changes.",
    PrefixCacheRequest,
    "playground.experiments.optimise.prefix_cache:measure",
    facts=_facts,
)
