"""What the cascade's panel says and draws: the deferral curve above the line of chance, calibration, the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from playground.experiments.optimise.declared.cascade import BY_CONFIDENCE
from playground.experiments.optimise.deferring import (
    Answered,
    at_random,
    by_confidence,
    by_length,
    calibration_error,
    curve,
    gain,
)
from playground.experiments.optimise.records import Figure, Grid, Line, Standing
from playground.experiments.optimise.similarity import Rate
from playground.experiments.optimise.verdict import difference, verdict_of
from playground.numbers import short_number

LARGE, SMALL, CASCADE = "large alone", "small alone", BY_CONFIDENCE
LENGTH, RANDOM = "router by length of the prompt", "at random"


@dataclass
class Measured:
    """What was seen of both models on every question, before the arms."""

    layers: int
    whole: int
    times: list[tuple[float, float]] = field(default_factory=list)
    small: list[tuple[float, bool]] = field(default_factory=list)
    large: list[tuple[float, bool]] = field(default_factory=list)

    def took(self, small_s: float, large_s: float) -> None:
        """Seconds of one question."""
        self.times.append((small_s, large_s))

    def sure(self, small: float, small_right: bool, large: float, large_right: bool) -> None:
        """Confidence of one question, and whether it was right."""
        self.small.append((small, small_right))
        self.large.append((large, large_right))

    @property
    def small_s(self) -> float:
        """Seconds of a question."""
        return median(one for one, _ in self.times)

    @property
    def large_s(self) -> float:
        """Seconds of a question."""
        return median(one for _, one in self.times)


class Shown:
    """Everything beside the arms."""

    def __init__(
        self,
        chosen_on: Sequence[Answered],
        tested: Sequence[Answered],
        threshold: float,
        calls: int,
        measured: Measured,
    ):
        self._chosen_on, self._tested, self._threshold, self._calls = chosen_on, tested, threshold, calls
        self._measured = measured

    def figures(self) -> list[Figure]:
        """Agreement by the share of calls, on the test and on the half that chose the threshold."""
        return [
            self._figure("on questions the threshold was not chosen on", self._tested),
            self._figure("on the questions that chose it", self._chosen_on),
        ]

    @staticmethod
    def _figure(title: str, answered: Sequence[Answered]) -> Figure:
        xs = [count / len(answered) for count in range(len(answered) + 1)]
        lines = [
            Line(name=CASCADE, xs=xs, ys=[*curve(by_confidence(answered))]),
            Line(name=LENGTH, xs=xs, ys=[*curve(by_length(answered))]),
            Line(name=f"{RANDOM} (mean)", xs=xs, ys=[*at_random(answered)]),
        ]
        above = short_number(100 * gain(by_confidence(answered)), 2)
        return Figure(
            title=f"Agreement by calls of the large model, {title}", x="share of calls", y="agreement", percent=True,
            lines=lines, summary=f"The cascade is {above} points above chance on average.",
        )  # fmt: skip

    def grid(self) -> Grid:
        """Both models on all questions."""
        rows: list[list[str | float | None]] = []
        for name, layers, pairs, took in (
            ("small", self._measured.layers, self._measured.small, self._measured.small_s),
            ("large", self._measured.whole, self._measured.large, self._measured.large_s),
        ):
            right = Rate(sum(one for _, one in pairs), len(pairs))
            rows.append([name, layers, right.words, calibration_error(pairs), took])
        return Grid(
            title="Both models on all questions",
            head=["", "layers", "right", "calibration error", "time per question"],
            units=["", "", "", "share", "s"], rows=rows,
            note="An option's probability among the four is the confidence; 95% Wilson intervals.",
        )  # fmt: skip

    def verdict(self, found: Standing) -> str:
        """Whether the cascade is above chance, and cheaper than the large model alone."""
        total, place = len(self._tested), self._calls
        by = curve(by_confidence(self._tested))[place]
        chance, length = at_random(self._tested)[place], curve(by_length(self._tested))[place]
        small = Rate(sum(one.agrees for one in self._tested), total)
        more = [
            f"The first {self._measured.layers} of {self._measured.whole} layers agree with the whole model on "
            f"{small.words} of the test's questions.",
            f"At confidence {short_number(min(1.0, self._threshold))} the cascade hands on {place} of {total} and "
            f"agrees in {by:.0%}; at random it would be {chance:.0%}, by length of the prompt {length:.0%}.",
            self._worth(found, by, chance),
        ]
        return verdict_of(found, *more)

    def _worth(self, found: Standing, by: float, chance: float) -> str:
        arm = next(one for one in found.arms if one.name == CASCADE)
        time = difference(found, arm, "wall_s")
        cheaper = time is not None and time.is_seen and time.times < 1
        agreeing = Rate(round(by * len(self._tested)), len(self._tested))
        low = (agreeing.interval or (0.0, 1.0))[0]
        if by <= chance:
            picks = "Confidence picks no better than chance here"
        elif low <= chance:
            picks = f"Confidence may be chance on this few questions (agreement {agreeing.words})"
        else:
            picks = f"Confidence picks better than chance (agreement {agreeing.words})"
        length = curve(by_length(self._tested))[self._calls]
        if length >= by > chance:
            picks += ", and a router by length does as well"
        if not cheaper:
            return f"{picks}; no time is saved, since the small model is paid for every question."
        return f"{picks}; the cascade takes {short_number(time.times if time else 1)} times the time."
