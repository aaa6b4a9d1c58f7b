"""From logits to a token: pure functions, in transformers' order.

Repetition penalty -> temperature -> top-k -> top-p -> min-p -> draw. Scores are float32 of shape [rows, vocabulary];
a token that a filter removes gets the score -inf.
"""

import hashlib
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from playground.settings import Settings

REMOVED = -math.inf
TINY_TEMPERATURE = 1e-3


def apply_repetition_penalty(scores: Tensor, seen_ids: Tensor, penalty: float) -> Tensor:
    """Make ids already seen less likely: divide their score where positive, multiply it where negative.

    Args:
        scores: [rows, vocabulary].
        seen_ids: Prompt and answer so far, [rows, length].
        penalty: 1 changes nothing (Keskar et al. 2019, arXiv 1909.05858).
    """
    seen = scores.gather(-1, seen_ids)
    return scores.scatter(-1, seen_ids, torch.where(seen < 0, seen * penalty, seen / penalty))


def apply_temperature(scores: Tensor, temperature: float) -> Tensor:
    """Divide the scores: below 1 sharpens the distribution, above 1 flattens it."""
    if temperature < TINY_TEMPERATURE:  # the highest score becomes 0, which changes no probability and can't overflow
        scores = scores - scores.amax(-1, keepdim=True)
    return scores / max(temperature, torch.finfo(scores.dtype).tiny)


def apply_top_k(scores: Tensor, k: int) -> Tensor:
    """Keep the k highest scores, and ties of the last one."""
    last = scores.topk(min(k, scores.shape[-1])).values[..., -1:]
    return scores.masked_fill(scores < last, REMOVED)


def apply_top_p(scores: Tensor, p: float) -> Tensor:
    """Keep the smallest set of likeliest tokens whose probabilities reach p; of tied tokens the lowest ids.

    Holtzman et al. 2020, arXiv 1904.09751.
    """
    places = _nucleus(scores.softmax(-1).numpy(), p)
    kept = np.full(scores.numel(), REMOVED, np.float32)
    kept[places] = scores.numpy().reshape(-1)[places]
    return torch.from_numpy(kept).view(scores.shape)


def _nucleus(probs: np.ndarray, p: float) -> np.ndarray:
    """Each row's smallest set of likeliest tokens that weighs at least p, [rows, vocabulary] to flat places.

    Tokens below (1 - p) / V weigh less than 1 - p all together, so all of them are dropped, and only the others need
    sorting. As in transformers, a token is dropped where it and all less likely ones weigh at most 1 - p. numpy sorts
    bare values many times as fast as torch sorts them with their ids.
    """
    places = np.flatnonzero(probs >= (1 - p) / probs.shape[1])
    found, rows, first, counts = _by_row(probs, places)
    ascending = np.zeros((len(probs), counts.max()), probs.dtype)  # shorter rows begin with zeros
    ascending[rows, np.arange(len(rows)) - first[rows]] = found
    ascending.sort(-1)
    sums, pads = ascending.cumsum(-1, dtype=np.float64), ascending.shape[1] - counts
    is_dropped = 1 - sums[:, -1:] + sums <= 1 - p
    dropped = np.maximum(is_dropped.sum(-1) - pads, 0)
    last = ascending[np.arange(len(probs)), pads + np.minimum(dropped, counts - 1)][rows]
    above, tied = found > last, found == last
    room = np.maximum(1, counts - dropped - np.bincount(rows, above, len(probs)))
    ties = tied.cumsum()
    return places[above | (tied & (ties - (ties - tied)[first][rows] <= room[rows]))]


