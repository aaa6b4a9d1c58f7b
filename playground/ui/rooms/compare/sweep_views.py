"""Views of a sweep: its values from text, and small multiples. Pure functions, no Gradio."""

import math
import re
import secrets
from typing import Any

from playground.engine.events import Token
from playground.experiments.compare.records import SweepRecord
from playground.runs.records import RunRecord
from playground.settings import LIMITS
from playground.ui.components.forms import Option
from playground.ui.rooms.compare.pane_values import PANE_SETTINGS, label_of
from playground.views import run as views
from playground.views.compare import surprise_share
from playground.views.format import count_of, format_percent, format_rate, format_seconds
from playground.views.sweep import shown

SWEPT: list[Option] = [
    (spec["name"], spec["label"], None)
    for spec in PANE_SETTINGS
    if spec["name"] in LIMITS or spec["name"] in ("model", "quantization")
]
"""The settings that a sweep can vary."""


def split_values(text: Any) -> tuple[str, ...]:
    """Values as a person types them: separated by commas, spaces or line ends."""
    return tuple(re.split(r"[,;\s]+", text.strip(" ,;\t\n"))) if isinstance(text, str) and text.strip(" ,;\n") else ()


def first_line() -> str:
    """Begins the small multiples of one sweep."""
    return views.packed({"run": secrets.token_hex(8)}) + "\n"


def cell_start(cell: int, name: str, value: Any) -> str:
    """Opens the cell of a value."""
    return views.packed({"cell": cell, "value": f"{label_of(name)} {shown(value)}"}) + "\n"


def cell_lines(cell: int, token: Token) -> str:
    """One token of a cell: text, colour, and its tooltip."""
    readout = f"{format_percent(math.exp(token.logprob))}, rank {token.rank:,}, entropy {token.entropy_bits:.2f} bits"
    return (
        views.packed({"cell": cell, "text": token.text, "surprise": surprise_share(token), "readout": readout}) + "\n"
    )


def cell_end(cell: int, end: RunRecord | str) -> str:
    """Closes a cell: why it ended, and its figures if there is a record; or what went wrong."""
    if isinstance(end, str):
        return views.packed({"cell": cell, "end": "failed", "facts": end}) + "\n"
    speed = end.timing.decode_tokens_per_s
    facts = f"{count_of(len(end.tokens), 'token')}, {format_seconds(end.timing.e2e_s)}"
    facts += "" if speed is None else f", {format_rate(speed)}"
    return views.packed({"cell": cell, "end": views.FINISH_REASONS[end.finish_reason], "facts": facts}) + "\n"


def record_lines(record: SweepRecord) -> str:
    """A saved sweep as small multiples."""
    lines = [first_line()]
    for cell, (value, run) in enumerate(zip(record.values, record.runs, strict=True)):
        lines.append(cell_start(cell, record.name, value))
        lines += [cell_lines(cell, token) for token in run.tokens]
        lines.append(cell_end(cell, run))
    return "".join(lines)
