"""What quantization does to a model's answers: perplexity with its error, and answers that flip."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from playground.data.quality import Choice
from playground.engine.model import TextModel
from playground.experiments.optimise.closeness import closeness
from playground.experiments.optimise.records import ArmRecord
from playground.experiments.optimise.scoring import end_logprobs, text_logits
from playground.numbers import short_number
from playground.runs.stages import ShouldStop

SURE = 2.0  # standard errors from which a difference counts
RARE = 0.05  # chance of as lopsided flips if both directions were as likely
_ROWS = 64


@dataclass(frozen=True)
class Quality:
    """What one model says of the text and of the choices.

    Attributes:
        logits: Before each token of the text but the first; only the reference's are held for long.
        nats: The surprise of each of these tokens.
        picked: The place of the end it finds likeliest, for each choice.
    """

    logits: Tensor
    nats: Tensor
    picked: list[int]


def look(text_model: TextModel, ids: Sequence[int], choices: Sequence[Choice], should_stop: ShouldStop) -> Quality:
    """Read the text, and choose.

    Raises:
        Stopped: `should_stop` said so.
    """
    logits = text_logits(text_model.model, ids, should_stop)
    picked = [_picked(text_model, one, should_stop) for one in choices]
    return Quality(logits, surprise(logits, ids[1:]), picked)


def surprise(logits: Tensor, ids: Sequence[int]) -> Tensor:
    """-ln p of each token, float64."""
    places = zip(logits.split(_ROWS), torch.tensor(list(ids)).split(_ROWS), strict=True)
    return torch.cat([-rows.double().log_softmax(-1).gather(1, some[:, None])[:, 0] for rows, some in places])


def _picked(text_model: TextModel, choice: Choice, should_stop: ShouldStop) -> int:
    tokenizer = text_model.tokenizer
    start = tokenizer(choice.text)["input_ids"]
    ends = [_plain_ids(tokenizer, f" {end}") for end in choice.ends]
    scores = end_logprobs(text_model.model, start, ends, should_stop)
    return scores.index(max(scores))


def _plain_ids(tokenizer: Any, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def own_numbers(quality: Quality, choices: Sequence[Choice]) -> dict[str, float]:
    """Of a model by itself, by the names of `quantities`."""
    mean, error = _mean(quality.nats)
    right = [picked == one.right for picked, one in zip(quality.picked, choices, strict=True)]
    return {
        "perplexity": math.exp(mean),
        "perplexity_error": math.exp(mean) * error,
        "right_share": sum(right) / len(right),
    }


def numbers_against(reference: Quality, quality: Quality, choices: Sequence[Choice]) -> dict[str, float]:
    """Of a model against the reference, token by token: KL(reference || model), and what moves with it."""
    change, error = _mean(quality.nats - reference.nats)
    moved = (-quality.nats).exp() - (-reference.nats).exp()
    lost, won = flips(reference, quality, choices)
    return {
        **closeness(reference.logits, quality.logits).numbers(),
        "perplexity_change_nats": change,
        "perplexity_change_error_nats": error,
        "probability_change_mean": float(moved.mean()),
        "probability_change_rms": float(moved.square().mean().sqrt()),
        "right_to_wrong": float(len(lost)),
        "wrong_to_right": float(len(won)),
    }


def flips(reference: Quality, quality: Quality, choices: Sequence[Choice]) -> tuple[list[int], list[int]]:
    """Places of the choices that went from right to wrong, and from wrong to right."""
    both = [(one.right == then, one.right == now)
            for one, then, now in zip(choices, reference.picked, quality.picked, strict=True)]  # fmt: skip
    lost = [place for place, (then, now) in enumerate(both) if then and not now]
    return lost, [place for place, (then, now) in enumerate(both) if now and not then]


def _mean(values: Tensor) -> tuple[float, float]:
    """Mean and its standard error."""
    return float(values.mean()), float(values.std()) / math.sqrt(len(values)) if len(values) > 1 else math.inf


def is_seen(arm: ArmRecord) -> bool:
    """Whether its perplexity differs from the reference's by more than the error, or its flips lean to one side."""
    change, error = arm.median("perplexity_change_nats"), arm.median("perplexity_change_error_nats")
    lost, won = arm.median("right_to_wrong"), arm.median("wrong_to_right")
    if change is None or error is None or lost is None or won is None:
        return False
    return abs(change) > SURE * error or lopsided(int(lost), int(won)) < RARE


def lopsided(lost: int, won: int) -> float:
    """The chance of flips at least so far apart if each goes either way alike: the exact test of McNemar."""
    total = lost + won
    tail = sum(math.comb(total, count) for count in range(min(lost, won) + 1)) / 2**total
    return min(1.0, 2 * tail)


def quality_words(arm: ArmRecord, questions: int) -> str:
    """One arm's quality in a sentence."""
    change, error = arm.median("perplexity_change_nats"), arm.median("perplexity_change_error_nats")
    if change is None or error is None:
        return ""
    lost, won = (int(arm.median(name) or 0) for name in ("right_to_wrong", "wrong_to_right"))
    times = f"perplexity {short_number(math.exp(change), 4)} times the reference's (± {short_number(100 * error, 2)}%)"
    said = "Its quality differs" if is_seen(arm) else "Its quality is too close to call"
    of = f"of {questions} answers {lost} went from right to wrong and {won} from wrong to right"
    kl, top = arm.median("kl_mean_nats") or 0.0, arm.median("top1_share") or 0.0
    return f"{said}: {times}; {of}; KL {short_number(kl)} nats, {short_number(100 * top, 3)}% the same top token."
