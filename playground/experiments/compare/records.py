"""Runs side by side as a document of kind "compare"; one setting over several values as "sweep"."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from playground.engine.events import Candidate
from playground.runs.records import Document, Part, RunRecord

CompareMode = Literal["batch", "turns"]
"""`batch`: side by side, one batch; `turns`: one after the other, so that times are fair."""


class FailedRecord(Part):
    """A pane that has no run.

    Attributes:
        pane: Its place among those requested.
        changes: What it would have set.
        problem: Why it has none, in a sentence.
    """

    pane: int
    changes: dict[str, Any]
    problem: str


class DiffRecord(Part):
    """A pane against the reference pane, by tokens.

    Attributes:
        pane: Index of the pane.
        by: Tokens are the same if their ids are; of two different models, whose ids can't be compared, if their texts
            are.
        identical: Every token is the same.
        first_difference: Index of the first token that differs or is missing in one; None if identical.
        reference_token, pane_token: Texts of it; None where one answer had ended.
        reference_top, pane_top: Likeliest tokens of both at that index, as recorded.
        operations: `[op, a0, a1, b0, b1]` as difflib gives them over tokens: `equal`, `replace`, `delete`, `insert`;
            a counts the reference's tokens, b the pane's. Of long answers that repeat themselves, as the longest common
            subsequence gives them.
        edit_distance: Levenshtein distance of the tokens / the longer length, 0 to 1.
        similarity: 2 x equal tokens / all tokens, 0 to 1.
    """

    pane: int
    by: Literal["ids", "texts"] = "ids"
    identical: bool
    first_difference: int | None
    reference_token: str | None
    pane_token: str | None
    reference_top: list[Candidate]
    pane_top: list[Candidate]
    operations: list[tuple[str, int, int, int, int]]
    edit_distance: float
    similarity: float


class CompareRecord(Document):
    """Two to four runs of one prompt; fewer where some failed, or were stopped before they began.

    Attributes:
        mode: As it really ran: panes of different models or prompts always take turns.
        base: The settings all panes start from, model and quantization included; its seed is that of every pane that
            sets none itself.
        changes: For each of `panes` what it sets otherwise than the base, model and quantization included.
        reference: Index of the pane that `diffs` are against.
        panes: The runs, each as it would be saved alone, in the order of the request.
        diffs: One for each other pane.
        failed: The panes that have no run.
        passes: For each of `panes` its measured metrics by name, a value for each pass, the run above being the first;
            empty where it ran once.
        control: The same of the first requested pane's second measurement, an A/A pair with it: how far noise alone
            reaches.
    """

    schema_: Literal[1] = 1
    kind: Literal["compare"] = "compare"
    mode: CompareMode
    prompt: str
    base: dict[str, Any]
    changes: list[dict[str, Any]]
    reference: int
    panes: list[RunRecord] = Field(min_length=1)
    diffs: list[DiffRecord]
    failed: list[FailedRecord] = Field(default=[])
    passes: list[dict[str, list[float]]] = Field(default=[])
    control: dict[str, list[float]] = Field(default={})

    def members(self) -> Sequence[RunRecord]:
        """One a pane."""
        return self.panes

    @property
    def places(self) -> list[int]:
        """Place of each pane among those requested: those without a run leave gaps."""
        without = {one.pane for one in self.failed}
        return [place for place in range(len(self.panes) + len(without)) if place not in without]


class SweepRecord(Document):
    """One prompt over values of one setting.

    Attributes:
        name: The setting that varies; also `model` or `quantization`.
        values: Of each run.
        asked: All values requested; more than `values` where some failed or it was stopped.
        runs: In the order of the request, only those that ended by themselves.
        failed: The values whose run failed, by their place among these.
        passes, control: As in a comparison: of `runs`, and of the first one again.
    """

    schema_: Literal[1] = 1
    kind: Literal["sweep"] = "sweep"
    prompt: str
    name: str
    values: list[Any]
    asked: list[Any]
    runs: list[RunRecord] = Field(min_length=1)
    failed: list[FailedRecord] = Field(default=[])
    passes: list[dict[str, list[float]]] = Field(default=[])
    control: dict[str, list[float]] = Field(default={})

    def members(self) -> Sequence[RunRecord]:
        """One a value."""
        return self.runs
