"""A rerun in words and figures: its headline, every number with its interval, and its mentions."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from playground.experiments.reruns.experiment import SEED_WORDS
from playground.experiments.reruns.facts import is_one_repeated
from playground.experiments.reruns.records import Interval, RerunRecord
from playground.numbers import short_number
from playground.views.energy import energy_pair, energy_text, idle_text
from playground.views.format import (
    NOTHING,
    count_of,
    format_bytes,
    format_money,
    format_percent,
    format_rate,
    format_seconds,
    without_unit,
)
from playground.views.money import list_price, resent
from playground.views.panels import Drawn, Table
from playground.views.run import packed

_SHOWN_SETTINGS = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "max_new_tokens", "seed")
ONE_REPEATED = "one answer, repeated"
_OFF = {"top_p": 1, "top_k": 0, "min_p": 0, "repetition_penalty": 1}


@cache
def rerun_definitions() -> dict[str, dict[str, str]]:
    """What each figure means: term, unit, definition, formula, source."""
    return json.loads(Path(__file__).with_name("rerun_definitions.json").read_text("utf-8"))


def headline_view(record: RerunRecord) -> str:
    """Five figures and the settings they were made with: value of the component `headline`."""
    summary, first = record.summary, record.summary.divergence.min_token
    fork = min((fork for fork in record.forks if fork.index == first), key=lambda fork: fork.run, default=None)
    return packed({
        "unique": f"{summary.unique}/{record.n}",
        "fork": "none" if first is None else f"{first + 1:,}",
        "entropy": NOTHING if fork is None else f"{fork.entropy_bits:.1f}",
        "mode": f"×{summary.mode_count}",  # noqa: RUF001 - the sign of multiplication
        "speed": without_unit(format_rate(record.throughput_tokens_per_s)),
        "made": made_with(record),
    })  # fmt: skip


def made_with(record: RerunRecord) -> str:
    """Model and settings in one line."""
    kept = {name: record.settings[name] for name in _SHOWN_SETTINGS if name in record.settings}
    on = {name: value for name, value in kept.items() if value not in (None, _OFF.get(name))}
    words = [f"{name.replace('_', '-')} {_plain(value)}" for name, value in on.items()]
    stopped = f" ({record.asked} requested)" if record.n < record.asked else ""
    parts = [f"{record.n} runs{stopped} of {record.model.id} {record.model.quantization}", *words]
    return ", ".join([*parts, f"seeds {SEED_WORDS[record.seeds]}"])


def _plain(value: Any) -> str:
    """A setting as it was set; of a seed every digit."""
    return f"{value:g}" if isinstance(value, float) and not value.is_integer() else f"{value:.0f}"


def numbers_drawn(record: RerunRecord) -> Drawn:
    """Every figure: value of the component `figures`, and a table."""
    figures, names = _summary(record) | _measured(record), rerun_definitions()
    rows = [(names[key]["term"], text, about) for key, (text, about) in figures.items()]
    energy = f"Energy: {energy_text(record.energy, record.cost.output_tokens)}."
    return Drawn(packed(figures), [Table(("figure", "value", "95 % interval, or how it is known"), rows, energy)])


def _summary(record: RerunRecord) -> dict[str, tuple[str, str]]:
    """Each with its interval, where it has one."""
    summary, known = record.summary, record.summary.intervals
    divergence, of = summary.divergence, f"of {record.n}"

    if repeated := is_one_repeated(record):
        known = {}

    def share(name: str, before: str = "") -> tuple[str, str]:
        text = f"{before}{format_percent(getattr(summary, name))}"
        return text, ONE_REPEATED if repeated and name == "mode_share" else between(known.get(name), share=True)

    return {
        "unique_share": share("unique_share", f"{summary.unique} {of}, "),
        "mode_share": share("mode_share", f"{summary.mode_count} {of}, "),
        **{name: share(name) for name in ("exact_match_rate", "distinct_1", "distinct_2", "edit_distance")},
        "answer_entropy_bits": (f"{summary.answer_entropy_bits:.2f} bits", between(known.get("answer_entropy_bits"))),
        "divergence_median": (place_text(divergence.median_token), ""),
        "divergence_min": (place_text(divergence.min_token), ""),
        "tar": ("yes" if summary.tar else "no", ""),
        "length_mean": (_length(record), between(known.get("length_mean"), digits=1)),
    }


def between(interval: Interval | None, *, share: bool = False, digits: int = 2) -> str:
    """The ends of an interval; empty without an interval."""
    if interval is None:
        return ""
    low, high = interval
    return f"{format_percent(low)} to {format_percent(high)}" if share else f"{low:.{digits}f} to {high:.{digits}f}"


def place_text(index: float | None) -> str:
    """A token counted from 1, as people count."""
    return "none differ" if index is None else f"token {short_number(index + 1, 7)}"


def _length(record: RerunRecord) -> str:
    spread = "" if record.summary.length_sd is None else f" ± {record.summary.length_sd:.1f}"
    return f"{record.summary.length_mean:.1f}{spread}"


def _measured(record: RerunRecord) -> dict[str, tuple[str, str]]:
    cost = record.cost
    return {
        "throughput": (format_rate(record.throughput_tokens_per_s), ""),
        "wall": (format_seconds(record.wall_s), f"prefill {format_seconds(record.prefill_s)}, once"),
        "batch": (count_of(record.rows_at_once, "row"), ""),
        "kv": (format_bytes(record.memory.kv_cache_bytes), ""),
        "tokens": (f"{cost.input_tokens:,} / {cost.cached_tokens:,} / {cost.output_tokens:,}", ""),
        "own": (format_money(cost.own_hardware_usd), "all runs together"),
        "cost": (format_money(cost.total_usd), list_price(cost)),
        "resent": (resent(cost, requests_of(record)), ""),
        "energy": (energy_pair(record.energy), ""),
        "energy_method": (record.energy.method, idle_text(record.energy)),
    }


def requests_of(record: RerunRecord) -> int:
    """Runs that had begun to answer, each a request of its own: stopped ones are paid for too."""
    return max(1, record.cost.input_tokens // max(1, len(record.prompt_token_ids)))
