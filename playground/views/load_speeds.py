"""Speeds of the methods under load: median, range, and whether a difference is more than noise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from playground.experiments.determinism.records import ArmRecord
from playground.metrics.passes import Spread, is_apart, is_busy, noise_of, spread_of
from playground.views.format import format_percent, format_rate, without_unit
from playground.views.verdict import NO_DIFFERENCE

_ONCE = (
    "The methods run one after the other, so other programs on this machine make their tokens/s hard to compare. "
    "Each ran once, so a small difference says nothing."
)
_PASSES = (
    "Tokens/s: medians of the same small load several times, there and back over the methods, with their ranges. The "
    "first method was measured twice over: how far it is from itself is noise."
)


@dataclass(frozen=True)
class Speeds:
    """Tokens a second of each timed pass, by method, and of the first method's second measurement."""

    passes: Mapping[str, Sequence[float]] = field(default_factory=dict)
    control: Sequence[float] = ()

    def of(self, arm: ArmRecord) -> Spread | None:
        """Of a method; None without passes."""
        return spread_of(self.passes.get(arm.name, ()))

    def text(self, arm: ArmRecord) -> str:
        """The range of a method; empty without one."""
        spread = self.of(arm)
        return "" if spread is None else f"{without_unit(format_rate(spread.low))} to {format_rate(spread.high)}"

    def cost(self, arm: ArmRecord, first: ArmRecord) -> str:
        """How fast a method is against the first one, where they differ by more than noise."""
        own, other = self.of(arm), self.of(first)
        if arm is first or not first.tokens_per_s:
            return ""
        if own is None or other is None:
            return f"{format_percent(arm.tokens_per_s / first.tokens_per_s)} of {first.title}, one pass"
        if not is_apart(own, other, noise_of([other, own], self.control, other.middle)):
            return f"{NO_DIFFERENCE} from {first.title}"
        return f"{format_percent(own.middle / other.middle)} of {first.title}"

    def note(self, arms: Sequence[ArmRecord]) -> str:
        """How they were measured, and whether the machine was busy."""
        busy = next((arm for arm in arms if is_busy(self.passes.get(arm.name, ()))), None)
        words = "" if busy is None else f" This machine was busy, so they are loose: {busy.title} {self.text(busy)}."
        return f"{_PASSES if self.control else _ONCE}{words}"
