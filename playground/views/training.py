"""Training beside inference: two columns of figures, and what became of the copy."""

from collections.abc import Sequence

from playground.experiments.training.experiment import TrainingRecord
from playground.views.format import format_bytes, format_number, format_percent, format_seconds
from playground.views.panels import Content, Drawn, Panel, Sofar, View
from playground.views.run import packed

Row = tuple[str, str, str, str]
"""Name, figure, remark and colour."""


def _draw(sofar: Sofar) -> dict[str, Content]:
    record: TrainingRecord | None = sofar.record
    if record is None:
        return {}
    inference, training = _inference_rows(record), _training_rows(record)
    gone = _gone(record.copy_.thrown_away, held=record.inference.hash_before == record.hash_at_the_end)
    plain = (
        _lines("Inference", inference),
        _lines(f"One training step on {record.sentence!r}, on a copy in fp32", training),
        gone,
    )
    return {"training": Drawn(packed({"inference": inference, "training": training, "gone": gone}), plain)}


def _lines(title: str, rows: Sequence[Row]) -> str:
    """A row a line; an answer stands in quotes, so that its own line ends stay visible."""
    shown = [(name, repr(text) if name.startswith("answer") else text, about) for name, text, about, _ in rows]
    width = max(len(name) for name, _, _ in shown)
    lines = (f"  {name:<{width}}  {', '.join(part for part in (text, about) if part)}" for name, text, about in shown)
    return "\n".join([title, *lines])


def _kept(sofar: Sofar) -> str:
    return (
        "one step, on a copy that was discarded" if sofar.record else "before the step was done; the copy was discarded"
    )


def _inference_rows(record: TrainingRecord) -> list[Row]:
    inference, forward = record.inference, record.forward
    same = inference.hash_before == inference.hash_after
    passed = f"one pass over the {len(record.sentence_token_ids)} tokens of the sentence, on the copy"
    return [
        ("hash before", inference.hash_before, "BLAKE2b of all weights", ""),
        ("hash after", inference.hash_after, "equal: no weight changed" if same else "NOT equal", ""),
        ("time", format_seconds(forward.seconds), passed, "time"),
        ("memory", format_bytes(forward.memory_bytes), "the copy's weights and what the pass adds", "memory"),
        ("answer", inference.answer.strip(), "", ""),
    ]


def _training_rows(record: TrainingRecord) -> list[Row]:
    copied, change, step, forward = record.copy_, record.change, record.step, record.forward
    losses = f"{copied.loss_before:.4f} → {copied.loss_after:.4f}"
    share = change.changed / max(change.weights, 1)
    times = f"{format_number(step.seconds / max(forward.seconds, 1e-9))} times inference"
    sizes = f"{format_number(step.memory_bytes / max(forward.memory_bytes, 1))} times inference"
    return [
        ("loss", losses, _loss(copied.loss_after - copied.loss_before), ""),
        ("weights changed", f"{change.changed:,}", f"of {change.weights:,}: {format_percent(share)}", ""),
        ("size of change", f"{format_number(change.largest)} at most", f"{format_number(change.mean)} on average", ""),
        ("gradient norm", format_number(change.gradient_norm), f"learning rate {record.learning_rate:g}", ""),
        ("time", format_seconds(step.seconds), f"{times}: forward, backward and update", "time"),
        ("memory", format_bytes(step.memory_bytes), f"{sizes}: {_gradients(change.gradient_bytes)}", "memory"),
        ("answer before", copied.answer_before.strip(), "", ""),
        ("answer after", copied.answer_after.strip(), "", ""),
    ]


def _loss(change: float) -> str:
    if change < 0:
        return f"nats a token: {-change:.4f} lower"
    return f"nats a token: {change:.4f} higher, so the step was too long; try a smaller learning rate"


def _gradients(size: int) -> str:
    return f"weights, {format_bytes(size)} of gradients, and what the passes keep"


def _gone(thrown_away: bool, *, held: bool) -> str:
    copied = "The copy was discarded." if thrown_away else "The copy is still held somewhere."
    own = "has the weights it had, bit for bit" if held else "HAS DIFFERENT WEIGHTS"
    return f"{copied} The model in memory {own}."


VIEW = View(
    panels=(
        Panel("training", "part", "Training against inference", make="playground.ui.components.layers:training_pair"),
    ),
    draw=_draw,
    kept=_kept,
    tables=False,
)
