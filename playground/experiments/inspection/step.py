"""A step of a finished run, computed again: the logits before one of its tokens, and their outcome."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import torch
from torch import Tensor

from playground.backends.base import Backend, Capability, Loading, StepLogits
from playground.backends.job import Queued
from playground.engine.events import Token
from playground.engine.sampling import Noise, are_sound
from playground.errors import PlaygroundError
from playground.experiments.inspection.records import AgreementRecord
from playground.runs.environment import changes, describe_environment
from playground.runs.records import RunRecord
from playground.runs.runner import Runner
from playground.settings import Settings, make_settings

T = TypeVar("T")
NEEDS: frozenset[Capability] = frozenset({"logits"})
TOLERANCE = 1e-3
"""Natural log probability; other processors differ by less in fp32, other weights or templates by far more."""


@dataclass(frozen=True)
class Step:
    """The logits before token `index` of a run, computed again. Use it with the model's turn held.

    Attributes:
        run: The run.
        index: Of the token, from 0.
        raw: Logits [vocabulary], and what computing them took.
        piece: The text of a token id.
        environment: Where they were computed now.
    """

    run: RunRecord
    index: int
    raw: StepLogits
    piece: Callable[[int], str]
    environment: dict[str, Any]

    @property
    def logits(self) -> Tensor:
        """Float32 [vocabulary]."""
        return self.raw.logits

    @property
    def token(self) -> Token:
        """What the run chose."""
        return self.run.tokens[self.index]

    @cached_property
    def settings(self) -> Settings:
        """Of the run."""
        return make_settings(**self.run.settings)

    @cached_property
    def seen_ids(self) -> Tensor:
        """Prompt and answer so far, [length]."""
        answer = (token.id for token in self.run.tokens[: self.index])
        return torch.tensor([*self.run.prompt_token_ids, *answer])

    @cached_property
    def noise(self) -> Tensor:
        """The run's Gumbel noise of this step, [vocabulary]."""
        assert self.settings.seed is not None
        return Noise(self.settings.seed).gumbel(self.index, torch.arange(len(self.logits)))

    def agreement(self) -> AgreementRecord:
        """Whether these are the logits that the run saw."""
        now = float(self.logits.log_softmax(-1)[self.token.id])
        agrees = abs(now - self.token.logprob) <= TOLERANCE
        return AgreementRecord(
            recorded_logprob=self.token.logprob,
            recomputed_logprob=now,
            tolerance=TOLERANCE,
            agrees=agrees,
            changed=[] if agrees else changes(self.run.environment, self.environment),
        )


def check_step(record: RunRecord, index: int) -> None:
    """Refuse a step that the run does not have.

    Raises:
        PlaygroundError: The index is out of range.
    """
    count = len(record.tokens)
    if not count:
        raise PlaygroundError("This run has no token, so there is no step to inspect.")
    if not 0 <= index < count:
        raise PlaygroundError(f"step must be from 0 to {count - 1:,}, as the run has {count:,} tokens; got {index:,}.")


def at_step(
    runner: Runner,
    record: RunRecord,
    index: int,
    use: Callable[[Step], T],
    should_stop: Callable[[], bool] = lambda: False,
    *,
    model: str | None = None,
) -> Iterator[Queued | Loading | T]:
    """Queue, load, compute the step's logits, and what `use` makes of them; nothing if stopped before.

    `use` is called once, with the model's turn held. `model` is the model's id if it has another name now.

    Raises:
        PlaygroundError: The run has no such step, or its model is not available here or has changed.
    """
    check_step(record, index)
    if make_settings(**record.settings).seed is None:
        raise PlaygroundError("This run has no seed, so the random numbers of its draws can't be computed again.")
    name = model or record.model.id
    runner.check(name, record.model.quantization)

    def work(backend: Backend) -> Iterator[T]:
        answer = [token.id for token in record.tokens[: index + 1]]
        _check_ids([*record.prompt_token_ids, *answer], backend.facts.vocabulary, name)
        raw = backend.logits_before(record.prompt_token_ids, answer[:-1], should_stop=should_stop)
        if raw is not None:
            if not are_sound(raw.logits):
                raise PlaygroundError("The model produced NaN or infinite logits at this step: nothing can be drawn.")
            environment = describe_environment(backend.facts, backend.chunk_tokens(len(record.prompt_token_ids)))
            yield use(Step(record, index, raw, backend.piece, environment))

    return runner.holding(name, record.model.quantization, work, should_stop, needs=NEEDS)


def _check_ids(ids: list[int], vocabulary: int, model: str) -> None:
    if min(ids) < 0 or max(ids) >= vocabulary:
        raise PlaygroundError(
            f"The run holds token ids that {model!r} does not have (its vocabulary is {vocabulary:,}): it was made by "
            "another model of this name."
        )
