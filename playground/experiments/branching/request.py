"""The request of a branch, checked before anything runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from playground.engine.beam import MAX_WIDTH
from playground.errors import PlaygroundError
from playground.experiments.branching.records import BranchesRecord, How
from playground.experiments.branching.tree import check_room, finish_of, settings_of, tokens_of
from playground.settings import Settings, make_settings

DEFAULT_WIDTH = 4
GREEDY = {"temperature": 0.0, "repetition_penalty": 1.0}


@dataclass(frozen=True)
class BranchRequest:
    """Request of a branch.

    Attributes:
        parent: The branch that it leaves; 0 is the run.
        at: Index of the first token that is its own.
        token: The token put there: an id, a text or several ids; None lets `how` decide.
        several: Whether a text may be more than one token.
        how: How it continues; `choice` uses its parent's settings.
        width: Beginnings that a beam search keeps.
        changes: Settings that differ from its parent's.
    """

    parent: int
    at: int
    token: int | str | tuple[int, ...] | None = None
    several: bool = False
    how: How = "choice"
    width: int = DEFAULT_WIDTH
    changes: Mapping[str, Any] = field(default_factory=dict)


def check_branch(tree: BranchesRecord, request: BranchRequest) -> Settings:
    """The settings that the branch continues with, including a seed.

    Greedy takes the model's own likeliest token, with no repetition penalty, as a beam search does: so the two can be
    compared. Sampling draws a new seed, unless one is given, since the parent's would draw the same again.

    Raises:
        PlaygroundError: It can't be made.
    """
    check_room(tree)
    count, ended = len(tokens_of(tree, request.parent)), finish_of(tree, request.parent) == "eos"
    last = count - 1 if ended else count
    if not 0 <= request.at <= last:
        why = "its last token ends it" if ended else f"it has {count}"
        raise PlaygroundError(f"A branch can leave this answer at token 0 to {last}, as {why}; got {request.at}.")
    if request.how == "choice" and request.token is None:
        raise PlaygroundError("Say which token comes there, or how to continue: greedy, sample or beam.")
    if request.how == "beam" and not 2 <= request.width <= MAX_WIDTH:
        raise PlaygroundError(f"The width of a beam search must be from 2 to {MAX_WIDTH}; got {request.width}.")
    settings = make_settings(**_values(settings_of(tree, request.parent), request))
    if request.how == "sample" and settings.temperature == 0:
        raise PlaygroundError("Sampling needs a temperature above 0, and this answer's is 0: give one.")
    if request.at >= settings.max_new_tokens:
        raise PlaygroundError(
            f"max_new_tokens is {settings.max_new_tokens}, so nothing can come at token {request.at}: raise it."
        )
    return settings.seeded()


def _values(parents: Mapping[str, Any], request: BranchRequest) -> dict[str, Any]:
    values = {**parents, **({"seed": None} if request.how == "sample" else {}), **request.changes}
    return values | GREEDY if request.how in ("greedy", "beam") else values
