"""Speculative decoding: its request and its declaration."""

from collections.abc import Sequence
from typing import Self

from playground.experiments.optimise.declare import OptimiseRequest, panel
from playground.runs.request import item
from playground.runs.work import Work

NAME = "speculative"
MOST = 15  # tokens of a draft
PROMPTS = 12  # of several kinds
_ARMS = 6  # with the second baseline
_QUICK = 24
_PASSES = 160  # steps that measuring a pass takes, for each repeat


class SpeculativeRequest(OptimiseRequest):
    """An answer by draft and verification, several ways."""

    tokens: int = item(64, "Tokens of the answer", flags=["--max-new-tokens"], ge=8, le=512)
    draft: str = item("", "Draft model", "A smaller model with the same tokenizer, by its id or folder.")
    sampled: bool = item(False, "Sampled", "With the settings' temperature and cuts rather than greedily.")
    draft_length: int = item(0, "Tokens of a draft", "Of prompt lookup; 0 takes the best of a sweep.", ge=0, le=MOST)

    @property
    def length(self) -> int:
        """Tokens of each answer."""
        return min(self.tokens, _QUICK) if self.quick else self.tokens

    @property
    def repeats(self) -> int:
        """How often a pass of each size is measured."""
        return 3 if self.quick else 7

    @property
    def pairs(self) -> int:
        """How often a prompt of the list is answered each way."""
        return 1 if self.quick else 3

    @property
    def most_tokens(self) -> int:
        """Of all arms and prompts."""
        return ((_ARMS + bool(self.draft)) * (self.cycles + 1) + 3 * PROMPTS * self.pairs + 1) * self.length

    def work(self) -> Work:
        """A draft that fails costs a part of a step, one that stands saves one: about a step for each token."""
        steps = self.most_tokens + (1 + self.repeats) * _PASSES
        return Work(_ARMS * (self.cycles + 1) + 3 * PROMPTS * self.pairs, self.most_tokens, steps)

    def more_models(self) -> list[str]:
        """The draft model."""
        return [self.draft] if self.draft else []

    def with_models(self, ids: Sequence[str]) -> Self:
        """The same with these ids: its own, then the draft model's."""
        return self.model_copy(update={"model": ids[0], "draft": ids[1] if len(ids) > 1 else ""})


SPECULATIVE = panel(
    NAME,
    "Speculation",
    "What guessing the next tokens and verifying them in one pass gains. Guesses come from the text itself, from the "
    "model's first layers, or from a smaller model. A pass over several tokens costs more than a step, so its cost is "
    "measured first and the gain predicted from it. The answer is the model's own; exact verification makes it so in "
    "every bit.",
    SpeculativeRequest,
    "playground.experiments.optimise.speculative:measure",
)
