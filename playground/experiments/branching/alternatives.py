"""What else could have come at a token: the likeliest, each with whether the sampler left it in."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from playground.backends.base import Backend, Capability, Loading, StepLogits
from playground.backends.job import Queued
from playground.engine.sampling import apply_repetition_penalty, choice_of, describe, filter_scores
from playground.errors import PlaygroundError
from playground.experiments.branching.records import BranchesRecord
from playground.experiments.branching.run import prompt_of
from playground.experiments.branching.tree import settings_of, tokens_of
from playground.runs.runner import Runner
from playground.runs.stages import ShouldStop
from playground.settings import Settings, make_settings

NEEDS: frozenset[Capability] = frozenset({"logits"})
MOST = 20


@dataclass(frozen=True)
class Alternative:
    """A token that could have come: its probability and rank are the model's own, `drawn_prob` the sampler's."""

    id: int
    text: str
    prob: float
    rank: int
    drawn_prob: float
    taken: bool


@dataclass(frozen=True)
class Alternatives:
    """All of one place, the likeliest first, and the entropy of the model's own distribution there."""

    items: tuple[Alternative, ...]
    entropy_bits: float


def alternatives(
    piece: Callable[[int], str], logits: torch.Tensor, seen_ids: Sequence[int], settings: Settings, taken: int | None
) -> Alternatives:
    """The likeliest tokens, at most 20, and the one that was taken if it is not among them.

    Logits are the model's own, float32 [vocabulary]; `seen_ids` are prompt and answer so far; `taken` is None after the
    end.

    Raises:
        PlaygroundError: The logits are not finite.
    """
    try:
        found = describe(logits[None], MOST)
    except FloatingPointError:
        raise PlaygroundError("The model's logits here are NaN or infinite: choose fp32 or bf16.") from None
    own = logits[None]
    if settings.repetition_penalty != 1:
        own = apply_repetition_penalty(own, torch.tensor([list(seen_ids)]), settings.repetition_penalty)
    if settings.temperature == 0:
        best = int(own[0].argmax())
        chance = {best: choice_of(best, own[0], settings).sampled_prob}
    else:
        drawn = filter_scores(own, settings)[0][0].softmax(-1)
        chance = {id: float(drawn[id]) for id in [*found.top_ids[0], *([] if taken is None else [taken])]}
    ids = found.top_ids[0]
    if taken is not None and taken not in ids:
        ids = [*ids, taken]
    items = []
    for id in ids:
        logprob, rank = found.of(0, id)
        prob = float(torch.tensor(logprob).exp())
        items.append(Alternative(id, piece(id), prob, rank, chance.get(id, 0.0), id == taken))
    return Alternatives(tuple(items), max(0.0, found.entropy_bits[0]))


def alternatives_at(
    runner: Runner, tree: BranchesRecord, id: int, at: int, should_stop: ShouldStop = lambda: False
) -> Iterator[Queued | Loading | tuple[Alternatives, StepLogits]]:
    """Queue, load, then what else could have come at token `at` of a branch, and the logits; nothing if stopped.

    Raises:
        PlaygroundError: The model is not available, or has changed since.
    """
    settings = make_settings(**settings_of(tree, id))
    ids = [token.id for token in tokens_of(tree, id)]

    def work(backend: Backend) -> Iterator[tuple[Alternatives, StepLogits]]:
        prompt = prompt_of(backend, tree.run, ids, settings)
        step = backend.logits_before(prompt.ids, ids[:at], should_stop=should_stop)
        if step is not None:
            seen = [*prompt.ids, *ids[:at]]
            yield alternatives(backend.piece, step.logits, seen, settings, ids[at]), step

    model = tree.run.model
    return runner.holding(model.id, model.quantization, work, should_stop, needs=NEEDS)
