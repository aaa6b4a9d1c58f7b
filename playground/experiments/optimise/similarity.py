"""Whether a similarity tells requests that mean the same from those that mean the opposite."""

import math
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from playground.experiments.reruns.intervals import wilson

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Rate:
    """A share with its 95 % Wilson interval; None of nothing."""

    count: int
    of: int

    @property
    def share(self) -> float | None:
        """Count over all."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's."""
        return wilson(self.count / self.of, self.of) if self.of else None

    @property
    def words(self) -> str:
        """ "3 of 10 (11% to 60%)"."""
        if self.interval is None:
            return "none of 0"
        low, high = self.interval
        return f"{self.count} of {self.of} ({low:.0%} to {high:.0%})"


@dataclass(frozen=True)
class Looked:
    """One request and the nearest stored one.

    Attributes:
        is_same: Whether it means the same as its own stored request; otherwise it means the opposite.
        is_own: Whether the nearest is its own.
        similarity: To the nearest.
        same_words: Whether it has the content words of the nearest.
    """

    is_same: bool
    is_own: bool
    similarity: float
    same_words: bool

    def hits(self, threshold: float, *, gate: bool = False) -> bool:
        """Whether it is answered from the cache."""
        return self.similarity >= threshold and (self.same_words or not gate)

    @property
    def is_right(self) -> bool:
        """Whether an answer from the cache would be the right one."""
        return self.is_same and self.is_own


@dataclass(frozen=True)
class Rates:
    """At one threshold: paraphrases answered rightly, opposites answered, and right ones among all hits."""

    hit: Rate
    false: Rate
    precision: Rate


def rates_at(looked: Sequence[Looked], threshold: float, *, gate: bool = False) -> Rates:
    """What this threshold does to these requests."""
    hits = [one for one in looked if one.hits(threshold, gate=gate)]
    right, false = sum(one.is_right for one in hits), sum(not one.is_same for one in hits)
    same = sum(one.is_same for one in looked)
    return Rates(Rate(right, same), Rate(false, len(looked) - same), Rate(right, len(hits)))


def best_threshold(looked: Sequence[Looked]) -> float:
    """The one with the most right hits less false ones (Youden's J); of equal ones the highest."""

    def gain(threshold: float) -> float:
        found = rates_at(looked, threshold)
        return (found.hit.share or 0) - (found.false.share or 0)

    return max((one.similarity for one in looked), key=lambda threshold: (gain(threshold), threshold))


def threshold_for(looked: Sequence[Looked], share: float) -> float:
    """The highest threshold that still takes this share of the paraphrases."""
    ranked = sorted((one.similarity for one in looked if one.is_same), reverse=True)
    return ranked[math.ceil(share * len(ranked)) - 1]


def ranking(looked: Sequence[Looked]) -> float:
    """How often a paraphrase is nearer than an opposite, over all pairs of one and the other (AUC); 0.5 is chance."""
    same = [one.similarity for one in looked if one.is_same]
    other = [one.similarity for one in looked if not one.is_same]
    wins = sum((a > b) + 0.5 * (a == b) for a in same for b in other)
    return wins / (len(same) * len(other))


def separates(looked: Sequence[Looked]) -> bool:
    """Whether some threshold takes every paraphrase and no opposite."""
    least = min(one.similarity for one in looked if one.is_same)
    return all(one.is_own for one in looked if one.is_same) and least > max(
        one.similarity for one in looked if not one.is_same
    )


def content_words(text: str, small: AbstractSet[str]) -> frozenset[str]:
    """The words of a text that say something about its subject, lower case."""
    return frozenset(_WORD.findall(text.lower())) - small
