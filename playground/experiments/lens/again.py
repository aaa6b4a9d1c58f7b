"""A saved look between the layers, or a saved training step, done again and compared."""

from collections.abc import Iterator
from dataclasses import replace

from playground.errors import PlaygroundError
from playground.experiments.lens.records import LensRecord
from playground.experiments.lens.request import LensRequest, LookAt
from playground.experiments.lens.run import lens
from playground.experiments.training.records import TrainingRecord
from playground.experiments.training.run import make_training, train
from playground.runs.environment import changes
from playground.runs.replay import moved, request_again
from playground.runs.runner import Runner
from playground.runs.updates import RunRequest
from playground.settings import make_settings

_NEAR = 1e-4  # of a probability, a weight of attention or a loss: last bits are no claim


def lens_again(old: LensRecord, runner: Runner, model: str | None) -> tuple[list[str], list[str]]:
    """Differences and changes of the surroundings; times are not compared."""
    run = RunRequest(old.prompt, model or old.model.id, old.model.quantization, make_settings(**old.settings))
    prompt = tuple(old.prompt_token_ids)
    asked = LensRequest(
        run, positions=len(old.positions), prompt_ids=prompt, answer_ids=tuple(old.token_ids[len(prompt) :])
    )
    if old.attention is not None:
        asked = replace(asked, look=LookAt(old.attention.layer, old.attention.query))
    new = next((update for update in lens(runner, asked) if isinstance(update, LensRecord)), None)
    if new is None:
        raise PlaygroundError("The look between the layers ended before it produced a record.")
    told = changes(old.model.model_dump(), new.model.model_dump()) + changes(old.environment, new.environment)
    return list(_lens_differences(old, new)), told


def _lens_differences(old: LensRecord, new: LensRecord) -> Iterator[str]:
    if len(old.cells) != len(new.cells):
        yield f"The grid has {len(new.cells):,} cells now and had {len(old.cells):,} then."
    for then, now in zip(old.cells, new.cells, strict=False):
        if abs(then.top_prob - now.top_prob) > _NEAR or abs(then.final_prob - now.final_prob) > _NEAR:
            yield (
                f"Layer {then.layer}, position {then.position}: {then.top_text!r} with {then.top_prob:.4f} then, "
                f"{now.top_text!r} with {now.top_prob:.4f} now."
            )
            break
    if old.attention is not None and new.attention is not None:
        rows = zip(old.attention.heads, new.attention.heads, strict=False)
        if any(abs(a - b) > _NEAR for then, now in rows for a, b in zip(then, now, strict=False)):
            yield f"The attention of layer {old.attention.layer} is another one."


def training_again(old: TrainingRecord, runner: Runner, model: str | None) -> tuple[list[str], list[str]]:
    """Differences and changes of the surroundings; times and memory are not compared."""
    run = request_again(old, model)
    updates = train(runner, make_training(run, old.sentence, old.learning_rate))
    new = next((update for update in updates if isinstance(update, TrainingRecord)), None)
    if new is None:
        raise PlaygroundError("The training step ended before it produced a record.")
    told = changes(old.model.model_dump(), new.model.model_dump()) + changes(old.environment, new.environment)
    told += moved(run, runner)
    return list(_training_differences(old, new)), told


def _training_differences(old: TrainingRecord, new: TrainingRecord) -> Iterator[str]:
    if old.inference.hash_before != new.inference.hash_before:
        yield "The model's weights are others than then."
    for name in ("loss_before", "loss_after"):
        then, now = getattr(old.copy_, name), getattr(new.copy_, name)
        if abs(then - now) > _NEAR * max(1.0, then):
            yield f"{name.replace('_', ' ')}: {then:.4f} then, {now:.4f} now."
    for name in ("answer_before", "answer_after"):
        if getattr(old.copy_, name) != getattr(new.copy_, name):
            yield f"The copy's {name.replace('_', ' ')} is another one."
