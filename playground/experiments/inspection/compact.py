"""A step's whole distribution, small enough for a page that cuts and draws from it by itself.

The likeliest tokens go as they are, and so does every token that a setting could move or that a draw could choose:
those seen before, which the repetition penalty moves, and those on the frontier of logit and noise. A draw is the
highest of score over temperature plus noise, and every cut removes the lowest scores, so a token that another one beats
in both logit and noise never wins. All other tokens are a tail of bins with equally many tokens each.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from playground.experiments.inspection.step import Step

EXACT_TOKENS = 2_000
TAIL_BINS = 1_024
_MAX_TEXT = 60  # characters of a token shown; vocabularies hold long runs of spaces
_LOWEST_NOISE = -1e3  # stands for -inf, which JSON lacks: a random number of exactly 0
_LOWEST_LOGIT = -1e30  # likewise: a token that the model rules out
_SAMPLER = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty")


def compact(logits: Tensor, seen_ids: Tensor, noise: Tensor, piece: Callable[[int], str]) -> dict[str, Any]:
    """The distribution as lists in the order of the logits, the highest first.

    Args:
        logits: Float32 [vocabulary].
        seen_ids: Prompt and answer so far, [length].
        noise: Gumbel noise, [vocabulary].
        piece: The text of a token id.

    Returns:
        For each exact token its id, text, logit, noise and how many tokens of the tail stand above it; `seen` are
        indices into these lists; `tail` are its bins, in which logits are taken as evenly spread.
    """
    values = np.maximum(logits.numpy(), _LOWEST_LOGIT)
    order = np.argsort(-values, kind="stable")  # of equal logits the lowest id first, as in the engine
    seen = np.zeros(len(values), dtype=bool)
    seen[seen_ids.numpy()] = True
    exact = seen[order]
    exact[:EXACT_TOKENS] = True
    unseen = np.where(seen, -np.inf, noise.numpy())[order]
    frontier = _frontier(unseen)
    exact |= frontier | _frontier(np.where(frontier, -np.inf, unseen))  # the second may come second in a draw
    ids = order[exact]
    return {
        "vocabulary": len(values),
        "ids": ids.tolist(),
        "texts": [piece(token)[:_MAX_TEXT] for token in ids.tolist()],
        "logits": _short(values[ids]),
        "noise": _short(np.maximum(noise.numpy()[ids], _LOWEST_NOISE)),
        "above": np.cumsum(~exact)[exact].tolist(),
        "seen": np.flatnonzero(seen[ids]).tolist(),
        "tail": _tail(values[order[~exact]]),
    }


def step_payload(step: Step) -> dict[str, Any]:
    """All that the page needs of a step: the distribution, the run's settings, what it chose, what this took."""
    token, settings = step.token, step.settings
    agreement = step.agreement()
    return compact(step.logits, step.seen_ids, step.noise, step.piece) | {
        "step": step.index,
        "steps": len(step.run.tokens),
        "settings": {name: getattr(settings, name) for name in _SAMPLER},
        "chosen": {
            "id": token.id, "text": step.piece(token.id)[:_MAX_TEXT], "logprob": token.logprob,
            "sampled": token.sampled_prob,
        },
        "agrees": agreement.agrees,
        "logprob": agreement.recomputed_logprob,
        "changed": agreement.changed[:3],
        "computed": step.raw.computed_tokens,
        "reused": step.raw.reused_tokens,
        "seconds": step.raw.seconds,
    }  # fmt: skip


def _frontier(noise: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where the noise is higher than that of every token before, in the order of the logits."""
    highest = np.maximum.accumulate(noise)
    return noise > np.concatenate([[-np.inf], highest[:-1]])


def _tail(values: NDArray[np.float32]) -> dict[str, Any]:
    """Bins with about equally many tokens; equal logits that an edge would part are a bin of their own.

    Args:
        values: Logits in falling order.

    Returns:
        How many tokens stand above each edge, `at`; the highest and the lowest logit of each bin.
    """
    count = len(values)
    inner = np.linspace(0, count, min(TAIL_BINS, count) + 1).round().astype(int)[1:-1]
    tied = inner[values[inner - 1] == values[inner]]
    first, last = (np.searchsorted(-values, -values[tied], side) for side in ("left", "right"))
    at = np.unique(np.concatenate([[0], np.setdiff1d(inner, tied), first, last, [count]])).astype(int)
    return {"at": at.tolist(), "high": _short(values[at[:-1]]), "low": _short(values[at[1:] - 1])}


def _short(values: NDArray[Any]) -> list[float]:
    """Nine digits identify every float32."""
    return [float(f"{value:.9g}") for value in values.tolist()]
