"""Any saved document run again: identical, or what differs first and what has changed around it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playground.errors import PlaygroundError
from playground.experiments.branching.again import branch_differences
from playground.experiments.branching.records import BranchesRecord
from playground.experiments.context.records import TokensRecord
from playground.experiments.context.tokens import tokens_again
from playground.experiments.costing.again import cost_again
from playground.experiments.costing.records import CostSheet
from playground.experiments.registry import experiment_of
from playground.runs.experiment import replay as replay_experiment
from playground.runs.records import Document, RunRecord
from playground.runs.replay import replay
from playground.runs.runner import Runner


@dataclass(frozen=True)
class Outcome:
    """What came of running a document again.

    Attributes:
        identical: Nothing that the document claims is different.
        differences: What is, a sentence each.
        changed: What differs in model and environment.
    """

    identical: bool
    differences: list[str]
    changed: list[str]


def replay_document(old: Document, runner: Runner, *, model: str | None = None) -> Outcome:
    """Run it again with the same settings, seeds included.

    Args:
        old: The document, of any kind.
        runner: Runs it.
        model: Id of the model where it goes by another name now; None is the record's own.

    Raises:
        PlaygroundError: Its settings or model are not available here, or its ids are another tokenizer's.
    """
    if isinstance(old, CostSheet):
        return replay_sheet(old)
    for kind, again in _KINDS.items():
        if isinstance(old, kind):
            differences, changed = again(old, runner, model)
            return Outcome(not differences, differences, list(dict.fromkeys(changed)))
    experiment = experiment_of(old)
    if experiment is not None:
        differences, changed = replay_experiment(experiment, old, runner, model)
        return Outcome(not differences, differences, changed)
    kind = type(old).model_fields["kind"].default
    raise PlaygroundError(
        f"A document of kind {kind!r} is a part of a run and can't be run again: replay the run itself."
    )


def replay_sheet(old: CostSheet) -> Outcome:
    """Compute a cost calculation again; it needs no model.

    Raises:
        PlaygroundError: It holds inputs that can't be used.
    """
    differences, changed = cost_again(old)
    return Outcome(not differences, differences, changed)


Told = tuple[list[str], list[str]]


def _run(old: RunRecord, runner: Runner, model: str | None) -> Told:
    outcome = replay(old, runner, model=model)
    return ([] if outcome.identical else [outcome.difference(old)]), outcome.changed


def _branches(old: BranchesRecord, runner: Runner, model: str | None) -> Told:
    """The run, and every branch from the beginning that is saved."""
    differences, changed = _run(old.run, runner, model)
    return [f"the run: {one}" for one in differences] + branch_differences(old, runner, model), changed


_KINDS: dict[type[Document], Callable[[Any, Runner, str | None], Told]] = {
    RunRecord: _run, BranchesRecord: _branches, TokensRecord: tokens_again,
}  # fmt: skip
