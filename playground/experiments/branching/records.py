"""A run and its branches, as a document of kind "branch"."""

import json
from collections.abc import Sequence
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from playground.engine.events import FinishReason, Token
from playground.metrics.timing import Timing
from playground.runs.records import Document, Part, RunRecord

How = Literal["choice", "greedy", "sample", "beam"]
ROOT = 0
"""The id of the run itself, which all branches come from."""
MAX_BRANCHES = 200
MAX_NAME_CHARS = 80


class BranchRecord(Part):
    """One branch that leaves another.

    Attributes:
        id: Its number in the document, from 1.
        parent: The branch that it leaves; 0 is the run.
        at: Index of the first token that is its own; those before it are its parent's.
        name: What a person calls it.
        how: `choice` took the given tokens and continued with its parent's settings; the others name the method.
        width: Beginnings that a beam search kept; None for the others.
        forced: How many of its first tokens were given, not drawn.
        settings: Those it was continued with.
        tokens: Its own, from `at` on; times are in seconds since the request.
        text: The whole answer.
        finish_reason: Why it ended.
        timing: As in a run; `prefill_tokens_per_s` is of what had to be read.
        total_logprob: Sum of the model's own natural log probabilities, over the whole answer.
        mean_logprob: That / tokens of the answer.
        computed_tokens: Tokens of prompt and answer that were read before its first token.
        reused_tokens: Those that were in the cache.
        saved_s: reused_tokens / prefill_tokens_per_s of the run: what reading them again would take at the rate that
            was measured then. None where no rate was measured.
    """

    id: int = Field(ge=1)
    parent: int = Field(ge=0)
    at: int = Field(ge=0)
    name: str = Field(max_length=MAX_NAME_CHARS)
    how: How
    width: int | None
    forced: int = Field(ge=0)
    settings: dict[str, Any]
    tokens: list[Token] = Field(min_length=1)
    text: str
    finish_reason: FinishReason
    timing: Timing
    total_logprob: float
    mean_logprob: float
    computed_tokens: int
    reused_tokens: int
    saved_s: float | None

    @field_validator("settings")
    @classmethod
    def _plain_json(cls, value: dict[str, Any]) -> dict[str, Any]:
        json.dumps(value, allow_nan=False)  # its ValueError is reported like ours
        return value


class BranchesRecord(Document):
    """The run, then its branches, each after the one that it leaves."""

    schema_: Literal[1] = 1
    kind: Literal["branch"] = "branch"
    run: RunRecord
    branches: list[BranchRecord] = Field(max_length=MAX_BRANCHES)

    @model_validator(mode="after")
    def _is_a_tree(self) -> Self:
        ends = {ROOT: len(self.run.tokens)}
        for branch in self.branches:
            if branch.id in ends:
                raise ValueError(f"two branches have the number {branch.id}")
            if branch.parent not in ends:
                raise ValueError(f"branch {branch.id} leaves number {branch.parent}, which does not come before it")
            if branch.at > ends[branch.parent]:
                raise ValueError(f"branch {branch.id} leaves its parent at token {branch.at}, after its end")
            if branch.forced > len(branch.tokens):
                raise ValueError(f"branch {branch.id} has fewer tokens than were given")
            ends[branch.id] = branch.at + len(branch.tokens)
        return self

    def members(self) -> Sequence[RunRecord]:
        """The run; its branches have no environment of their own."""
        return (self.run,)
