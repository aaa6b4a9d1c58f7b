"""A look between the layers, and a training step, in plain text."""

from collections.abc import Iterator

from playground.experiments.lens.records import AttentionRecord, LensRecord
from playground.experiments.training.records import TrainingRecord
from playground.views.format import format_bytes, format_number, format_percent, format_seconds
from playground.views.layers import cost_text

_COLUMNS, _CELL = 8, 13  # of the grid: what fits a terminal of 120 characters
_MOST_SEEN = 8


def lens_text(record: LensRecord, head: int | None = None) -> str:
    """The last positions as a grid, the last layer first; then attention, if it was asked for, and the cost."""
    shown = record.positions[-_COLUMNS:]
    cells = {(cell.layer, cell.position): cell for cell in record.cells}
    lines = [f"{'layer':>6} {'time':>8} {'update':>7}  " + "".join(_fit(record.token_texts[at]) for at in shown)]
    for layer in range(len(record.layers), -1, -1):
        row = [cells[layer, at] for at in shown]
        took = record.layers[layer - 1] if layer else None
        about = f"{format_seconds(took.seconds):>8} {format_percent(took.update_ratio):>7}" if took else " " * 16
        lines.append(f"{layer:>6} {about}  " + "".join(_fit(cell.top_text, cell.top_prob) for cell in row))
    lines.append("")
    lines.append("Columns: the token read last. Cells: the likeliest next token by the state after that layer, and")
    lines.append("its probability. Update: ||x_out - x_in|| / ||x_in||, the median over the positions.")
    if record.attention is not None:
        lines += ["", *_attention(record, record.attention, head)]
    return "\n".join([*lines, "", cost_text(record)])


def _fit(text: str, prob: float | None = None) -> str:
    plain = text.replace("\n", "↵").replace("\t", "⇥") or "·"
    end = "" if prob is None else f" {prob:.0%}"
    room = _CELL - 2 - len(end)
    return ((plain if len(plain) <= room else f"{plain[: room - 1]}…") + end).ljust(_CELL)


def _attention(record: LensRecord, found: AttentionRecord, head: int | None) -> Iterator[str]:
    count = len(found.heads)
    row = found.heads[head - 1] if head else [sum(one) / count for one in zip(*found.heads, strict=True)]
    who = f"head {head}" if head else f"mean over {count} heads"
    yield f"Attention of layer {found.layer}, {who}, from token {found.query} {record.token_texts[found.query]!r}:"
    for at in sorted(range(len(row)), key=lambda at: -row[at])[:_MOST_SEEN]:
        yield f"  {format_percent(row[at]):>7}  {at:>5}  {record.token_texts[at]!r}"
    yield (
        f"Rows sum to {min(found.row_sums):.6f} to {max(found.row_sums):.6f}. On the first token: "
        f"{format_percent(found.first_token_share)} (mean over heads; an attention sink, Xiao et al. 2023)."
    )


def training_text(record: TrainingRecord) -> str:
    """Inference beside training."""
    inference, copied, change = record.inference, record.copy_, record.change
    same = "unchanged" if inference.hash_before == inference.hash_after else "CHANGED"
    time_ratio = format_number(record.step.seconds / max(record.forward.seconds, 1e-9))
    memory_ratio = format_number(record.step.memory_bytes / record.forward.memory_bytes)
    gone = "The copy was thrown away" if copied.thrown_away else "The copy is still held somewhere"
    still = "is" if record.hash_at_the_end == inference.hash_before else "IS NOT"
    return "\n".join(
        (
            "Inference",
            f"  answer          {inference.answer.strip()!r}",
            f"  weights         {same}: {inference.hash_before} before, {inference.hash_after} after",
            f"Training: one step on {record.sentence!r}, learning rate {record.learning_rate:g}, on a copy in fp32",
            f"  loss            {copied.loss_before:.4f} -> {copied.loss_after:.4f} nats a token",
            f"  gradient norm   {format_number(change.gradient_norm)}",
            f"  weights changed {change.changed:,} of {change.weights:,} "
            f"({format_percent(change.changed / max(1, change.weights))}), largest {format_number(change.largest)}, "
            f"mean {format_number(change.mean)}",
            f"  time            {format_seconds(record.step.seconds)}, {time_ratio} x one inference step "
            f"({format_seconds(record.forward.seconds)})",
            f"  memory          {format_bytes(record.step.memory_bytes)}, {memory_ratio} x one inference step "
            f"({format_bytes(record.forward.memory_bytes)})",
            f"  answer before   {copied.answer_before.strip()!r}",
            f"  answer after    {copied.answer_after.strip()!r}",
            f"{gone}; the model in memory {still} as it was ({record.hash_at_the_end}).",
        )
    )
