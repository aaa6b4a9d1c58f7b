"""Answers in some manner: greedy, drawn, or forced along a reference and then let go where it first disagrees."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from playground.engine.clock import Clock
from playground.engine.sampling import Noise, are_sound, choose
from playground.experiments.determinism.drift import Drift, NotFinite, gap, sha1_of
from playground.experiments.determinism.manners import Manner
from playground.runs.stages import ShouldStop, Stage, Steps, obey
from playground.settings import Settings


@dataclass(frozen=True)
class Ground:
    """What all answers share.

    Attributes:
        prompt: Token ids.
        room: Most tokens of an answer.
        eos_ids: Tokens that end one.
        should_stop: Asked before every step.
        clock: Stands still while the work is set aside.
    """

    prompt: list[int]
    room: int
    eos_ids: frozenset[int]
    should_stop: ShouldStop = lambda: False
    clock: Clock = field(default_factory=Clock)


@dataclass
class Reference:
    """A greedy answer with the logits of every step.

    Attributes:
        token_ids: The answer.
        logits: Float32 [vocabulary] of each step.
    """

    token_ids: list[int] = field(default_factory=list)
    logits: list[Tensor] = field(default_factory=list)

    @property
    def hashes(self) -> list[str]:
        """SHA-1 of each step's logits."""
        return [sha1_of(each) for each in self.logits]

    @property
    def gaps(self) -> list[float]:
        """Top-1 minus top-2 logit of each step."""
        return [gap(each) for each in self.logits]


@dataclass(frozen=True)
class Measured:
    """A manner compared with a reference.

    Attributes:
        max_abs, kl_mean, kl_max, top1_agreement: Teacher-forced; see `Drift`.
        risky: Steps whose gap is at most 2 x max_abs.
        token_ids: The free-running answer.
        fork: First token in which it differs from the reference; None if none does.
        seconds: Everything together.
    """

    max_abs: float
    kl_mean: float
    kl_max: float
    top1_agreement: float
    risky: list[int]
    token_ids: list[int]
    fork: int | None
    seconds: float


def greedy(manner: Manner, ground: Ground, doing: str) -> Steps[Reference]:
    """The greedy answer.

    Raises:
        NotFinite: A logit is NaN or infinite.
    """
    found = Reference()
    for token, logits in _chosen(manner, ground, _likeliest):
        if not are_sound(logits):
            raise NotFinite
        found.token_ids.append(token)
        found.logits.append(logits)
        yield Stage(doing, len(found.token_ids) / ground.room)
        obey(ground.should_stop)
    return found


def draw(manner: Manner, ground: Ground, settings: Settings, seed: int, doing: str) -> Steps[list[int]]:
    """An answer drawn as in Play: by these settings and this seed."""
    noise, ids = Noise(seed), []
    for token, _ in _chosen(
        manner, ground, lambda logits, index: choose(logits[None], settings, [noise], [index])[0].id
    ):
        ids.append(token)
        yield Stage(doing, len(ids) / ground.room)
        obey(ground.should_stop)
    return ids


def measure(manner: Manner, reference: Reference, ground: Ground, doing: str) -> Steps[Measured]:
    """Force the manner along the reference, then let it run free from the first token it would choose otherwise.

    Up to there a free run is the forced one, so nothing is computed twice, and where it agrees at every step, the free
    run is the reference.

    Raises:
        NotFinite: A logit is NaN or infinite.
    """
    clock, drift, branch = ground.clock.lap(), Drift(), None
    total = len(reference.token_ids)
    logits = manner.start(ground.prompt)
    for index, expected in enumerate(reference.logits):
        obey(ground.should_stop)
        if index:
            logits = manner.step(reference.token_ids[index - 1])
        if not drift.add(expected, logits) and branch is None:
            branch = (index, int(logits.argmax()), manner.fork() if index + 1 < ground.room else manner)
        yield Stage(doing, (index + 1) / total)
    token_ids = list(reference.token_ids)
    if branch is not None:
        index, token, free = branch
        token_ids = yield from _let_go(free, [*token_ids[:index], token], ground, doing)
    limit = 2 * drift.max_abs
    risky = [index for index, each in enumerate(reference.gaps) if each <= limit]
    fork = fork_between(reference.token_ids, token_ids)
    seconds = clock.now()
    return Measured(drift.max_abs, drift.kl_mean, drift.kl_max, drift.top1_agreement, risky, token_ids, fork, seconds)


def fork_between(first: Sequence[int], second: Sequence[int]) -> int | None:
    """Index of the first token in which two answers differ; where one goes on and the other ends, its length."""
    shared = min(len(first), len(second))
    if len(first) != len(second) and list(first[:shared]) == list(second[:shared]):
        return shared
    differing = np.flatnonzero(np.array(first[:shared]) != np.array(second[:shared]))
    return int(differing[0]) if len(differing) else None


def _let_go(manner: Manner, ids: list[int], ground: Ground, doing: str) -> Steps[list[int]]:
    """The rest of an answer whose last token has not been read yet."""
    while len(ids) < ground.room and ids[-1] not in ground.eos_ids:
        obey(ground.should_stop)
        ids.append(int(manner.step(ids[-1]).argmax()))
        yield Stage(f"{doing}, written freely", 1.0)
    return ids


def _likeliest(logits: Tensor, _index: int) -> int:
    return int(logits.argmax())


def _chosen(manner: Manner, ground: Ground, choice: Callable[[Tensor, int], int]) -> Iterator[tuple[int, Tensor]]:
    """Each token and the logits it was chosen from, until the answer ends."""
    logits = manner.start(ground.prompt)
    for index in range(ground.room):
        token = choice(logits, index)
        yield token, logits
        if token in ground.eos_ids or index + 1 == ground.room:
            return
        logits = manner.step(token)
