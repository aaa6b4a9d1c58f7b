"""Reruns as text for a terminal."""

from collections.abc import Callable

from playground.experiments.reruns.collect import RerunProgress
from playground.experiments.reruns.records import Interval, MentionRecord, RerunRecord, TemperatureLadderRecord
from playground.experiments.reruns.statistics import answer_groups
from playground.views.energy import energy_text
from playground.views.format import format_money, format_percent, format_rate, format_seconds

_SHOWN_CHARS = 400


def progress_text(progress: RerunProgress) -> str:
    """Progress of a rerun, on one line."""
    rate = "" if progress.tokens_per_s is None else f", {format_rate(progress.tokens_per_s)}"
    return (
        f"{progress.finished} of {progress.requested} finished, {progress.unique} different; "
        f"{progress.output_tokens:,} tokens{rate}"
    )


def rerun_text(record: RerunRecord) -> str:
    """The different answers, the most common first, then every number."""
    parts = [_answers(record), _table(_numbers(record))]
    if record.summary.mentions:
        parts.append(_mentions(record))
    return "\n\n".join(parts)


def _answers(record: RerunRecord) -> str:
    lines = []
    for group in answer_groups(record.runs):
        text = " ".join(record.runs[group[0]].text.split())
        shown = text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}..."
        lines.append(f"{f'x{len(group)}':>5}  {shown}")
    return "\n".join(lines)


def _numbers(record: RerunRecord) -> list[tuple[str, str]]:
    summary, intervals = record.summary, record.summary.intervals
    far = summary.divergence
    done = f"{record.n} of {record.asked} finished" if record.n < record.asked else f"{record.n}"
    spread = "" if summary.length_sd is None else f", standard deviation {summary.length_sd:.1f}"
    return [
        ("runs", f"{done}, seeds {record.seeds}, {record.rows_at_once} at once"),
        ("unique answers", f"{summary.unique} of {summary.n}"),
        ("most common", f"{summary.mode_count} of {summary.n}, {_share(summary.mode_share, intervals, 'mode_share')}"),
        ("pairs that match", _share(summary.exact_match_rate, intervals, "exact_match_rate")),
        ("entropy", f"{_number(summary.answer_entropy_bits, intervals, 'answer_entropy_bits')} bits over answers"),
        ("first fork", "none" if far.min_token is None else f"token {far.min_token}, median {far.median_token:g}"),
        ("all agree (TARr)", "yes" if summary.tar else "no"),
        ("distinct-1", _share(summary.distinct_1, intervals, "distinct_1")),
        ("distinct-2", _share(summary.distinct_2, intervals, "distinct_2")),
        ("edit distance", _share(summary.edit_distance, intervals, "edit_distance")),
        ("length", f"{_number(summary.length_mean, intervals, 'length_mean', 1)} tokens{spread}"),
        ("time", f"{format_seconds(record.wall_s)}, {format_rate(record.throughput_tokens_per_s)} over all runs"),
        ("cost", f"{format_money(record.cost.total_usd)} at {record.cost.reference_model}'s list price"),
        ("energy", energy_text(record.energy, record.cost.output_tokens)),
        ("model", f"{record.model.id} {record.model.quantization} on {record.model.device}"),
    ]  # fmt: skip


def _mentions(record: RerunRecord) -> str:
    """Each word or phrase: share, where first, and how many runs would tell it more exactly."""
    mentions = record.summary.mentions
    rows = []
    for word, found in mentions.items():
        first = "" if found.first_token_median is None else f", first at token {found.first_token_median:g}"
        rows.append((word, f"{found.count} of {record.n}, {_mention(found)}{first}"))
    advice = [
        f"To know {word!r} to within 5 points, rerun about {found.reruns_for_5_points} times."
        for word, found in mentions.items()
    ]
    return _table(rows) + "\n\n" + "\n".join(advice)


def ladder_text(ladder: TemperatureLadderRecord) -> str:
    """A line for each temperature: unique answers, entropy, and the share of each mention."""
    head = ["temperature", "unique", "entropy", "first fork", *ladder.rungs[0].summary.mentions]
    rows = [head]
    for temperature, rung in zip(ladder.temperatures, ladder.rungs, strict=True):
        summary = rung.summary
        fork = "none" if summary.divergence.min_token is None else f"token {summary.divergence.min_token}"
        shares = [_mention(found) for found in summary.mentions.values()]
        entropy = f"{summary.answer_entropy_bits:.2f} bits"
        rows.append([f"{temperature:g}", f"{summary.unique} of {summary.n}", entropy, fork, *shares])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _mention(found: MentionRecord) -> str:
    return format_percent(found.rate) + _between((found.low, found.high), format_percent)


def _share(value: float | None, intervals: dict[str, Interval], name: str) -> str:
    return format_percent(value) + _between(intervals.get(name), format_percent)


def _number(value: float, intervals: dict[str, Interval], name: str, digits: int = 2) -> str:
    def shown(one: float) -> str:
        return f"{one:.{digits}f}"

    return shown(value) + _between(intervals.get(name), shown)


def _between(interval: Interval | None, shown: Callable[[float], str]) -> str:
    return "" if interval is None else f" ({shown(interval[0])} to {shown(interval[1])})"


def _table(rows: list[tuple[str, str]]) -> str:
    return "\n".join(f"{name:>20}  {value}" for name, value in rows)
