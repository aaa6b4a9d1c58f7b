"""The load simulator as what the page shows: pure functions of its records, no Gradio."""

from collections.abc import Sequence
from typing import Any

from playground.experiments.determinism.records import AnswerRecord, ArmRecord, LoadRecord
from playground.views.format import NOTHING, count_of, format_percent, format_rate, without_unit
from playground.views.run import packed
from playground.views.spec import Axis, ChartSpec, Series

MAX_ANSWERS = 50  # answers shown per arm; the saved file has all


def arms_chart(arms: Sequence[ArmRecord], requests: int) -> str:
    """Unique answers of each way of computing."""
    if not arms:
        return ""
    counts = ", ".join(f"{arm.title} {arm.unique:,} of {arm.n:,}" for arm in arms)
    labels = [f"of {count_of(arm.n, 'request')}" for arm in arms]
    return ChartSpec(
        x=Axis("", categories=tuple(arm.title for arm in arms)),
        y=Axis(f"unique answers of {count_of(requests, 'request')}", min=0),
        series=[
            Series("unique answers", "bars", [(i, arm.unique) for i, arm in enumerate(arms)], "prob", labels=labels)
        ],
        summary=f"Unique answers: {counts}.",
    ).to_json()


def arms_value(arms: Sequence[ArmRecord]) -> str:
    """Each way of computing: its answers by frequency, where they fork, and what it costs."""
    return packed([_arm(arm, arms[0]) for arm in arms]) if arms else ""


def _arm(arm: ArmRecord, first: ArmRecord) -> dict[str, Any]:
    forks = [answer.first_fork for answer in arm.answers if answer.first_fork is not None]
    cost = (
        ""
        if arm is first or not first.tokens_per_s
        else f"{format_percent(arm.tokens_per_s / first.tokens_per_s)} of {first.title}"
    )
    sizes = sorted(int(size) for size in arm.batch_sizes if size.isdigit())
    return {
        "name": arm.name, "title": arm.title, "unique": f"{arm.unique:,}", "n": f"{arm.n:,}",
        "mode": f"×{arm.mode_count:,}",  # noqa: RUF001 - the sign of multiplication
        "fork": str(min(forks) + 1) if forks else NOTHING, "cost": cost,
        "speed": without_unit(format_rate(arm.tokens_per_s)),
        "sizes": f"batches of {sizes[0]} to {sizes[-1]}" if sizes else "",
        "answers": [_answer(answer) for answer in arm.answers[:MAX_ANSWERS]],
        "more": max(0, len(arm.answers) - MAX_ANSWERS),
    }  # fmt: skip


def _answer(answer: AnswerRecord) -> dict[str, Any]:
    fork = None if answer.first_fork is None else answer.first_fork + 1
    return {"count": answer.count, "fork": fork, "text": answer.text}


def ours(record: LoadRecord) -> str:
    """Our figure with its size and its model, to show beside the published one."""
    model, arms = f"{record.model.id}, {record.model.parameters / 1e6:,.0f} million parameters", record.arms
    counts = "; ".join(f"{arm.unique:,} unique of {arm.n:,} in {arm.title}" for arm in arms)
    return f"{counts}. {model}, at most {count_of(record.max_new_tokens, 'token')} each." if arms else ""
