"""A look between the layers, and a training step, as what the page shows: pure functions of records, no Gradio."""

from typing import Any

from playground.experiments.lens.records import AttentionRecord, LayerRecord, LensCell, LensRecord
from playground.experiments.training.records import TrainingRecord
from playground.views.format import count_of, format_bytes, format_number, format_percent, format_seconds
from playground.views.run import packed
from playground.views.spec import Axis, ChartSpec, Series

_PROB_DIGITS = 5
_WEIGHT_SCALE = 10_000  # weights are sent as whole numbers of this many parts: four decimals, in few characters


def grid_value(record: LensRecord) -> str:
    """The grid, layer by layer from the input up.

    A cell is its text, its probability, rank and probability of the final answer, and the share by which the layer
    changes the stream.
    """
    width = len(record.positions)
    rows = [record.cells[at : at + width] for at in range(0, len(record.cells), width)]
    return packed(
        {
            "positions": record.positions,
            "texts": [record.token_texts[at] for at in record.positions],
            "finals": [cell.top_text for cell in rows[-1]],
            "cells": [[_cell(cell) for cell in row] for row in rows],
        }
    )


def _cell(cell: LensCell) -> list[Any]:
    ratio = None if cell.update_ratio is None else round(cell.update_ratio, _PROB_DIGITS)
    probs = round(cell.top_prob, _PROB_DIGITS), round(cell.final_prob, _PROB_DIGITS)
    return [cell.top_text, probs[0], cell.final_rank, probs[1], ratio]


def cost_text(record: LensRecord) -> str:
    """What the lens cost, and how the last layer compares with the model's distribution."""
    cost, diff = record.cost, record.last_layer_diff
    own = (
        "is the model's distribution, bit for bit"
        if diff == 0
        else f"is within {format_number(diff)} of the model's own"
    )
    return (
        f"A second pass over {count_of(len(record.token_ids), 'token')} took {format_seconds(cost.pass_s)}, reading "
        f"the states through the head {format_seconds(cost.head_s)}, and {format_bytes(cost.extra_bytes)} beside the "
        f"model. At the last position the last layer {own}."
    )


def update_chart(record: LensRecord) -> str:
    """How much each layer changes the stream."""
    points = [(layer.layer, layer.update_ratio) for layer in record.layers]
    labels = [f"‖update‖ {format_number(layer.update_norm)}" for layer in record.layers]
    most = max(record.layers, key=lambda layer: layer.update_ratio)
    return ChartSpec(
        x=Axis("layer"),
        y=Axis("update, in lengths of the stream", log=min(y for _, y in points) > 0),
        series=[Series("‖x_out − x_in‖ / ‖x_in‖", "bars", points, "prob", labels=labels)],  # noqa: RUF001 - minus
        title="Update of each layer",
        summary=f"Median over the positions shown; the most in layer {most.layer}: "
        f"{format_number(most.update_ratio)} lengths.",
    ).to_json()


def time_chart(record: LensRecord) -> str:
    """How long each layer takes for the whole pass."""
    points = [(layer.layer, layer.seconds * 1e3) for layer in record.layers]
    total = sum(layer.seconds for layer in record.layers)
    return ChartSpec(
        x=Axis("layer"),
        y=Axis("time", "ms", min=0),
        series=[Series("time", "bars", points, "time", labels=[_window(layer) for layer in record.layers])],
        title="Time of each layer",
        summary=f"All layers: {format_seconds(total)} of {format_seconds(record.cost.pass_s)}.",
    ).to_json()


def _window(layer: LayerRecord) -> str:
    return "attends to all" if layer.window is None else f"attends to the last {layer.window:,} tokens"


def look_value(record: LensRecord) -> dict[str, Any]:
    """The choices for attention, and the current choice."""
    found = record.attention
    if found is None:
        return {}
    return {
        "layers": len(record.layers), "heads": len(found.heads), "layer": found.layer, "head": 0, "query": found.query,
    }  # fmt: skip


def attention_value(record: LensRecord, found: AttentionRecord | None, head: int = 0) -> str:
    """All tokens, and the weights of all heads from one of them; mostly at most two bytes per weight."""
    if found is None:
        return ""
    reused = f" ({found.reused_tokens:,} reused)" if found.reused_tokens else ""
    return packed(
        {
            "tokens": record.token_texts,
            "layer": found.layer,
            "query": found.query,
            "head": head,
            "heads": [_whole(row) for row in found.heads],
            "sums": [round(total, 7) for total in found.row_sums],
            "share": round(found.first_token_share, 6),
            "matrix": [_whole(row) for row in found.matrix.rows] if found.matrix else None,
            "cost": f"It took {format_seconds(found.seconds)}, {found.read_tokens:,} tokens read{reused}.",
        }
    )


def _whole(row: list[float]) -> list[int]:
    return [round(weight * _WEIGHT_SCALE) for weight in row]


def training_value(record: TrainingRecord) -> str:
    """Two columns of name, figure, remark and colour."""
    held = record.inference.hash_before == record.hash_at_the_end
    gone = _gone(record.copy_.thrown_away, held)
    return packed({"inference": _inference_rows(record), "training": _training_rows(record), "gone": gone})


def _inference_rows(record: TrainingRecord) -> list[tuple[str, str, str, str]]:
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


def _training_rows(record: TrainingRecord) -> list[tuple[str, str, str, str]]:
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


def _gone(thrown_away: bool, held: bool) -> str:
    copied = "The copy was thrown away." if thrown_away else "The copy is still held somewhere."
    own = "has the weights it had, bit for bit" if held else "HAS OTHER WEIGHTS than before"
    return f"{copied} The model in memory {own}."
