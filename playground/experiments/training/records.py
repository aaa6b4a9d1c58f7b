"""Training against inference as a document of kind "training"."""

from typing import Any, Literal

from playground.runs.records import Document, ModelRecord, Part


class InferenceRecord(Part):
    """A run of the model in memory. The hashes are BLAKE2b over every byte of all weights."""

    answer: str
    token_ids: list[int]
    hash_before: str
    hash_after: str
    weights_bytes: int


class StepCost(Part):
    """One pass over the sentence.

    Attributes:
        seconds: Measured.
        peak_bytes: How far memory rose above what was held before, measured: the process's resident memory every few
            milliseconds, or on CUDA torch's own peak. What the process had free in its own pools is not seen.
        memory_bytes: The copy's weights and that rise.
    """

    seconds: float
    peak_bytes: int
    memory_bytes: int


class ChangeRecord(Part):
    """What the step did to the copy's weights; `largest` and `mean` are absolute changes over all weights."""

    weights: int
    changed: int
    largest: float
    mean: float
    gradient_norm: float
    gradient_bytes: int


class CopyRecord(Part):
    """The throw-away copy.

    Attributes:
        loss_before, loss_after: Mean cross-entropy over the sentence's tokens but the first, in nats.
        answer_before, answer_after: Greedy.
        hash_before, hash_after: As in `InferenceRecord`.
        thrown_away: Nothing refers to its module any more.
    """

    loss_before: float
    loss_after: float
    answer_before: str
    answer_after: str
    hash_before: str
    hash_after: str
    thrown_away: bool


class TrainingRecord(Document):
    """An inference run that changes no weight, and one gradient step, on a copy, that changes nearly all.

    Attributes:
        model: The one in memory, which answers.
        prompt: Asked of both.
        sentence, sentence_token_ids: What the copy learned from.
        learning_rate: Of plain SGD: w - learning_rate * gradient.
        forward: One forward pass over the sentence without gradients: an inference step.
        step: Forward, backward and update of the same sentence.
        hash_at_the_end: Of the model in memory, after the copy was thrown away.
    """

    schema_: Literal[1] = 1
    kind: Literal["training"] = "training"
    model: ModelRecord
    settings: dict[str, Any]
    prompt: str
    prompt_token_ids: list[int]
    sentence: str
    sentence_token_ids: list[int]
    learning_rate: float
    inference: InferenceRecord
    forward: StepCost
    step: StepCost
    change: ChangeRecord
    copy_: CopyRecord
    hash_at_the_end: str
    environment: dict[str, Any]
