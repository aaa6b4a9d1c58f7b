"""A step as a document: every stage, the draw, and whether these are the run's own logits."""

from collections.abc import Callable, Mapping
from typing import Any

import torch

from playground.errors import PlaygroundError, nearest
from playground.experiments.inspection.records import (
    ChosenRecord,
    DrawRecord,
    RunnerUpRecord,
    StageRecord,
    StageTokenRecord,
    StepRecord,
)
from playground.experiments.inspection.stages import ORDERS, Draw, Stage, draw, stages
from playground.experiments.inspection.step import Step
from playground.settings import make_settings


def check_order(order: str) -> None:
    """Refuse an unknown order.

    Raises:
        PlaygroundError: It is no key of `ORDERS`.
    """
    if order not in ORDERS:
        raise PlaygroundError(f"Unknown order {order[:60]!r}: {nearest(order, list(ORDERS))}")


def step_record(step: Step, overrides: Mapping[str, Any], *, top: int = 10, order: str = "transformers") -> StepRecord:
    """The whole step as a document.

    Overrides stand in place of the run's settings; `top` is the number of the likeliest tokens to list at each stage.

    Raises:
        PlaygroundError: A setting is out of range, or the order unknown.
    """
    check_order(order)
    settings = make_settings(**{**step.run.settings, **overrides})
    found = stages(step.logits, step.seen_ids, settings, order)
    noise = None if settings.temperature == 0 else step.noise
    ids = step.logits.topk(min(top, len(step.logits))).indices.tolist()
    return StepRecord(
        model=step.run.model,
        settings=step.run.settings,
        overrides=dict(overrides),
        order=order,
        step=step.index,
        steps=len(step.run.tokens),
        vocabulary=len(step.logits),
        chosen=ChosenRecord.model_validate(step.token, from_attributes=True),
        stages=[_stage_record(stage, ids, step.piece) for stage in found],
        draw=_draw_record(draw(found[-1].scores, noise), step.piece),
        agreement=step.agreement(),
        computed_tokens=step.raw.computed_tokens,
        reused_tokens=step.raw.reused_tokens,
        seconds=step.raw.seconds,
        environment=step.environment,
    )


def _stage_record(stage: Stage, ids: list[int], piece: Callable[[int], str]) -> StageRecord:
    return StageRecord(
        name=stage.name,
        setting=stage.setting,
        kept=stage.kept,
        mass=stage.mass,
        entropy_bits=stage.entropy_bits,
        perplexity=2**stage.entropy_bits,
        top=[
            StageTokenRecord(
                id=one, text=piece(one), prob=float(stage.probs[one]), cut=not bool(torch.isfinite(stage.scores[one]))
            )
            for one in ids
        ],
    )


def _draw_record(drawn: Draw, piece: Callable[[int], str]) -> DrawRecord:
    second = None
    if drawn.runner_up is not None and drawn.margin is not None:
        second = RunnerUpRecord(id=drawn.runner_up, text=piece(drawn.runner_up), margin=drawn.margin)
    return DrawRecord(
        id=drawn.id,
        text=piece(drawn.id),
        prob=drawn.prob,
        noise=drawn.noise,
        uniform=drawn.uniform,
        runner_up=second,
    )
