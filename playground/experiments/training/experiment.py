"""Training against inference: its request, its document, and how a replay compares."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import field_validator

from playground.experiments.costing.fact import FactSource, fact_source, known, quoted, where
from playground.runs.experiment import Experiment
from playground.runs.records import Document, ModelRecord, Part
from playground.runs.replay import prompt_again
from playground.runs.request import PromptRequest, item
from playground.runs.work import Work
from playground.settings import make_settings

MAX_ANSWER_TOKENS = 64
_STEP = 40  # in steps of an answer: the copy, its gradients, the update and the hashes read every weight several times
_NEAR = 1e-4  # of a loss: last bits may differ


class TrainingRequest(PromptRequest):
    """A prompt for both, and a sentence that the copy learns from."""

    prompt: str = item(
        "What is the capital of France?", "Prompt", "It is answered before and after the step.", page=False
    )
    sentence: str = item(
        "The capital of France is Lyon, and it has always been Lyon.",
        "Sentence to learn from",
        "A copy of the model learns it in one gradient step.",
        flags=["SENTENCE"],
    )
    learning_rate: float = item(0.0005, "Learning rate", "Of plain SGD.", ge=1e-8, le=1)

    def work(self) -> Work:
        """Three answers, and the step."""
        tokens = 3 * min(self.settings.max_new_tokens, MAX_ANSWER_TOKENS)
        return Work(3, tokens, tokens + _STEP)

    @field_validator("sentence")
    @classmethod
    def _sentence(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("The sentence to learn from is empty: type one of two words or more.")
        return value


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
        hash_at_the_end: Of the model in memory, after the copy was discarded.
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


def _again(old: TrainingRecord, model: str) -> TrainingRequest:
    return TrainingRequest(
        model=model, quantization=old.model.quantization, prompt=old.prompt, settings=make_settings(**old.settings),
        recorded=prompt_again(old.prompt_token_ids), sentence=old.sentence, learning_rate=old.learning_rate,
    )  # fmt: skip


def _differences(old: TrainingRecord, new: TrainingRecord) -> Iterator[str]:
    """Of weights, losses and answers; times and memory are not compared."""
    if old.inference.hash_before != new.inference.hash_before:
        yield "The model's weights differ from the saved ones."
    for name in ("loss_before", "loss_after"):
        then, now = getattr(old.copy_, name), getattr(new.copy_, name)
        if abs(then - now) > _NEAR * max(1.0, then):
            yield f"{name.replace('_', ' ')}: {then:.4f} then, {now:.4f} now."
    for name in ("answer_before", "answer_after"):
        if getattr(old.copy_, name) != getattr(new.copy_, name):
            yield f"The copy's {name.replace('_', ' ')} differs from the saved one."


def _facts(record: TrainingRecord) -> Iterator[FactSource]:
    tokens = len(record.sentence_token_ids)
    what = f"one step of plain SGD on {tokens} tokens, {where(record.model, record.environment)}"
    facts = known(what, {"training_tokens_per_s": tokens / record.step.seconds})
    yield fact_source("training", f"Training step: {quoted(record.sentence)}", facts)


TRAINING = Experiment(
    name="training",
    command="train",
    title="Training against inference",
    about="A run reads the weights and changes none, and training changes nearly all: here by one step of plain SGD on "
    "one sentence. The step is taken on a copy of the model in fp32 that is discarded afterwards.",
    verb="Take one step",
    room="Inside/Layers",
    request=TrainingRequest,
    record=TrainingRecord,
    run="playground.experiments.training.run:train",
    view="playground.views.training:VIEW",
    again=_again,
    differences=_differences,
    facts=_facts,
    needs=frozenset({"weights"}),
    anchor="layers-step",
)
