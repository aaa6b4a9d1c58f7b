"""What handing on gains: agreement with the large model by the share of its calls, for several rules."""

from collections.abc import Sequence
from dataclasses import dataclass

_BINS = 5


@dataclass(frozen=True)
class Answered:
    """One question after both models.

    Attributes:
        confidence: Of the small model.
        tokens: Of the question.
        agrees: Whether the small model says what the large one says.
        small_right, large_right: Whether they are right.
    """

    confidence: float
    tokens: int
    agrees: bool
    small_right: bool
    large_right: bool


def curve(order: Sequence[Answered]) -> list[float]:
    """Agreement after handing on the first 0, 1, 2... of these questions."""
    agreeing = [one.agrees for one in order]
    return [(count + sum(agreeing[count:])) / len(order) for count in range(len(order) + 1)]


def by_confidence(answered: Sequence[Answered]) -> list[Answered]:
    """The least sure first, as a cascade hands on."""
    return sorted(answered, key=lambda one: one.confidence)


def by_length(answered: Sequence[Answered]) -> list[Answered]:
    """The longest first, as a router does that looks at the prompt alone."""
    return sorted(answered, key=lambda one: -one.tokens)


def at_random(answered: Sequence[Answered]) -> list[float]:
    """The mean of handing on at random: a straight line to full agreement."""
    share = sum(one.agrees for one in answered) / len(answered)
    return [share + (1 - share) * count / len(answered) for count in range(len(answered) + 1)]


def threshold_of(answered: Sequence[Answered], wanted: float) -> float:
    """The confidence below which questions go on: the fewest calls that reach this agreement."""
    order = by_confidence(answered)
    count = next(place for place, share in enumerate(curve(order)) if share >= wanted)
    return order[count].confidence if count < len(order) else 2.0  # above any confidence: all go on


def gain(order: Sequence[Answered]) -> float:
    """Mean height of a rule's curve above that of handing on at random."""
    line = at_random(order)
    return sum(a - b for a, b in zip(curve(order), line, strict=True)) / len(line)


def calibration_error(pairs: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error of (confidence, right), in bins of equal width."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for confidence, right in pairs:
        bins[min(_BINS - 1, int(confidence * _BINS))].append((confidence, right))
    return sum(
        abs(sum(confidence for confidence, _ in one) - sum(right for _, right in one)) / len(pairs) for one in bins
    )
