"""Views of a rerun in words and figures: pure functions, no Gradio."""

from collections.abc import Mapping, Sequence
from typing import Any

from playground.experiments.reruns.records import Interval, RerunRecord
from playground.ui.rooms.reruns.controls import SEED_WORDS
from playground.ui.rooms.reruns.progress import requests_of, speed_text
from playground.views.energy import energy_pair, idle_text
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
from playground.views.run import packed, resent

_SHOWN_SETTINGS = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "max_new_tokens", "seed")
_OFF = {"top_p": 1, "top_k": 0, "min_p": 0, "repetition_penalty": 1}


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
    on = {name: value for name, value in kept.items() if value != _OFF.get(name)}
    if record.seeds == "none":
        on.pop("seed", None)
    words = [f"{name.replace('_', '-')} {value:g}" for name, value in on.items() if isinstance(value, int | float)]
    stopped = f" ({record.asked} requested)" if record.n < record.asked else ""
    parts = [f"{record.n} runs{stopped} of {record.model.id} {record.model.quantization}", *words]
    return ", ".join([*parts, f"seeds {SEED_WORDS[record.seeds]}"])


def _between(interval: Interval | None, *, share: bool = False, digits: int = 2) -> str:
    if interval is None:
        return ""
    low, high = interval
    return f"{format_percent(low)} to {format_percent(high)}" if share else f"{low:.{digits}f} to {high:.{digits}f}"


def numbers_view(record: RerunRecord) -> str:
    """Every figure of the summary with its interval, then the measurements: value of the component `figures`."""
    summary = record.summary
    divergence, known = summary.divergence, summary.intervals
    of = f"{summary.unique} of {record.n}"
    shares: Mapping[str, tuple[str, float | None]] = {
        "unique_share": (f"{of}, {format_percent(summary.unique_share)}", summary.unique_share),
        "mode_share": (f"{summary.mode_count} of {record.n}, {format_percent(summary.mode_share)}", summary.mode_share),
        "exact_match_rate": (format_percent(summary.exact_match_rate), summary.exact_match_rate),
        "distinct_1": (format_percent(summary.distinct_1), summary.distinct_1),
        "distinct_2": (format_percent(summary.distinct_2), summary.distinct_2),
        "edit_distance": (format_percent(summary.edit_distance), summary.edit_distance),
    }
    rows = {key: [text, _between(known.get(key), share=True)] for key, (text, _) in shares.items()}
    rows |= {
        "answer_entropy_bits": [f"{summary.answer_entropy_bits:.2f} bits", _between(known.get("answer_entropy_bits"))],
        "divergence_median": [_place(divergence.median_token), ""],
        "divergence_min": [_place(divergence.min_token), ""],
        "tar": ["yes" if summary.tar else "no", ""],
        "length_mean": [_length(record), _between(known.get("length_mean"), digits=1)],
    }
    return packed(rows | _measured(record))


def _place(index: float | None) -> str:
    """A token counted from 1, as people count."""
    return "none differ" if index is None else f"token {index + 1:g}"


def _length(record: RerunRecord) -> str:
    spread = "" if record.summary.length_sd is None else f" ± {record.summary.length_sd:.1f}"
    return f"{record.summary.length_mean:.1f}{spread}"


def _measured(record: RerunRecord) -> dict[str, list[str]]:
    cost = record.cost
    return {
        "throughput": [speed_text(record), ""],
        "wall": [format_seconds(record.wall_s), f"prefill {format_seconds(record.prefill_s)}, once"],
        "batch": [count_of(record.rows_at_once, "row"), ""],
        "kv": [format_bytes(record.memory.kv_cache_bytes), ""],
        "tokens": [f"{cost.input_tokens:,} / {cost.cached_tokens:,} / {cost.output_tokens:,}", ""],
        "cost": [format_money(cost.total_usd), cost.reference_model],
        "resent": [resent(cost, requests_of(record)), ""],
        "energy": [energy_pair(record.energy), ""],
        "energy_method": [record.energy.method, idle_text(record.energy)],
    }


def mentions_view(record: RerunRecord) -> str:
    """Value of the component `mentions`: each word's rate, interval, first places, and runs needed."""
    longest = max((len(row.token_ids) for row in record.runs), default=1)
    rows: Sequence[dict[str, Any]] = [
        {
            "word": word, "count": one.count, "rate": round(one.rate, 6), "low": round(one.low, 6),
            "high": round(one.high, 6), "median": one.first_token_median, "places": one.first_tokens,
            "need": one.reruns_for_5_points,
        }
        for word, one in record.summary.mentions.items()
    ]  # fmt: skip
    return packed({"n": record.n, "longest": longest, "rows": list(rows)})