def _by_row(values: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What stands in the flat places of [rows, columns], the row of each, and each row's first place and count."""
    rows = places // values.shape[1]
    counts = np.bincount(rows, minlength=len(values))
    return values.reshape(-1)[places], rows, counts.cumsum() - counts, counts


def apply_min_p(scores: Tensor, min_p: float) -> Tensor:
    """Drop tokens less likely than min_p times the likeliest (Nguyen et al. 2024, arXiv 2407.01082)."""
    probs = scores.softmax(-1)
    return scores.masked_fill(probs < min_p * probs.amax(-1, keepdim=True), REMOVED)


def filter_scores(logits: Tensor, settings: Settings) -> tuple[Tensor, list[Tensor]]:
    """Temperature and the three cuts; the repetition penalty is applied before.

    Returns:
        Scores [rows, vocabulary], and how many tokens are left after top-k, top-p and min-p, each [rows].
    """
    scores = apply_temperature(logits, settings.temperature)
    count = torch.full(scores.shape[:1], scores.shape[-1])
    survivors = []
    for is_active, cut in (
        (settings.top_k > 0, lambda scores: apply_top_k(scores, settings.top_k)),
        (settings.top_p < 1, lambda scores: apply_top_p(scores, settings.top_p)),
        (settings.min_p > 0, lambda scores: apply_min_p(scores, settings.min_p)),
    ):
        if is_active:
            scores = cut(scores)
            count = torch.from_numpy(np.count_nonzero(scores.numpy() > REMOVED, axis=-1))
        survivors.append(count)
    return scores, survivors


class Noise:
    """Gumbel noise of one request: a pure function of (seed, position in the answer, token).

    Each number is one output of SplitMix64 (Steele, Lea, Flood 2014), whose n-th output needs none of those before it:
    so only the tokens that the cuts left are drawn for, and a token's draw is the same alone, in any row of a batch, on
    any device, and after a branch.
    """

    def __init__(self, seed: int):
        self._key = f"{seed}/1/"

    def state(self, position: int) -> int:
        """Where the numbers of this position begin, 64 bits."""
        digest = hashlib.blake2b(f"{self._key}{position}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "little")

    def gumbel(self, position: int, ids: Tensor) -> Tensor:
        """Standard Gumbel noise -log(-log(u)) for these ids at this position, [len(ids)]."""
        return torch.from_numpy(gumbel_of(np.array([self.state(position)], np.uint64), ids.numpy()))


def gumbel_of(states: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Standard Gumbel noise, float32, of these ids [n] from a state each, or one for all (uint64)."""
    mixed = states + (ids.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    uniform = (((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)) + 0.5) * 2.0**-53
    return -np.log(-np.log(uniform)).astype(np.float32)


@dataclass(frozen=True)
class Choice:
    """A drawn token, its probability after the sampler, and how many tokens each cut left."""

    id: int
    sampled_prob: float
    survivors: tuple[int, int, int]


def choose(logits: Tensor, settings: Settings, noises: list[Noise], positions: list[int]) -> list[Choice]:
    """One token a row. Greedy takes the highest logit (the lowest id on a tie).

    A draw is the Gumbel-max trick: argmax of score + noise is distributed as softmax of the scores.

    Args:
        logits: After the repetition penalty, [rows, vocabulary], on the CPU.
        settings: Temperature and cuts.
        noises: One a row.
        positions: Index of the token to draw in each row's answer.
    """
    if settings.temperature == 0:
        return [Choice(token, 1.0, (1, 1, 1)) for token in logits.argmax(-1).tolist()]
    scores, survivors = filter_scores(logits, settings)
    places = np.flatnonzero(scores.numpy() > REMOVED)
    kept, rows, first, _ = _by_row(scores.numpy(), places)
    ids = places - rows * scores.shape[1]
    states = np.array([noise.state(at) for noise, at in zip(noises, positions, strict=True)], np.uint64)
    noisy = kept + gumbel_of(states[rows], ids)
    hits = np.flatnonzero(noisy == np.maximum.reduceat(noisy, first)[rows])
    drawn = hits[np.searchsorted(rows[hits], np.arange(len(scores)))]
    weights = np.exp(kept.astype(np.float64) - np.maximum.reduceat(kept, first)[rows])
    probs = weights[drawn] / np.add.reduceat(weights, first)
    counts = torch.stack(survivors, -1).tolist()
    return list(map(Choice, ids[drawn].tolist(), probs.tolist(), map(tuple, counts)))


def choice_of(token: int, logits: Tensor, settings: Settings) -> Choice:
    """A forced token, with its probability: 0 where the sampler cuts it.

    Args:
        token: Its id.
        logits: After the repetition penalty, [vocabulary], on the CPU.
        settings: Temperature and cuts.
    """
    if settings.temperature == 0:
        return Choice(token, float(token == int(logits.argmax())), (1, 1, 1))
    scores, survivors = filter_scores(logits[None], settings)
    counts = torch.stack(survivors, -1)[0].tolist()
    return Choice(token, float(scores[0].softmax(-1)[token]), (counts[0], counts[1], counts[2]))


@dataclass(frozen=True)
class Distribution:
    """The model's next-token distribution, one row each (temperature 1, nothing cut)."""

    logits: Tensor
    logprobs: Tensor
    entropy_bits: list[float]
    top_ids: list[list[int]]
    top_probs: list[list[float]]

    def of(self, row: int, token: int) -> tuple[float, int]:
        """Natural log probability and rank (1 is the likeliest) of a token."""
        logits = self.logits[row].numpy()
        rank = int(np.count_nonzero(logits > logits[token])) + 1
        return float(self.logprobs[row, token]), rank


def are_sound(logits: Tensor) -> bool:
    """Whether a token can be drawn from each row: no NaN, no +inf, and at least one finite logit.

    A logit of -inf is a token that the model rules out, such as an unused row of its vocabulary.
    """
    return bool((logits < math.inf).all()) and bool((logits > -math.inf).any(-1).all())


def describe(logits: Tensor, top: int) -> Distribution:
    """Log probabilities, entropy and the likeliest tokens of each row.

    Raises:
        FloatingPointError: The logits are not sound.
    """
    logprobs = logits.log_softmax(-1)
    # A NaN or infinite logit makes this sum NaN, so the check costs nothing.
    entropy_bits = (logprobs.exp().mul_(logprobs).sum(-1) / -math.log(2)).tolist()
    if not all(map(math.isfinite, entropy_bits)):
        if not are_sound(logits):
            raise FloatingPointError("logits are not sound")
        terms = torch.where(logprobs > -math.inf, logprobs.exp() * logprobs, 0.0)  # p log p is 0 where p is
        entropy_bits = (terms.sum(-1) / -math.log(2)).tolist()
    top_ids = logits.topk(min(top, logits.shape[-1])).indices
    return Distribution(logits, logprobs, entropy_bits, top_ids.tolist(), logprobs.gather(-1, top_ids).exp().tolist())
