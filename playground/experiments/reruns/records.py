"""N runs of one setting as a document of kind "rerun"; several temperatures of it as "temperature-ladder"."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from playground.engine.events import Candidate, FinishReason
from playground.runs.records import CostRecord, Document, EnergyRecord, MemoryRecord, ModelRecord, Part

SeedMode = Literal["different", "same", "none"]
Interval = tuple[float, float]


class RerunRow(Part):
    """One answer: lists run over its tokens. Ids, texts and logprobs mean what they mean in a run record."""

    seed: int
    token_ids: list[int]
    token_texts: list[str]
    logprobs: list[float]
    entropy_bits: list[float]
    text: str
    finish_reason: FinishReason


class ForkRecord(Part):
    """A place where runs that agreed so far part: the model's own distribution there.

    Attributes:
        run: Index of a run that passes here (all that pass share its tokens before `index`).
        index: Index of the token that differs.
        entropy_bits: Of the distribution.
        gap: Logit of the likeliest token minus that of the second: ln(p1 / p2).
        top: The likeliest tokens, two at least.
    """

    run: int
    index: int
    entropy_bits: float
    gap: float
    top: list[Candidate]


class MentionRecord(Part):
    """How many runs say a word or phrase; `low` and `high` are the 95 % Wilson interval of `rate`.

    Attributes:
        first_token_median: Median index of the token in which its first mention begins, over runs that have it.
        reruns_for_5_points: Runs needed until the interval's half-width is 5 points, if the rate stays as seen; for
            a rate of 0 or 1, if it is as far from it as `high` or `low`.
    """

    count: int
    rate: float
    low: float
    high: float
    first_token_median: float | None
    first_tokens: list[int]
    reruns_for_5_points: int


class DivergenceRecord(Part):
    """Div_Index over pairs of runs: index of the first token in which they differ; None if no pair differs."""

    median_token: float | None
    min_token: int | None


class SummaryRecord(Part):
    """Statistics over the finished runs. `intervals` holds a 95 % interval for each that is an estimate, by name."""

    n: int
    unique: int
    unique_share: float
    mode_count: int
    mode_share: float
    exact_match_rate: float | None
    answer_entropy_bits: float
    divergence: DivergenceRecord
    tar: bool
    distinct_1: float
    distinct_2: float
    edit_distance: float | None
    agreement: list[float]
    mode_agreement: list[float]
    length_mean: float
    length_sd: float | None
    mentions: dict[str, MentionRecord]
    intervals: dict[str, Interval]


class RerunRecord(Document):
    """A finished rerun. `runs` holds every run that ended by itself; stopped ones are counted, not kept."""

    schema_: Literal[1] = 1
    kind: Literal["rerun"] = "rerun"
    model: ModelRecord
    settings: dict[str, Any]
    seeds: SeedMode
    prompt: str
    prompt_token_ids: list[int]
    dropped_prompt_tokens: int
    asked: int
    n: int
    rows_at_once: int
    runs: list[RerunRow]
    forks: list[ForkRecord]
    summary: SummaryRecord
    prefill_s: float | None
    wall_s: float
    throughput_tokens_per_s: float | None
    memory: MemoryRecord
    cost: CostRecord
    energy: EnergyRecord
    environment: dict[str, Any]


class TemperatureLadderRecord(Document):
    """The same rerun at several temperatures, in the requested order; fewer if it was stopped."""

    schema_: Literal[1] = 1
    kind: Literal["temperature-ladder"] = "temperature-ladder"
    temperatures: list[float]
    rungs: list[RerunRecord] = Field(min_length=1)

    def members(self) -> Sequence[RerunRecord]:
        """One a temperature."""
        return self.rungs
