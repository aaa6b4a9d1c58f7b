"""What the prefix cache's panel says and draws: the token that broke the beginning, savings, bits, the verdict."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from playground.backends.kept import common
from playground.experiments.optimise.closeness import Closeness
from playground.experiments.optimise.declared.prefix_cache import WARM
from playground.experiments.optimise.prefix_prompts import Prompts
from playground.experiments.optimise.records import Figure, Grid, Line, Piece, Standing, Traced
from playground.experiments.optimise.verdict import difference, verdict_of
from playground.metrics.prices import rates
from playground.numbers import short_number
from playground.runs.experiment import Lab

COLD, TIME, MIDDLE = "cold", "other time at the top", "one more sentence in the middle"
_KINDS = {"kept": "from the cache", "broke": "broke here", "read": "read again"}
_POINTS = 12


@dataclass(frozen=True)
class Bits:
    """The logits of an answer's steps after a beginning from the cache, against those without.

    Attributes:
        is_border: Whether the beginning ends where a chunk of the prompt does.
        tokens: Of the beginning.
        apart: The largest difference of two logits.
        largest: The largest logit.
        same_bits: Whether no logit differs.
        near: How close the distributions are.
    """

    is_border: bool
    tokens: int
    apart: float
    largest: float
    same_bits: bool
    near: Closeness

    @property
    def same_tokens(self) -> bool:
        """Whether the likeliest token is the same at every step."""
        return self.near.top1_share == 1

    def numbers(self) -> dict[str, float]:
        """By the names of `quantities`."""
        return {"logit_change": self.apart, **self.near.numbers()}

    @property
    def words(self) -> str:
        """In words."""
        place = "at the border of a chunk" if self.is_border else "within a chunk"
        if self.same_bits:
            return f"Reuse {place} ({self.tokens} tokens) changes no bit."
        also = "the greedy tokens stay the same" if self.same_tokens else "greedy tokens differ"
        return (
            f"Reuse {place} ({self.tokens} tokens) changes last bits: logits differ by up to {short_number(self.apart)}"
            f", {self.apart / self.largest:.0e} of the largest, and {also}."
        )


class Shown:
    """Everything beside the arms; `held` and `seconds` are the bench's: cached tokens by arm, time by tokens read."""

    def __init__(
        self, lab: Lab, prompts: Prompts, found: Standing, bits: Sequence[Bits], held: Mapping[str, int],
        seconds: Callable[[float], float],
    ):  # fmt: skip
        self._lab, self._prompts, self._found, self._bits = lab, prompts, found, bits
        self._held, self._seconds = held, seconds
        self._reference = lab.runner.pricing.reference
        self._arms = {arm.name: arm for arm in found.arms if not arm.not_here}

    def _median(self, name: str, quantity: str) -> float:
        value = self._arms[name].median(quantity)
        assert value is not None
        return value

    def _lost(self, name: str) -> tuple[int, float, Decimal]:
        """Tokens, seconds and USD that this arm pays more than the one whose beginning holds."""
        lost_s = self._median(name, "ttft_s") - self._median(WARM, "ttft_s")
        lost_usd = self._median(name, "input_usd") - self._median(WARM, "input_usd")
        return self._held[WARM] - self._held[name], lost_s, Decimal(str(lost_usd))

    def _break_words(self, name: str) -> str:
        tokens, seconds, usd = self._lost(name)
        lost = f"{tokens} tokens"
        one = difference(self._found, self._arms[name], "ttft_s")
        warm = difference(self._found, self._arms[WARM], "ttft_s")
        if one is not None and warm is not None and (one.is_seen or warm.is_seen):
            lost += f", {short_number(1000 * seconds)} ms"
        else:
            lost += ", no difference seen in time"
        if rates(self._reference).has_cached:
            lost += (
                f" and {short_number(float(100 * usd))} cents of a request at {self._reference}'s cached-input price"
            )
        at, total = self._held[name] + 1, len(self._prompts.read.ids)
        return f"Token {at} of {total} broke the beginning; lost from there on: {lost}."

    def texts(self) -> list[Traced]:
        """The prompt with the token at which the earlier one stopped matching, where both can be measured."""
        if WARM not in self._arms:
            return []
        return [self._traced(name) for name in (TIME, MIDDLE)]

    def _traced(self, name: str) -> Traced:
        earlier = {TIME: self._prompts.time, MIDDLE: self._prompts.middle}[name]
        ids = self._prompts.read.ids
        at = common(earlier.ids, ids)
        spans = (("kept", ids[:at]), ("broke", ids[at : at + 1]), ("read", ids[at + 1 :]))

        def pieces(tokenizer: Any) -> list[Piece]:
            return [Piece(text=tokenizer.decode(list(part)), kind=kind) for kind, part in spans if part]

        title = f"{name[:1].upper()}{name[1:]}. {self._break_words(name)}"
        return Traced(title=title, kinds=_KINDS, pieces=self._lab.backend.tokenize(pieces))

    def times(self) -> Figure:
        """Time to the first token against the tokens that had to be read."""
        total = len(self._prompts.read.ids)
        xs = [1 + (total - 1) * place / (_POINTS - 1) for place in range(_POINTS)]
        arms = sorted(self._arms.values(), key=lambda arm: arm.median("computed_prompt_tokens") or 0)
        read = [arm.measured["computed_prompt_tokens"].median for arm in arms]
        took = [arm.measured["ttft_s"] for arm in arms]
        lines = [
            Line(name="predicted", xs=xs, ys=[self._seconds(x) for x in xs]),
            Line(name="measured", xs=read, ys=[one.median for one in took], low=[one.low for one in took],
                 high=[one.high for one in took], kind="dots"),
        ]  # fmt: skip
        return Figure(
            title="Time to the first token by tokens read", x="tokens read", x_unit="tokens", y="ttft", y_unit="s",
            lines=lines, summary=f"{total} tokens take {short_number(took[-1].median)} s from nothing.",
        )  # fmt: skip

    def grids(self) -> list[Grid]:
        """What each arm saves; which bits change."""
        cold_s, cold_usd = self._median(COLD, "ttft_s"), self._median(COLD, "input_usd")
        rows: list[list[str | float | None]] = [
            [name, self._held[name], arm.median("hit_share"), cold_s - self._median(name, "ttft_s"),
             arm.median("input_usd"), cold_usd - self._median(name, "input_usd")]
            for name, arm in self._arms.items()
        ]  # fmt: skip
        found = rates(self._reference)
        price = "cached input at its own price" if found.has_cached else "which has no price for cached input"
        saved = Grid(
            title="What the cache saves", head=["earlier prompt", "from the cache", "hit rate, by tokens",
            "saved until the first token", "prompt at list price", "saved at list price"],
            units=["", "tokens", "share", "s", "USD", "USD"], rows=rows,
            note=f"Prices of {found.title}, {price}. APIs cache prompts above a minimum length, often 1,024 tokens.",
        )  # fmt: skip
        rows = [
            ["end of a chunk" if one.is_border else "within a chunk", one.tokens, f"{one.apart:.2g}",
             f"{one.apart / one.largest:.1g}", "same" if one.same_bits else "differ",
             "same" if one.same_tokens else "differ"]
            for one in self._bits
        ]  # fmt: skip
        bits = Grid(
            title="Which bits change", head=["reuse ends at the", "tokens reused", "largest difference of logits",
            "of the largest logit", "bits", "greedy tokens"], units=["", "tokens", "", "", "", ""], rows=rows,
            note="Every step of the same answer, against a reading of the whole prompt.",
        )  # fmt: skip
        return [saved, bits]

    def verdict(self, found: Standing) -> str:
        """The arms, where the beginning breaks, and the bits."""
        more = [f"{self._break_words(name)[:-1]} ({name})." for name in (TIME, MIDDLE) if WARM in self._arms]
        if WARM in self._arms and self._lost(TIME)[0] > 0:
            more.append("Write what changes, such as a time, at the end.")
        return verdict_of(found, *more, *(one.words for one in self._bits))
