"""From raw logits to the draw, stage by stage, with the engine's own functions: what a step of a run went through."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from playground.engine.sampling import (
    REMOVED,
    apply_min_p,
    apply_repetition_penalty,
    apply_temperature,
    apply_top_k,
    apply_top_p,
)
from playground.settings import Settings

_PENALTY, _TEMPERATURE, _CUTS = "repetition penalty", "temperature", ("top-k", "top-p", "min-p")
ORDERS = {"transformers": (_PENALTY, _TEMPERATURE, *_CUTS), "llama.cpp": (_PENALTY, *_CUTS, _TEMPERATURE)}
"""Stages in the order of each sampler: transformers' is the engine's own, llama.cpp divides by the temperature last."""


@dataclass(frozen=True)
class Stage:
    """What a stage left.

    Attributes:
        name: `logits`, or one of `ORDERS`.
        setting: Its number; None for the logits, which have none.
        scores: Float32 [vocabulary]; -inf is removed.
        probs: Float64 [vocabulary], the softmax of the scores.
        kept: Tokens left.
        mass: Share of the probability of the stage before that is left.
        entropy_bits: Of what is left; the perplexity is 2 to the power of it.
    """

    name: str
    setting: float | None
    scores: Tensor
    probs: Tensor
    kept: int
    mass: float
    entropy_bits: float


@dataclass(frozen=True)
class Draw:
    """A drawn token by the Gumbel-max trick, and the one it beat.

    Attributes:
        id: The token.
        prob: Its chance.
        noise: Its Gumbel noise -log(-log u); None if greedy.
        uniform: The random number u behind the noise; None if greedy.
        runner_up: The next best in score plus noise; None if one token only is left.
        margin: By how much it was beaten.
    """

    id: int
    prob: float
    noise: float | None
    uniform: float | None
    runner_up: int | None
    margin: float | None


def stages(logits: Tensor, seen_ids: Tensor, settings: Settings, order: str = "transformers") -> list[Stage]:
    """The raw logits, then every stage, those that are off too.

    Args:
        logits: Float32 [vocabulary], on the CPU.
        seen_ids: Prompt and answer so far, [length].
        settings: Of the sampler; temperature 0 leaves the highest score only.
        order: A key of `ORDERS`.
    """
    settings_of = {
        _PENALTY: settings.repetition_penalty, _TEMPERATURE: settings.temperature,
        "top-k": settings.top_k, "top-p": settings.top_p, "min-p": settings.min_p,
    }  # fmt: skip
    found = [_stage("logits", None, logits, None)]
    for name in ORDERS[order]:
        scores = _APPLY[name](found[-1].scores, seen_ids, settings)
        found.append(_stage(name, settings_of[name], scores, found[-1]))
    return found


def draw(scores: Tensor, noise: Tensor | None) -> Draw:
    """The token that these random numbers choose, as `engine.sampling.choose` does.

    Args:
        scores: After the last stage, [vocabulary].
        noise: Gumbel noise, [vocabulary]; None is greedy: the highest score, the lowest id on a tie.
    """
    ids = torch.from_numpy(np.flatnonzero(scores.numpy() > REMOVED))
    kept = scores[ids]
    raced = kept if noise is None or len(ids) == 1 else kept + noise[ids]
    best = int(raced.argmax())
    token = int(ids[best])
    second, margin = None, None
    if len(ids) > 1:
        others = raced.clone()
        others[best] = REMOVED
        place = int(others.argmax())
        second, margin = int(ids[place]), float(raced[best] - raced[place])
    gumbel = None if noise is None else float(noise[token])
    uniform = None if gumbel is None else math.exp(-math.exp(-gumbel))
    return Draw(token, float(kept.softmax(-1)[best]), gumbel, uniform, second, margin)


def _stage(name: str, setting: float | None, scores: Tensor, before: Stage | None) -> Stage:
    probs = scores.double().softmax(-1)
    left = scores > REMOVED
    surprise = torch.where(probs > 0, -probs.log2(), 0.0)
    mass = 1.0 if before is None else float(before.probs[left].sum())
    return Stage(name, setting, scores, probs, int(left.sum()), min(1.0, mass), float((probs * surprise).sum()))


def _penalised(scores: Tensor, seen_ids: Tensor, settings: Settings) -> Tensor:
    if settings.repetition_penalty == 1:
        return scores
    return apply_repetition_penalty(scores[None], seen_ids[None], settings.repetition_penalty)[0]


def _divided(scores: Tensor, _seen: Tensor, settings: Settings) -> Tensor:
    if settings.temperature > 0:
        return apply_temperature(scores, settings.temperature)
    greedy = torch.full_like(scores, REMOVED)
    best = int(scores.argmax())
    greedy[best] = scores[best]
    return greedy


def _top_k(scores: Tensor, _seen: Tensor, settings: Settings) -> Tensor:
    return apply_top_k(scores[None], settings.top_k)[0] if settings.top_k > 0 else scores


def _top_p(scores: Tensor, _seen: Tensor, settings: Settings) -> Tensor:
    return apply_top_p(scores[None], settings.top_p)[0] if settings.top_p < 1 else scores


def _min_p(scores: Tensor, _seen: Tensor, settings: Settings) -> Tensor:
    return apply_min_p(scores[None], settings.min_p)[0] if settings.min_p > 0 else scores


_APPLY: dict[str, Callable[[Tensor, Tensor, Settings], Tensor]] = {
    _PENALTY: _penalised, _TEMPERATURE: _divided, "top-k": _top_k, "top-p": _top_p, "min-p": _min_p,
}  # fmt: skip
