"""How every panel measures: arms in turn, in rotated order, the baseline twice.

One warm-up of each arm that is not counted, then cycles. A cycle runs every arm once and the baseline once more: how
far the two baselines are apart is what this machine does to a number by itself (A/A). Differences are taken within a
cycle, so that a slow minute meets all arms alike.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import psutil

from playground.experiments.optimise.quantities import quantity
from playground.experiments.optimise.records import ArmRecord, Measure, NoiseRecord, Standing
from playground.runs.experiment import TIMES, Lab
from playground.runs.stages import Stage, Steps, Stopped

AGAIN = "baseline again"
LEAST_CYCLES = 2  # one cycle says nothing of noise


@dataclass(frozen=True)
class Sample:
    """What one run of an arm gave: numbers by quantity, and its answer, if it has one."""

    numbers: Mapping[str, float]
    token_ids: Sequence[int] = ()
    text: str = ""


def nothing() -> Sample:
    """Of an arm that is not here."""
    return Sample({})


@dataclass(frozen=True)
class Arm:
    """One way to do it.

    Attributes:
        name: In every table and chart.
        measure: Runs it once, and may raise `Stopped`; what it yields, if it does, is shown, but for stages.
        settings: What sets it apart.
        predicted: What a formula says, by quantity.
        once: Numbers that no noise touches.
        not_here: Why it can't be measured, in a sentence; then `measure` is not called.
    """

    name: str
    measure: Callable[[], Steps[Sample] | Sample]
    settings: Mapping[str, Any] = field(default_factory=dict)
    predicted: Mapping[str, float] = field(default_factory=dict)
    once: Mapping[str, float] = field(default_factory=dict)
    not_here: str = ""


class Trial:
    """Arms under measurement; the first is the baseline.

    Attributes:
        samples: Of every arm that can be measured, by name, a sample for each complete cycle.
    """

    def __init__(self, arms: Sequence[Arm], headline: Sequence[str]):
        self._arms, self._headline = list(arms), list(headline)
        self._cycles: list[dict[str, Sample]] = []
        self._order: list[list[str]] = []
        self._load = _Load()

    @property
    def samples(self) -> dict[str, list[Sample]]:
        """By arm, in the order of the cycles."""
        return {name: [cycle[name] for cycle in self._cycles] for name in (self._cycles[0] if self._cycles else {})}

    def run(self, lab: Lab, cycles: int) -> Steps[Standing | None]:
        """Warm up, then measure; yields a stage for each run and a `Standing` after each cycle.

        Returns:
            What was measured; None if it was stopped before the first complete cycle.
        """
        turns = self._turns()
        total = (cycles + 1) * len(turns)
        with suppress(Stopped):
            for place, arm in enumerate(arm for name, arm in turns if name != AGAIN):
                lab.obey()
                yield Stage(f"warming up: {arm.name}", place / total)
                yield from self._once(arm)
            for number in range(cycles):
                done = (number + 1) * len(turns)
                with lab.alone(TIMES):
                    yield from self._cycle(lab, number, cycles, turns, lambda place, at=done: (at + place) / total)
                yield self.standing()
        return self.standing() if self._cycles else None

    def _turns(self) -> list[tuple[str, Arm]]:
        """The arms, with the second baseline in the middle, away from the first."""
        able = [(arm.name, arm) for arm in self._arms if not arm.not_here]
        middle = (len(able) + 1) // 2
        return [*able[:middle], (AGAIN, self._arms[0]), *able[middle:]]

    @staticmethod
    def _once(arm: Arm) -> Steps[Sample]:
        """One run, without its stages: those of the cycles say how far it is."""
        run = arm.measure()
        if isinstance(run, Sample):
            return run
        while True:
            try:
                item = next(run)
            except StopIteration as end:
                return end.value
            if not isinstance(item, Stage):
                yield item

    def _cycle(
        self, lab: Lab, number: int, cycles: int, turns: Sequence[tuple[str, Arm]], done: Callable[[int], float]
    ) -> Steps[None]:
        """One cycle; it begins with another arm each time."""
        found: dict[str, Sample] = {}
        shift = number % len(turns)
        order = [*turns[shift:], *turns[:shift]]
        for place, (name, arm) in enumerate(order):
            lab.obey()
            yield Stage(f"cycle {number + 1} of {cycles}: {name}", done(place))
            found[name] = yield from self._once(arm)
        self._cycles.append(found)
        self._order.append([name for name, _ in order])

    def standing(self) -> Standing:
        """All arms as they are after the complete cycles."""
        records = [self._record(arm) for arm in self._arms]
        noise = NoiseRecord(
            cycles=len(self._cycles), band=self._band(), order=self._order, busy_share=self._load.busy_share()
        )
        return Standing(headline=self._headline, baseline=records[0], variants=records[1:], noise=noise)

    def _record(self, arm: Arm) -> ArmRecord:
        samples = [] if arm.not_here else [cycle[arm.name] for cycle in self._cycles]
        names = dict.fromkeys(name for one in samples for name in one.numbers)
        measured = {name: measure_of([one.numbers[name] for one in samples]) for name in names}
        measured |= {name: measure_of([value]) for name, value in arm.once.items() if not arm.not_here}
        first = samples[0] if samples else Sample({})
        place = self._first_difference(arm, samples)
        is_compared = arm is not self._arms[0] and bool(first.token_ids)
        return ArmRecord(
            name=arm.name, settings=dict(arm.settings), measured=measured, predicted=dict(arm.predicted),
            same_answer=place is None if is_compared else None, first_difference=place,
            answer=first.text, token_ids=list(first.token_ids), not_here=arm.not_here,
        )  # fmt: skip

    def _first_difference(self, arm: Arm, samples: Sequence[Sample]) -> int | None:
        """The first place at which any answer leaves the baseline's first one."""
        if arm is self._arms[0] or not samples:
            return None
        before = self._cycles[0][self._arms[0].name].token_ids
        places = (first_difference(before, one.token_ids) for one in samples)
        return min((place for place in places if place is not None), default=None)

    def _band(self) -> dict[str, float]:
        name, found = self._arms[0].name, dict[str, float]()
        for what in self._cycles[0][name].numbers if len(self._cycles) >= LEAST_CYCLES else ():
            pairs = [(cycle[name].numbers[what], cycle[AGAIN].numbers[what]) for cycle in self._cycles]
            size = abs(median(first for first, _ in pairs))
            if quantity(what).is_noisy and size:
                found[what] = max(abs(first - again) for first, again in pairs) / size
        return found


