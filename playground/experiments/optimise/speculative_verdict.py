"""What the numbers of speculative decoding say, in sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from playground.experiments.optimise.records import ArmRecord, Standing
from playground.experiments.optimise.speculative_ground import EXACT, LOOKUP, Ground
from playground.experiments.optimise.speculative_prompts import Kind
from playground.experiments.optimise.verdict import conditions, difference, lead, times_words, tokens_words
from playground.numbers import short_number

_PASS = 8  # tokens, for the price of a pass in words


@dataclass(frozen=True)
class Found:
    """Everything that was measured and predicted.

    Attributes:
        standing: The arms.
        kinds: The person's prompt, then others.
        ground: What was known before.
        promised: Predicted speed-ups, by arm.
        agreed: Of arms whose drafts a model makes: the share that should stand, and the cost of one in steps.
    """

    standing: Standing
    kinds: Sequence[Kind]
    ground: Ground
    promised: Mapping[str, float]
    agreed: Mapping[str, tuple[float, float]]


def verdict(found: Found) -> str:
    """The best arm, then a line for each thing."""
    short = "The answer is too short to be timed, so it was measured past its end." if found.ground.is_short else ""
    arms = [_arm(found, arm) for arm in found.standing.variants]
    lines = [lead(found.standing), _kinds(found), *arms, _sweep(found), _bits(found), short, conditions(found.standing)]
    return "\n".join(line for line in lines if line)


def _arm(found: Found, arm: ArmRecord) -> str:
    if arm.not_here:
        return f"{arm.name}: not here. {arm.not_here}"
    name, words = found.standing.headline[0], list[str]()
    one = difference(found.standing, arm, name)
    promised, agreed = found.promised[arm.name], found.agreed.get(arm.name)
    pays = one is not None and one.is_seen and one.times > 1
    words.append(times_words(found.standing, arm, name))
    words.append(f"predicted {short_number(promised)}")
    if (length := arm.median("acceptance_length")) is not None:
        words.append(f"acceptance length {short_number(length)}")
    else:
        words.append("nothing was drafted")
    if arm.same_answer is not None:
        words.append(tokens_words(arm))
    text = f"{arm.name}: {'' if pays else 'not here: '}{', '.join(words)}."
    if agreed is not None and not pays:
        text += f" {_why(*agreed)}"
    return text


def _why(stands: float, cost: float) -> str:
    """Why drafts of a model do not pay."""
    share, price = short_number(100 * stands), short_number(100 * cost)
    text = f"{share}% of its guesses should stand, and a guess costs {price}% of a step"
    if stands <= cost:
        return f"{text}: the first must be above the second."
    return f"{text}; a pass that verifies them costs more than a step too."


def _sweep(found: Found) -> str:
    if not found.ground.sweep:
        return ""
    if len(set(found.ground.sweep.values())) == 1:
        return "No draft length makes a difference to prompt lookup here."
    swept = ", ".join(f"{short_number(times)} with {most}" for most, times in found.ground.sweep.items())
    return f"Best draft length by a replay of the plain answer: {found.ground.most} (predicted {swept})."


def _kinds(found: Found) -> str:
    """The range over all prompts, and how often an answer differs."""
    timed = sorted((kind.measured, kind.title) for kind in found.kinds if kind.measured is not None)
    words = ""
    if len(timed) > 1:
        (least, worst), (most, best) = timed[0], timed[-1]
        ends = f"{short_number(least)} ({worst}) to {short_number(most)} ({best})"
        words = f"Over {len(timed)} prompts, prompt lookup is from {ends} times as fast. "
    if not found.ground.speaker.is_greedy:
        return f"{words}Sampled answers have other tokens each way, from the same distribution."
    differ = [sum(place is not None for place in places) for places in
              ([kind.differs for kind in found.kinds], [kind.exact_differs for kind in found.kinds])]  # fmt: skip
    return f"{words}{differ[0]} of {len(found.kinds)} answers differ from plain ones; verified exactly, {differ[1]} do."


def _bits(found: Found) -> str:
    (fast, moved), (exactly, moved_exactly) = (
        (short_number(found.ground.costs[name].of(_PASS)), short_number(found.ground.change[name], 2))
        for name in (LOOKUP, EXACT)
    )
    return (
        f"A pass of {_PASS} tokens costs {fast} steps and changes logits by up to {moved}; verified exactly it costs "
        f"{exactly} and changes them by {moved_exactly}."
    )
