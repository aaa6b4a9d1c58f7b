"""Compile: its request and its declaration."""

from playground.experiments.optimise.declare import OptimiseRequest, panel
from playground.runs.request import item
from playground.runs.work import Work

NAME = "compile"
MOST_S = 120  # that the compiler may take
_QUICK = 16


class CompileRequest(OptimiseRequest):
    """The same answer with and without a compiled step."""

    tokens: int = item(32, "Tokens of the answer", flags=["--max-new-tokens"], ge=4, le=512)
    patience: int = item(MOST_S, "Seconds that the compiler may take", "Then it is ended.", ge=1, le=MOST_S)

    @property
    def length(self) -> int:
        """Tokens of each answer."""
        return min(self.tokens, _QUICK) if self.quick else self.tokens

    @property
    def most_tokens(self) -> int:
        """Of all arms."""
        return (3 * self.cycles + 3) * self.length

    def work(self) -> Work:
        """How long the compiler takes is not known before."""
        return Work(3 * self.cycles + 3, self.most_tokens, 2 * self.most_tokens)


COMPILE = panel(
    NAME,
    "Compile",
    "What torch.compile gains, and how many tokens pay for its warm-up. Transformers' module in fp32 answers as it is "
    "and with a compiled step, in a separate process; the prompt is read uncompiled. What is predicted is the limit "
    "of the memory, which no compiler can pass. A compiler that takes too long is ended.",
    CompileRequest,
    "playground.experiments.optimise.compile:measure",
)