def joined(trials: Sequence[Standing], others: Sequence[ArmRecord] = ()) -> Standing:
    """Trials with the same baseline as one; each arm keeps the baseline of its own cycles beside it.

    Args:
        trials: At least one; not all arms can be in memory together, so each trial had a few.
        others: Arms that were not measured.
    """
    baselines = [one.baseline for one in trials]
    values = {name: [value for one in baselines for value in one.measured[name].values] for name in _common(baselines)}
    noises = [one.noise for one in trials]
    noise = NoiseRecord(
        cycles=min(one.cycles for one in noises),
        band={name: max(one.band.get(name, 0.0) for one in noises) for name in noises[0].band},
        order=[order for one in noises for order in one.order],
        busy_share=max((one.busy_share for one in noises if one.busy_share is not None), default=None),
    )
    arms = [arm.model_copy(update={"beside": one.baseline.measured}) for one in trials for arm in one.variants]
    whole = {name: measure_of(found) for name, found in values.items()}
    baseline = baselines[0].model_copy(update={"measured": whole})
    return Standing(headline=trials[0].headline, baseline=baseline, variants=[*arms, *others], noise=noise)


def _common(records: Sequence[ArmRecord]) -> list[str]:
    return [name for name in records[0].measured if all(name in one.measured for one in records)]


def measure_of(values: Sequence[float]) -> Measure:
    """Median and range of one quantity."""
    return Measure(median=median(values), low=min(values), high=max(values), values=list(values))


def first_difference(before: Sequence[int], now: Sequence[int]) -> int | None:
    """The first place at which two lists differ; a list that ends earlier differs where it ends."""
    place = next((at for at, (one, other) in enumerate(zip(before, now, strict=False)) if one != other), None)
    return min(len(before), len(now)) if place is None and len(before) != len(now) else place


class _Load:
    """How busy others keep the processors, from the moment it is made."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._begun = self._now()

    def _now(self) -> tuple[float, float, float]:
        """Processor seconds of the machine that were used, all that there were, and this process's own."""
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        total = sum(times[:8])  # later fields are parts of earlier ones
        own = self._process.cpu_times()
        return total - idle, total, own.user + own.system

    def busy_share(self) -> float | None:
        """The share of all processors' time that other processes took."""
        used, total, own = (now - then for now, then in zip(self._now(), self._begun, strict=True))
        return max(0.0, (used - own) / total) if total > 0 else None
