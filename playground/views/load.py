"""The load simulator as what the page shows: pure functions of its records, no Gradio."""

from collections.abc import Sequence
from typing import Any

from playground.experiments.determinism.records import AnswerRecord, ArmRecord, LoadRecord
from playground.views.format import NOTHING, count_of, format_rate, without_unit
from playground.views.load_speeds import Speeds
from playground.views.panels import Content, Drawn, Panel, Sofar, Table, View
from playground.views.run import packed
from playground.views.spec import Axis, ChartSpec, Series

MAX_ANSWERS = 50  # answers shown per arm; the saved file has all
_SHOWN = 60  # characters of an answer in a terminal
_BEFORE = 20  # characters of it before the first difference
_ANSWERS = 5
_HEAD = ("method", "unique", "of", "most common", "first fork", "decode", "batch sizes")


def arms_chart(arms: Sequence[ArmRecord], requests: int) -> ChartSpec:
    """Unique answers by method."""
    counts = ", ".join(f"{arm.title} {arm.unique:,} of {arm.n:,}" for arm in arms)
    labels = [f"of {count_of(arm.n, 'request')}" for arm in arms]
    return ChartSpec(
        x=Axis("", categories=tuple(arm.title for arm in arms)),
        y=Axis(f"unique answers of {count_of(requests, 'request')}", min=0),
        series=[
            Series("unique answers", "bars", [(i, arm.unique) for i, arm in enumerate(arms)], "prob", labels=labels)
        ],
        summary=f"Unique answers: {counts}.",
    )


def arms_value(arms: Sequence[ArmRecord], speeds: Speeds | None = None) -> str:
    """Each method: its answers by frequency, where they fork, and what it costs."""
    return packed([_arm(arm, arms[0], speeds or Speeds()) for arm in arms])


def _arm(arm: ArmRecord, first: ArmRecord, speeds: Speeds) -> dict[str, Any]:
    spread = speeds.of(arm)
    sizes = sorted(int(size) for size in arm.batch_sizes if size.isdigit())
    return {
        "name": arm.name, "title": arm.title, "unique": f"{arm.unique:,}", "n": f"{arm.n:,}",
        "mode": f"×{arm.mode_count:,}",  # noqa: RUF001 - the sign of multiplication
        "fork": first_fork(arm) or NOTHING, "cost": speeds.cost(arm, first), "range": speeds.text(arm),
        "speed": without_unit(format_rate(arm.tokens_per_s if spread is None else spread.middle)),
        "sizes": f"batches of {sizes[0]} to {sizes[-1]}" if sizes else "",
        "answers": [_answer(answer) for answer in arm.answers[:MAX_ANSWERS]],
        "more": max(0, len(arm.answers) - MAX_ANSWERS),
    }  # fmt: skip


def first_fork(arm: ArmRecord) -> str:
    """Number of the first token at which an answer differs from that of one request alone; empty if none does."""
    forks = [answer.first_fork for answer in arm.answers if answer.first_fork is not None]
    return str(min(forks) + 1) if forks else ""


def _answer(answer: AnswerRecord) -> dict[str, Any]:
    fork = None if answer.first_fork is None else answer.first_fork + 1
    return {"count": answer.count, "fork": fork, "text": answer.text}


def ours(record: LoadRecord) -> str:
    """Our figure with its size and its model, to show beside the published one."""
    model, arms = f"{record.model.id}, {record.model.parameters / 1e6:,.0f} million parameters", record.arms
    counts = "; ".join(f"{arm.unique:,} unique of {arm.n:,} in {arm.title}" for arm in arms)
    return f"{counts}. {model}, at most {count_of(record.max_new_tokens, 'token')} each." if arms else ""


def _row(arm: ArmRecord, first: ArmRecord, speeds: Speeds) -> tuple[str, ...]:
    sizes = " ".join(f"{size}:{count}" for size, count in arm.batch_sizes.items())
    counts = (f"{arm.unique:,}", f"{arm.n:,}", f"{arm.mode_count:,}")
    spread = speeds.of(arm)
    speed = format_rate(arm.tokens_per_s if spread is None else spread.middle)
    said = "; ".join(text for text in (speeds.text(arm), speeds.cost(arm, first) if spread else "") if text)
    return (arm.title, *counts, first_fork(arm) or "no fork", f"{speed} ({said})" if said else speed, sizes)


def _answers(arm: ArmRecord) -> str:
    """The most common answers, from shortly before their first difference."""
    letters = enumerate(zip(*(answer.text for answer in arm.answers), strict=False))
    start = max(0, next((place for place, each in letters if len(set(each)) > 1), 0) - _BEFORE)
    lines = [arm.title]
    for answer in arm.answers[:_ANSWERS]:
        text = " ".join(answer.text[start:].split())
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        lines.append(f"{answer.count:,} x  {'...' if start else ''}{shown}")
    if len(arm.answers) > _ANSWERS:
        lines.append(f"and {len(arm.answers) - _ANSWERS} others")
    return "\n".join(lines)


def _draw(sofar: Sofar) -> dict[str, Content]:
    record = sofar.record
    arms = record.arms if record else sofar.of(ArmRecord)
    if not arms:
        return {}
    speeds = Speeds(record.passes, record.control) if record else Speeds()
    rows = [_row(arm, arms[0], speeds) for arm in arms]
    plain = [Table(_HEAD, rows, speeds.note(arms)), *map(_answers, arms)]
    drawn: dict[str, Content] = {
        "chart": arms_chart(arms, record.asked if record else sofar.request.requests),
        "arms": Drawn(arms_value(arms, speeds), plain),
    }
    sentence = ours(record) if record else ""
    shown = f"{sentence} {speeds.note(arms)}"
    return drawn | ({"ours": Drawn(shown, [sentence, f"Elsewhere: {record.anchor}."])} if sentence else {})


def _kept(sofar: Sofar) -> str:
    record = sofar.record
    if record is None:
        return "before any method was done"
    ways = count_of(len(record.arms), "method", "methods")
    return f"{ways}, {count_of(record.asked, 'request')} each"


def _complete(sofar: Sofar) -> bool:
    return sofar.record is not None and len(sofar.record.arms) >= len(getattr(sofar.request, "ways", ()))


def _line(part: Any) -> str:
    return f"{part.title}: {part.unique:,} unique of {part.n:,}" if isinstance(part, ArmRecord) else ""


VIEW = View(
    panels=(
        Panel("ours", "words", "Here"),
        Panel(
            "chart",
            "chart",
            "Unique answers by method",
            "How many different answers each method gives appears here.",
        ),
        Panel("arms", "part", "Answers by method", make="playground.ui.components.ladder:load_arms"),
    ),
    draw=_draw,
    kept=_kept,
    complete=_complete,
    line=_line,
)
