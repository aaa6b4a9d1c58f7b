"""How many drafted tokens stand, as vLLM, llama.cpp and AIPerf define it, and what that should gain."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Acceptance:
    """Of an answer, or of several.

    Attributes:
        steps: Passes that verified a draft: how many tokens were drafted, and how many of them stand.
        passes: All passes of the model after the prompt's.
        tokens: What they wrote.
    """

    steps: Sequence[tuple[int, int]]
    passes: int
    tokens: int

    @property
    def length(self) -> float | None:
        """Mean acceptance length, 1 + accepted / steps; None where nothing was drafted."""
        return 1 + sum(stood for _, stood in self.steps) / len(self.steps) if self.steps else None

    @property
    def share(self) -> float | None:
        """Of all drafted tokens, those that stand."""
        drafted = sum(count for count, _ in self.steps)
        return sum(stood for _, stood in self.steps) / drafted if drafted else None

    @property
    def tokens_per_pass(self) -> float:
        """Of all passes, those without a draft included."""
        return self.tokens / self.passes if self.passes else 1.0

    def at(self, place: int) -> float | None:
        """Share of the steps in which the draft's token at this place stands, from 1."""
        return sum(stood >= place for _, stood in self.steps) / len(self.steps) if self.steps else None

    def given(self, place: int) -> float | None:
        """The same, of those steps in which the one before it stands and there is one at this place."""
        able = [stood for drafted, stood in self.steps if drafted >= place and stood >= place - 1]
        return sum(stood >= place for stood in able) / len(able) if able else None

    @property
    def alike(self) -> float | None:
        """The share of judged tokens that stand: what every place has if places are independent."""
        judged = sum(min(drafted, stood + 1) for drafted, stood in self.steps)
        return sum(stood for _, stood in self.steps) / judged if judged else None


def together(some: Iterable[Acceptance]) -> Acceptance:
    """Of several answers, each step counted once."""
    some = list(some)
    steps = [step for one in some for step in one.steps]
    return Acceptance(steps, sum(one.passes for one in some), sum(one.tokens for one in some))


def expected_tokens(stands: float, drafted: int) -> float:
    """Tokens of a pass if each drafted token stands with this probability, independent of the others.

    Formula: (1 - a^(g + 1)) / (1 - a). Source: Leviathan et al. 2022, arXiv 2211.17192.
    """
    return sum(stands**place for place in range(drafted + 1))


def speed_up(stands: float, drafted: int, draft_step: float, verify: float) -> float:
    """Against plain decoding.

    Formula: tokens of a pass / (g x c + v).

    Args:
        stands: Probability that a drafted token stands.
        drafted: Tokens of a draft, g.
        draft_step: Cost of drafting one, c, in steps of plain decoding.
        verify: Cost of a pass over g + 1 tokens, v, in the same.
    """
    return expected_tokens(stands, drafted) / (drafted * draft_step + verify)


def best_draft(stands: float, draft_step: float, most: int) -> int:
    """The draft length that gains most if a pass costs the same however many tokens it verifies."""
    return max(range(1, most + 1), key=lambda drafted: speed_up(stands, drafted, draft_step, 1.0))


class PassCost:
    """What a pass costs by its number of tokens, in steps of plain decoding: v(k), measured.

    Args:
        seconds: By number of tokens, in several rounds.
        steps_s: Of a step, in the same rounds: a slow moment slows both alike.
    """

    def __init__(self, seconds: Mapping[int, Sequence[float]], steps_s: Sequence[float]):
        self.sizes = sorted(seconds)
        self._steps = {size: median(one / step for one, step in zip(seconds[size], steps_s, strict=True))
                       for size in self.sizes}  # fmt: skip

    def of(self, tokens: int) -> float:
        """Of this many tokens; on a line between the sizes that were measured."""
        if tokens in self._steps:
            return self._steps[tokens]
        below = max((size for size in self.sizes if size < tokens), default=self.sizes[0])
        above = min((size for size in self.sizes if size > tokens), default=self.sizes[-1])
        part = (tokens - below) / (above - below) if above != below else 0.0
        return self._steps[below] + part * (self._steps[above] - self._steps[below])

    def gained(self, passes: Sequence[tuple[int, int]]) -> float:
        """Speed-up of passes, each (tokens drafted, tokens written), whose drafts cost nothing."""
        spent = sum(self.of(1 + drafted) for drafted, _ in passes)
        return sum(written for _, written in passes) / spent if spent else 1.0
