"""Comparisons as what the page shows: pure functions of records, no Gradio."""

import math
import secrets
from collections.abc import Sequence
from typing import Any

from playground.engine.events import Token
from playground.experiments.compare.records import DiffRecord
from playground.runs.records import RunRecord
from playground.views import run as views
from playground.views.format import (
    count_of,
    format_bytes,
    format_money,
    format_number,
    format_percent,
    format_rate,
    format_seconds,
    without_unit,
)
from playground.views.money import usage

MOST_ROWS = 6  # shown before a first difference
_SAME_PROB = 1e-6  # as recorded: two readings of one distribution differ by less


def run_lines(record: RunRecord, *, read: str = "", recorded: bool = False) -> str:
    """A saved run as the text that a token view shows; `read` is its prompt's line, `recorded` as in `head_line`."""
    ordered = record.settings.get("repetition_penalty", 1) == 1
    lines = [views.head_line(secrets.token_hex(8), ordered=ordered, recorded=recorded), read]
    lines += [views.token_line(token) for token in record.tokens]
    return "".join([*lines, views.end_line(record.finish_reason)])


def run_status(record: RunRecord) -> dict[str, Any]:
    """The state of a finished run."""
    return views.ended(record.finish_reason)


def run_meters(record: RunRecord) -> dict[str, Any]:
    """The figures of a finished run's line."""
    memory = record.memory
    return {
        "ttft": format_seconds(record.timing.ttft_s),
        "decode": without_unit(format_rate(record.timing.decode_tokens_per_s)),
        "model_memory": format_bytes(memory.weights_bytes + memory.kv_cache_bytes),
        "own": format_money(record.cost.own_hardware_usd),
        "usage": usage(record.cost),
    }


def surprise_share(token: Token) -> float:
    """How strongly a token is coloured: -log2 p over 8 bits, 0 to 1, as in the token view."""
    return round(min(1.0, max(0.0, -token.logprob / math.log(2) / 8)), 3)


def diffs_value(panes: Sequence[RunRecord], names: Sequence[str], reference: int, diffs: Sequence[DiffRecord]) -> str:
    """All diffs against the reference, for the component `diff`."""
    if len(panes) < 2:
        return ""
    shown = [_diff(panes[reference], panes[one.pane], names[one.pane], names[reference], one) for one in diffs]
    return views.packed({"reference": names[reference], "panes": shown})


def _diff(reference: RunRecord, pane: RunRecord, name: str, reference_name: str, diff: DiffRecord) -> dict[str, Any]:
    if diff.identical:
        summary = f"identical, all {count_of(len(pane.tokens), 'token')}"
    else:
        summary = f"{format_percent(diff.similarity)} alike, edit distance {format_percent(diff.edit_distance)}"
        if diff.by == "texts":
            summary += ", compared by text"
    return {
        "name": name,
        "identical": diff.identical,
        "summary": summary,
        "parts": diff_parts(reference, pane, diff),
        "first": first_value(reference, pane, diff, reference_name, name),
    }


def diff_parts(reference: RunRecord, pane: RunRecord, diff: DiffRecord) -> list[tuple[str, list[str], int | None]]:
    """Stretches in reading order: `equal`, `delete` or `insert`, the tokens' texts, the place of the first differing.

    A replacement is a deletion and then an insertion.
    """
    parts: list[tuple[str, list[str], int | None]] = []
    for op, a0, a1, b0, b1 in diff.operations:
        if op == "equal":
            parts.append(("equal", _texts(pane)[b0:b1], None))
        if op in ("replace", "delete"):
            parts.append(("delete", _named(reference, a0, a1), _place(diff, a0, a1)))
        if op in ("replace", "insert"):
            parts.append(("insert", _named(pane, b0, b1), _place(diff, b0, b1)))
    return parts


def _place(diff: DiffRecord, start: int, end: int) -> int | None:
    first = diff.first_difference
    return first - start if first is not None and start <= first < end else None


def _texts(run: RunRecord) -> list[str]:
    return [token.text for token in run.tokens]


def _named(run: RunRecord, start: int, end: int) -> list[str]:
    """Tokens that differ; an end token has no text, so its name is shown."""
    texts = _texts(run)[start:end]
    if texts and end == len(run.tokens) and run.finish_reason == "eos" and not texts[-1]:
        last = run.tokens[-1]
        texts[-1] = next((item.text for item in last.top if item.id == last.id), "")
    return texts


def first_value(
    reference: RunRecord, pane: RunRecord, diff: DiffRecord, reference_name: str, name: str
) -> dict[str, Any] | None:
    """Where two answers diverge: both distributions there, row by row, and what it means."""
    index = diff.first_difference
    if index is None:
        return None
    left, right = (_Side(run, index, diff.by == "ids") for run in (reference, pane))
    rows = _rows(left, right)
    return {"index": index, "rows": rows, "note": _note(diff, rows, left, right, reference_name, name)}


class _Side:
    """One answer's distribution at a position: what was recorded, and what was chosen."""

    def __init__(self, run: RunRecord, index: int, by_id: bool):
        token = run.tokens[index] if index < len(run.tokens) else None
        top = token.top if token else []
        self.ended = token is None
        self.names: dict[Any, str] = {item.id if by_id else item.text: item.text for item in top}
        self.probs: dict[Any, float] = {item.id if by_id else item.text: item.prob for item in top}
        self.below = min(self.probs.values(), default=None)
        self.chosen: Any = None
        if token:
            self.chosen = token.id if by_id else token.text
            self.names.setdefault(self.chosen, token.text)
            self.probs.setdefault(self.chosen, math.exp(token.logprob))


def _rows(left: _Side, right: _Side) -> list[dict[str, Any]]:
    """One per candidate, the likeliest first, including both chosen tokens. A probability is None if not recorded."""
    names = {**right.names, **left.names}

    def most(one: Any) -> float:
        return max(left.probs.get(one, 0.0), right.probs.get(one, 0.0))

    kept = sorted(names, key=lambda one: (one not in (left.chosen, right.chosen), -most(one)))[:MOST_ROWS]
    return [
        {
            "text": names[one],
            "reference": left.probs.get(one),
            "pane": right.probs.get(one),
            "reference_chosen": not left.ended and one == left.chosen,
            "pane_chosen": not right.ended and one == right.chosen,
            "reference_below": left.below,
            "pane_below": right.below,
        }
        for one in sorted(kept, key=lambda one: -most(one))
    ]


def _note(
    diff: DiffRecord, rows: Sequence[dict[str, Any]], left: _Side, right: _Side, reference_name: str, name: str
) -> str:
    for side, ended, other in ((left, reference_name, name), (right, name, reference_name)):
        if side.ended:
            return f"{ended} had ended here; {other} went on."
    if diff.by == "texts":
        return "Two models: each has its own vocabulary, so only the texts can be compared."
    gaps = [abs(row["reference"] - row["pane"]) for row in rows if None not in (row["reference"], row["pane"])]
    if gaps and max(gaps) < _SAME_PROB:
        return "The model gave both the same probabilities: only the settings or the draw made the choice differ."
    words = "They are the model's, before temperature and cuts."
    return (
        f"The probabilities themselves differ, by up to {format_number(max(gaps) * 100)} points. {words}"
        if gaps
        else words
    )
