"""One step of a run, recomputed: the document that `playground inspect` writes."""

from typing import Any, Literal

from playground.runs.records import Document, ModelRecord, Part


class StageTokenRecord(Part):
    """One of the likeliest tokens after a stage: its chance, 0 where this or an earlier stage removed it."""

    id: int
    text: str
    prob: float
    cut: bool


class StageRecord(Part):
    """What a stage left; `mass` is the share of the stage before, `perplexity` 2 to the power of the entropy."""

    name: str
    setting: float | None
    kept: int
    mass: float
    entropy_bits: float
    perplexity: float
    top: list[StageTokenRecord]


class RunnerUpRecord(Part):
    """The token that came second in score plus noise, and by how much it was beaten."""

    id: int
    text: str
    margin: float


class DrawRecord(Part):
    """The draw, by the Gumbel-max trick; `noise` and the random number `uniform` behind it are None if greedy."""

    id: int
    text: str
    prob: float
    noise: float | None
    uniform: float | None
    runner_up: RunnerUpRecord | None


class ChosenRecord(Part):
    """The token that the run chose, with the recorded numbers."""

    id: int
    text: str
    logprob: float
    sampled_prob: float
    kept: int


class AgreementRecord(Part):
    """Whether the logits computed now are those of the run: the natural log probability of its token, then and now."""

    recorded_logprob: float
    recomputed_logprob: float
    tolerance: float
    agrees: bool
    changed: list[str]


class StepRecord(Document):
    """A step of a run: its logits computed again, and what the sampler makes of them."""

    schema_: Literal[1] = 1
    kind: Literal["step"] = "step"
    model: ModelRecord
    settings: dict[str, Any]
    overrides: dict[str, Any]
    order: str
    step: int
    steps: int
    vocabulary: int
    chosen: ChosenRecord
    stages: list[StageRecord]
    draw: DrawRecord
    agreement: AgreementRecord
    computed_tokens: int
    reused_tokens: int
    seconds: float
    environment: dict[str, Any]
