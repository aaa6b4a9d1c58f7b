"""Greedy requests of one prompt under changing load: at every step each is computed in another batch.

On a real server the batch around a request changes at every step, as others come and go. Here the requests are each
other's company: at every step they are dealt again into batches of random size, and each batch is one forward pass over
its rows' own caches. Nothing is computed once for several, however equal they are.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import DynamicCache

from playground.engine.module import module_logits
from playground.experiments.determinism.answers import Ground
from playground.experiments.determinism.rows import join, split
from playground.runs.stages import Stage, Steps, obey

MAX_BATCH = 8


@dataclass
class _Request:
    ids: list[int] = field(default_factory=list)
    cache: Any = None


@dataclass
class CrowdResult:
    """What came of it.

    Attributes:
        answers: Token ids of each request.
        batch_sizes: Number of forward passes by number of rows.
        output_tokens: Of all requests.
        seconds: Of all forward passes, the prompt's too, joining and splitting of caches included.
    """

    answers: list[list[int]]
    batch_sizes: Counter[int]
    seconds: float

    @property
    def output_tokens(self) -> int:
        """Of all requests."""
        return sum(map(len, self.answers))


@dataclass
class Crowd:
    """How many requests, how many of them at a time (memory limits it), and what deals them into batches."""

    requests: int
    at_once: int
    seed: int
    largest: int = MAX_BATCH


def serve(module: Any, crowd: Crowd, ground: Ground, doing: str) -> Steps[CrowdResult]:
    """Answer all requests; those that ended leave."""
    chance, sizes, seconds = random.Random(crowd.seed), Counter[int](), 0.0
    answers: list[list[int]] = []
    for first in range(0, crowd.requests, crowd.at_once):
        wave = [_Request() for _ in range(min(crowd.at_once, crowd.requests - first))]
        alive = wave
        for step in range(ground.room):
            if not alive:
                break
            for batch in deal(alive, crowd.largest, chance):
                obey(ground.should_stop)
                begun = time.perf_counter()
                _advance(module, batch, ground.prompt)
                seconds += time.perf_counter() - begun
                sizes[len(batch)] += 1
                done = (first + len(wave) * step / ground.room) / crowd.requests
                yield Stage(f"{doing}: token {step + 1} of {ground.room}, {len(alive)} requests", done)
            alive = [request for request in alive if request.ids[-1] not in ground.eos_ids]
        answers += [request.ids for request in wave]
    return CrowdResult(answers, sizes, seconds)


def deal(requests: list[Any], largest: int, chance: random.Random) -> Iterator[list[Any]]:
    """All requests, shuffled, in batches of random size from 1 to `largest`."""
    left = list(requests)
    chance.shuffle(left)
    while left:
        size = chance.randint(1, largest)
        yield left[:size]
        left = left[size:]


@torch.inference_mode()
def _advance(module: Any, batch: list[_Request], prompt: list[int]) -> None:
    """One forward pass: the prompt for requests that have read nothing, else each one's last token."""
    if batch[0].cache is None:
        cache = DynamicCache(config=module.config)
        ids = torch.tensor(prompt).expand(len(batch), -1)
    else:
        cache = join([request.cache for request in batch])
        ids = torch.tensor([[request.ids[-1]] for request in batch])
    logits = module_logits(module, ids.to(module.device), cache).float()
    caches = split(cache, len(batch))
    for request, token, own in zip(batch, logits.argmax(-1).tolist(), caches, strict=True):
        request.ids.append(token)
        request.cache = own
