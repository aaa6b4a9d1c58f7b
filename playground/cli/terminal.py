"""What the command line shows: progress, streamed text and meters. Pure formatting, and one progress bar."""

import io
import json
import re
import sys
import unicodedata
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from playground.backends.base import Loading, PreparedPrompt
from playground.runs.progress import Step
from playground.runs.records import RunRecord
from playground.runs.updates import Meters
from playground.views.energy import energy_text
from playground.views.format import (
    NOTHING,
    format_bytes,
    format_money,
    format_percent,
    format_rate,
    format_seconds,
    together,
)
from playground.views.money import NOT_THE_SAME, list_price
from playground.views.run import gaps_text, notes_of

_TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def safe_text(text: str) -> str:
    """Text for a terminal: characters that could move the cursor, recolour the screen or turn text round are shown."""
    return "".join(f"\\u{ord(c):04x}" if _acts(c) else c for c in text)


def _acts(char: str) -> bool:
    """Whether a terminal would act on it. Emoji joiners and the spaces of other scripts are text."""
    return (unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") and char not in "\n\t") or (
        unicodedata.bidirectional(char) in _TURNS
    )


def print_json(document: str) -> None:
    """One JSON document on standard output, UTF-8 whatever the locale says."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    print(ascii_json(document) if sys.platform == "win32" else document)


def ascii_json(document: str) -> str:
    """The same JSON in ASCII: PowerShell's `>` reads our bytes in an old code page and would spoil other characters."""
    return re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], document)


def _tokens(record: RunRecord) -> str:
    cost = record.cost
    cached = f" ({cost.cached_tokens} cached)" if cost.cached_tokens else ""
    return f"{cost.input_tokens} in{cached}, {cost.output_tokens} out, {record.dropped_prompt_tokens} dropped"


def meters_text(record: RunRecord, meters: Meters) -> str:
    """All meters of a finished run, a line each."""
    timing, memory, cost, energy = record.timing, record.memory, record.cost, record.energy
    mbu = (
        NOTHING
        if meters.mbu is None
        else f"{format_percent(meters.mbu)} of {format_bytes(meters.bandwidth_bytes_per_s)}/s measured"
    )
    lines = [
        ("finished", f"{record.finish_reason}; seed {record.settings['seed']}"),
        ("tokens", _tokens(record)),
        ("ttft", f"{format_seconds(timing.ttft_s)}; end to end {format_seconds(timing.e2e_s)}"),
        ("itl p50 / p95 / p99", gaps_text(timing)),
        ("prefill, decode", f"{format_rate(timing.prefill_tokens_per_s)}, {format_rate(timing.decode_tokens_per_s)}"),
        ("MBU", mbu),
        ("weights, KV cache", f"{format_bytes(memory.weights_bytes)}, {format_bytes(memory.kv_cache_bytes)}"),
        ("process / peak", together(format_bytes(memory.rss_bytes), format_bytes(memory.peak_rss_bytes))),
        (
            "cost",
            f"{format_money(cost.own_hardware_usd)} on this machine at {format_money(meters.hardware_usd_per_hour)}/h",
        ),
        ("same tokens", f"{format_money(cost.total_usd)} at {list_price(cost)}, {cost.prices_as_of}. {NOT_THE_SAME}"),
        ("energy", energy_text(energy, cost.output_tokens)),
        (
            "model",
            f"{record.model.id} {record.model.quantization} on {record.model.device}, {record.environment['engine']}",
        ),
    ]
    return "\n".join(f"{name:>20}  {value}" for name, value in lines)


def tokens_text(record: RunRecord) -> str:
    """Each token with its probability, rank and alternatives."""
    rows = []
    for token in record.tokens:
        others = "  ".join(f"{item.text!r} {format_percent(item.prob)}" for item in token.top)
        rows.append(
            f"{token.index:>5} {token.text!r:>16} rank {token.rank:<5} {token.entropy_bits:5.2f} bits  {others}"
        )
    return "\n".join(rows)


def print_notes(prompt: PreparedPrompt) -> None:
    """Notes about parts of a prompt that are not read as written, on standard error."""
    for note in notes_of(prompt):
        print(safe_text(note), file=sys.stderr)


def show_progress(steps: Iterator[Step]) -> None:
    """Consume the steps of long work behind a progress bar on standard error."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("loading", total=1.0)
        said = ""
        for stage, fraction in steps:
            progress.update(task, description=stage, completed=fraction, total=None if fraction is None else 1.0)
            if not sys.stderr.isatty() and stage != said:
                print(stage, file=sys.stderr)
                said = stage


def loading_steps(loading: Iterator[Loading]) -> Iterator[Step]:
    """Loading of a model as steps of progress."""
    return ((step.stage, step.fraction) for step in loading)
