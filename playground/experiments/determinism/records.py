"""The determinism ladder as a document of kind "ladder", the load simulator as "load"."""

from typing import Any, Literal

from pydantic import Field

from playground.engine.events import Candidate
from playground.runs.records import Document, ModelRecord, Part


class ControlRecord(Part):
    """A/A: the reference run again and again, here and in fresh processes, compared by a hash of each step's logits."""

    repeats: int
    in_process: int
    fresh_processes: int
    bitwise_equal: bool
    logits_sha1: str
    differing: list[str]


class ProbeRecord(Part):
    """One knob on one operation: does it change bits on this machine at all?

    Attributes:
        knob: For instance `batch 8`, `threads`, `instruction set`.
        operation: For instance `linear`, `attention`.
        dtype: fp32 or bf16.
        active: Some output differs.
        differing_share: Of all outputs, 0 to 1.
        max_abs_diff: Largest difference.
        note: Why it could not be probed, or what it means; empty if plain.
    """

    knob: str
    operation: str
    dtype: str
    active: bool
    differing_share: float
    max_abs_diff: float
    note: str = ""


class ReferenceRecord(Part):
    """The run that all rungs are compared with; `gaps` are top-1 minus top-2 logit at each step."""

    name: str
    token_ids: list[int]
    token_texts: list[str]
    text: str
    gaps: list[float]
    top: list[list[Candidate]]


class RungRecord(Part):
    """One factor changed.

    Attributes:
        name: Short and stable, for instance `batch-8`.
        title: In words.
        group: `sampling`, `numerics` or `another-model`.
        factor: What was changed, and from what.
        max_abs_logit_diff, kl_mean, kl_max, top1_agreement: Teacher-forced over the reference sequence.
        predicted_risky: Indices with gap <= 2 x max_abs_logit_diff.
        divergence_token: Index of the first token that differs when free-running; None if none does.
        reference_token, rung_token: The two candidates there.
        was_predicted: Whether the fork was among the risky ones; None without a fork, and for sampled answers,
            where gaps predict nothing.
        text: Free-running.
        skipped: Why it could not run here; empty if it did.
        note: For instance "emulates another machine".
    """

    name: str
    title: str
    group: Literal["sampling", "numerics", "another-model"]
    factor: str
    max_abs_logit_diff: float | None = None
    kl_mean: float | None = None
    kl_max: float | None = None
    top1_agreement: float | None = None
    predicted_risky: list[int] = Field(default_factory=list)
    divergence_token: int | None = None
    reference_token: str | None = None
    rung_token: str | None = None
    was_predicted: bool | None = None
    token_ids: list[int] = Field(default_factory=list)
    text: str = ""
    seconds: float = 0.0
    skipped: str = ""
    note: str = ""


class FixRecord(Part):
    """A cure, tried: what differed without it and what with it.

    Attributes:
        name: `greedy`, `seed`, `fp32`, `fixed-tile`, `strict-cnr`, `layer-cast`.
        cures: What it is a cure of, in words.
        before, after: Measured, in words with numbers (for instance "max |dz| 0.031, fork at token 10").
        works: Whether the difference is gone; None if there was none to cure here.
        tokens_per_s_before, tokens_per_s_after: What it costs; None where not measured.
    """

    name: str
    title: str
    cures: str
    before: str
    after: str
    works: bool | None
    tokens_per_s_before: float | None = None
    tokens_per_s_after: float | None = None
    skipped: str = ""


class LadderRecord(Document):
    """A finished ladder; `claims` is False where the control was not equal, and then no rung was run."""

    schema_: Literal[1] = 1
    kind: Literal["ladder"] = "ladder"
    model: ModelRecord
    settings: dict[str, Any]
    prompt: str
    prompt_token_ids: list[int]
    claims: bool
    control: ControlRecord
    host_probe: list[ProbeRecord]
    reference: ReferenceRecord
    rungs: list[RungRecord]
    fixes: list[FixRecord]
    environment: dict[str, Any]


class AnswerRecord(Part):
    """One distinct answer of the load simulator and how many requests got it; `first_fork` against the reference."""

    count: int
    first_fork: int | None
    text: str
    token_ids: list[int]


class ArmRecord(Part):
    """One method under load."""

    name: str
    title: str
    n: int
    unique: int
    mode_count: int
    answers: list[AnswerRecord]
    tokens_per_s: float
    batch_sizes: dict[str, int]


class LoadRecord(Document):
    """Greedy requests of one prompt while the batch around each changes at every step.

    Attributes:
        passes: Tokens a second of each arm by name, a value for each timed pass; a small load, the same for all.
        control: The same of the first arm's second measurement, an A/A pair with it.
    """

    schema_: Literal[1] = 1
    kind: Literal["load"] = "load"
    model: ModelRecord
    prompt: str
    prompt_token_ids: list[int]
    max_new_tokens: int
    seed: int
    asked: int
    arms: list[ArmRecord]
    anchor: str
    environment: dict[str, Any]
    passes: dict[str, list[float]] = Field(default={})
    control: list[float] = Field(default=[])
