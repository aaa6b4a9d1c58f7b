"""What the numbers of a panel say: every difference against the noise of this machine, in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from playground.experiments.optimise.quantities import quantity
from playground.experiments.optimise.records import ArmRecord, Measure, OptimisationRecord, Standing
from playground.numbers import short_number

Measured = Standing | OptimisationRecord
_BUSY = 0.25  # share of the processors that others took, above which numbers are loose
_LOOSE = 0.3  # a band so wide that a third more or less can't be seen


@dataclass(frozen=True)
class Difference:
    """An arm against the baseline, in one quantity.

    Attributes:
        times: Its median as a multiple of the baseline's, by the differences within each cycle.
        is_seen: Whether it is farther away than the baseline is from itself.
    """

    times: float
    is_seen: bool


def difference(found: Measured, arm: ArmRecord, name: str) -> Difference | None:
    """None where one of the two was not measured, or the baseline is zero."""
    before, now = _before(found, arm, name), arm.measured.get(name)
    if before is None or now is None or not before.median:
        return None
    if len(before.values) == len(now.values):
        change = median(b - a for a, b in zip(before.values, now.values, strict=True))
    else:
        change = now.median - before.median
    share = change / before.median
    if not quantity(name).is_noisy:
        return Difference(1 + share, share != 0)
    band = found.noise.band.get(name)
    return Difference(1 + share, band is not None and abs(share) > band)


def _before(found: Measured, arm: ArmRecord, name: str) -> Measure | None:
    """The baseline in the cycles of this arm."""
    return arm.beside.get(name) or found.baseline.measured.get(name)


def times_words(found: Measured, arm: ArmRecord, name: str) -> str:
    """The difference in words: "1.8 times the baseline's decode", or that none was seen."""
    one, what = difference(found, arm, name), quantity(name).title
    if one is None:
        return f"{what} was not measured"
    if not one.is_seen:
        return f"no difference seen in {what}"
    return f"{short_number(one.times)} times the baseline's {what}"


def same_words(place: int | None) -> str:
    """Whether answers are the same, for a table; `place` is that of the first token that differs, from 0."""
    return "yes" if place is None else f"other from token {place + 1}"


def tokens_words(arm: ArmRecord) -> str:
    """The same, for a sentence."""
    return "same tokens" if arm.same_answer else f"other tokens from token {(arm.first_difference or 0) + 1}"


def sentence_of(found: Measured, arm: ArmRecord) -> str:
    """An arm in a sentence: what it changes, what was predicted, and whether it says the same."""
    if arm.not_here:
        return f"{arm.name}: not here. {arm.not_here}"
    words = [times_words(found, arm, name) for name in found.headline]
    if predicted := _prediction(found, arm):
        words.append(predicted)
    if arm.same_answer is not None:
        words.append(tokens_words(arm))
    return f"{arm.name}: {', '.join(words)}."


def _prediction(found: Measured, arm: ArmRecord) -> str:
    """What the formula said of the first quantity, as a factor."""
    name = found.headline[0]
    before, said = _before(found, arm, name), arm.predicted.get(name)
    return f"predicted {short_number(said / before.median)}" if before and before.median and said else ""


def conditions(found: Measured) -> str:
    """How far to trust it: the band, and whether the machine was busy."""
    noise, name = found.noise, found.headline[0]
    band = noise.band.get(name)
    if band is None:
        return "One cycle says nothing of noise, so no difference is claimed." if _is_noisy(found.headline) else ""
    text = f"The baseline differs from itself by up to {short_number(100 * band, 2)}% in {quantity(name).title}."
    if (noise.busy_share or 0) > _BUSY or band > _LOOSE:
        text += " The machine was busy: run it again when it is quiet."
    return text


def _is_noisy(names: Sequence[str]) -> bool:
    return any(quantity(name).is_noisy for name in names)


def lead(found: Measured) -> str:
    """The best variant in the quantity that decides, if any is better than noise."""
    name = found.headline[0]
    what = quantity(name)
    compared = [(arm, one) for arm in found.variants if (one := difference(found, arm, name)) is not None]
    better = [(arm, one) for arm, one in compared if one.is_seen and (one.times > 1) == bool(what.more_is_better)]
    if not better:
        return f"No variant has a better {what.title} than the baseline here." if compared else ""
    arm, one = max(better, key=lambda pair: pair[1].times if what.more_is_better else -pair[1].times)
    same = {True: " and says the same", False: ", and says something else", None: ""}[arm.same_answer]
    return f"Best here: {arm.name}, with {short_number(one.times)} times the baseline's {what.title}{same}."


def verdict_of(found: Measured, *more: str) -> str:
    """The best arm, every arm, how far to trust them, and what the panel adds: a line each."""
    lines = [lead(found), *more, *(sentence_of(found, arm) for arm in found.variants), conditions(found)]
    return "\n".join(line for line in lines if line)
