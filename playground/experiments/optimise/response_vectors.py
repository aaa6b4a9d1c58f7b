"""Requests as vectors of the model's own states, and what they are nearest to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from playground.data.optimise import ResponseData
from playground.engine.pooling import cosine
from playground.experiments.optimise.similarity import Looked, content_words


@dataclass(frozen=True)
class Vectors:
    """All requests that ship, [pairs, width] each; `centred` is less the mean of the stored ones."""

    stored: Tensor
    paraphrases: Tensor
    opposites: Tensor

    def centred(self) -> "Vectors":
        """Without what all requests have in common, which makes raw states of a small model all alike."""
        mean = self.stored.mean(0)
        return Vectors(self.stored - mean, self.paraphrases - mean, self.opposites - mean)

    def pairs(self) -> tuple[list[float], list[float]]:
        """Similarity of each stored request to its own paraphrase and to its own opposite."""
        same = torch.nn.functional.cosine_similarity
        return same(self.stored, self.paraphrases).tolist(), same(self.stored, self.opposites).tolist()


def vectors_of(data: ResponseData, vector: Callable[[str], Tensor]) -> Vectors:
    """Each request read once."""
    return Vectors(
        torch.stack([vector(one.prompt) for one in data.pairs]),
        torch.stack([vector(one.paraphrase) for one in data.pairs]),
        torch.stack([vector(one.opposite) for one in data.pairs]),
    )


def looked(data: ResponseData, vectors: Vectors, places: Sequence[int]) -> list[Looked]:
    """These pairs' paraphrases and opposites, each against all stored requests of these pairs."""
    small = frozenset(data.small_words)
    stored, found = vectors.stored[list(places)], list[Looked]()
    for at, place in enumerate(places):
        pair = data.pairs[place]
        for is_same, text, vector in (
            (True, pair.paraphrase, vectors.paraphrases[place]), (False, pair.opposite, vectors.opposites[place]),
        ):  # fmt: skip
            near = cosine(vector, stored)
            best = int(near.argmax())
            words = content_words(text, small) == content_words(data.pairs[places[best]].prompt, small)
            found.append(Looked(is_same, best == at, float(near[best]), words))
    return found
