"""A look between the layers as what the page shows: pure functions of records, no Gradio."""

from typing import Any

from playground.experiments.lens.experiment import AttentionRecord, LayerRecord, LensCell, LensRecord
from playground.views.format import count_of, format_bytes, format_number, format_percent, format_seconds
from playground.views.panels import Content, Drawn, Panel, Sofar, Table, View
from playground.views.run import packed
from playground.views.spec import Axis, ChartSpec, Series

_PROB_DIGITS = 5
_WEIGHT_SCALE = 10_000  # weights are sent as whole numbers of this many parts: four decimals, in few characters
_COLUMNS, _CELL = 6, 15  # of the grid as a table: what fits a terminal
_MOST_SEEN = 8  # tokens that attention is listed for


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


def update_chart(record: LensRecord) -> ChartSpec:
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
    )


def time_chart(record: LensRecord) -> ChartSpec:
    """How long each layer takes for the whole pass."""
    points = [(layer.layer, layer.seconds * 1e3) for layer in record.layers]
    total = sum(layer.seconds for layer in record.layers)
    return ChartSpec(
        x=Axis("layer"),
        y=Axis("time", "ms", min=0),
        series=[Series("time", "bars", points, "time", labels=[_window(layer) for layer in record.layers])],
        title="Time of each layer",
        summary=f"All layers: {format_seconds(total)} of {format_seconds(record.cost.pass_s)}.",
    )


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


def _grid_table(record: LensRecord) -> Table:
    """The last positions, the last layer first."""
    shown = record.positions[-_COLUMNS:]
    cells = {(cell.layer, cell.position): cell for cell in record.cells}
    rows: list[list[str]] = []
    for layer in range(len(record.layers), -1, -1):
        took = record.layers[layer - 1] if layer else None
        about = [format_seconds(took.seconds), format_percent(took.update_ratio)] if took else ["", ""]
        row = [cells[layer, at] for at in shown]
        rows.append([str(layer), *about, *(_fit(cell.top_text, format_percent(cell.top_prob)) for cell in row)])
    return Table(
        ["layer", "time", "update", *(_fit(record.token_texts[at]) for at in shown)],
        rows,
        "Columns: the token read last. Cells: the likeliest next token by the state after that layer, and its "
        "probability. Update: ||x_out - x_in|| / ||x_in||, the median over the positions.",
    )


def _fit(text: str, prob: str = "") -> str:
    shown = text.replace("\n", "↵").replace("\t", "⇥") or "·"
    room = _CELL - len(prob) - 1
    cut = shown if len(shown) <= room else f"{shown[: room - 1]}…"
    return f"{cut} {prob}" if prob else cut


def _attention_text(record: LensRecord, found: AttentionRecord, head: int | None) -> str:
    """The tokens that a head, or the mean of all, looks at most."""
    count = len(found.heads)
    row = found.heads[head - 1] if head else [sum(one) / count for one in zip(*found.heads, strict=True)]
    who = f"head {head}" if head else f"mean over {count} heads"
    most = sorted(range(len(row)), key=lambda at: -row[at])[:_MOST_SEEN]
    return "\n".join(
        (
            f"Attention of layer {found.layer}, {who}, from token {found.query} {record.token_texts[found.query]!r}:",
            *(f"  {format_percent(row[at]):>7}  {at:>5}  {record.token_texts[at]!r}" for at in most),
            f"Rows sum to {min(found.row_sums):.6f} to {max(found.row_sums):.6f}. On the first token: "
            f"{format_percent(found.first_token_share)} (mean over heads; an attention sink, Xiao et al. 2023).",
        )
    )


def _draw(sofar: Sofar) -> dict[str, Content]:
    record: LensRecord | None = sofar.record
    if record is None:
        return {}
    found, head = record.attention, getattr(sofar.request, "head", None)
    seen = [] if found is None else [_attention_text(record, found, head)]
    return {
        "grid": Drawn(grid_value(record), [_grid_table(record)]),
        "cost": cost_text(record),
        "updates": update_chart(record),
        "times": time_chart(record),
        "choices": Drawn(look_value(record), []),
        "attention": Drawn(attention_value(record, found), seen),
    }


def _kept(sofar: Sofar) -> str:
    if sofar.record is None:
        return "before all layers were read"
    return f"{count_of(len(sofar.record.layers), 'layer')}, {count_of(len(sofar.record.token_ids), 'token')}"


VIEW = View(
    panels=(
        Panel("grid", "part", "What each layer would say next", make="playground.ui.components.layers:lens_grid"),
        Panel("cost", "words", "Time and memory of this view"),
        Panel("updates", "chart", "Update of each layer", height=170, row="charts"),
        Panel("times", "chart", "Time of each layer", height=170, row="charts"),
        Panel("choices", "part", "Choice of layer and head", make="playground.ui.components.tokens:look_at"),
        Panel("attention", "part", "Attention", make="playground.ui.components.layers:attention_map"),
    ),
    draw=_draw,
    kept=_kept,
)
