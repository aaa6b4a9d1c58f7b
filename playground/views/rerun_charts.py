"""Charts of the Reruns tab: agreement, entropy along the common path, lengths, and the ladder of temperatures."""

from collections.abc import Sequence

from playground.experiments.reruns.facts import is_one_repeated
from playground.experiments.reruns.records import ForkRecord, RerunRecord
from playground.experiments.reruns.statistics import common_path, common_run
from playground.views.rerun_mentions import mention_ends
from playground.views.spec import Axis, ChartSpec, Colour, Series

MAX_POINTS = 512
MAX_PLOTTED_MENTIONS = 5
_MAX_BINS = 12
_MENTION_COLOURS: tuple[Colour, ...] = ("time", "memory", "money", "energy", "ink-2")


def agreement_chart(record: RerunRecord) -> ChartSpec | None:
    """Share of pairs still identical, and of runs still on the most common path, by number of tokens."""
    summary = record.summary
    pairs, mode = ([1.0, *shares][: MAX_POINTS + 1] for shares in (summary.agreement, summary.mode_agreement))
    if not summary.agreement:
        return None
    half = next((t for t, share in enumerate(summary.agreement, start=1) if share < 0.5), None)
    agree = "At least half of all pairs agree to the end"
    if half is not None:
        agree = f"With token {half}, fewer than half of all pairs are still identical"
    return ChartSpec(
        title="Agreement",
        x=Axis("tokens so far", min=0),
        y=Axis("share", percent=True, min=0, max=1),
        series=[
            Series("pairs of runs still identical", "step", list(enumerate(pairs)), "prob"),
            Series("runs on the most common path", "step", list(enumerate(mode)), "ink"),
        ],
        summary=f"{agree}.{_cut_note(len(summary.agreement))}",
    )


def entropy_chart(record: RerunRecord) -> ChartSpec | None:
    """How open each choice was along the most common path, with marks where runs left it."""
    path = common_path(record.runs)
    if not path:
        return None
    bits = record.runs[common_run(record.runs)].entropy_bits[: len(path)][:MAX_POINTS]
    forks = _forks_on(record, path)
    points: list[tuple[float, float | None]] = [(t, round(value, 4)) for t, value in enumerate(bits, start=1)]
    at_forks = [fork for fork in forks if fork.index < len(bits)]
    lie = "fork lies" if len(forks) == 1 else "forks lie"
    return ChartSpec(
        title="Entropy along the common path",
        x=Axis("token"),
        y=Axis("entropy", unit="bits"),
        series=[
            Series("of the next token", "line", points, "prob"),
            Series("runs diverge here", "dots", [points[fork.index] for fork in at_forks], "ink",
                   labels=[f"gap {fork.gap:.2f}" for fork in at_forks]),
        ],
        summary=f"{len(forks)} {lie} on this path of {len(path):,} tokens.{_cut_note(len(path))}",
    )  # fmt: skip


def _forks_on(record: RerunRecord, path: Sequence[int]) -> list[ForkRecord]:
    """Positions where runs leave the path or end beside it."""
    return [
        fork
        for fork in sorted(record.forks, key=lambda fork: fork.index)
        if fork.index < len(path) and record.runs[fork.run].token_ids[: fork.index] == list(path[: fork.index])
    ]


def lengths_chart(record: RerunRecord) -> ChartSpec:
    """Histogram of answer lengths."""
    lengths = [len(row.token_ids) for row in record.runs]
    low, high = min(lengths), max(lengths)
    width = -(-(high - low + 1) // _MAX_BINS)
    starts = list(range(low, high + 1, width))
    counts = [sum(start <= length < start + width for length in lengths) for start in starts]
    names = tuple(str(start) if width == 1 else f"{start} to {min(start + width - 1, high)}" for start in starts)
    cut = sum(row.finish_reason == "length" for row in record.runs)
    spread = "" if record.summary.length_sd is None else f", standard deviation {record.summary.length_sd:.1f}"
    ended = f"; {cut} of {record.n} were cut at the token limit" if cut else "; none was cut off"
    return ChartSpec(
        title="Lengths",
        x=Axis("tokens of the answer", categories=names),
        y=Axis("runs", min=0),
        series=[Series("runs", "bars", list(enumerate(counts)), "prob")],
        summary=f"Mean {record.summary.length_mean:.1f} tokens{spread}{ended}.",
    )


def ladder_chart(rungs: Sequence[RerunRecord]) -> ChartSpec:
    """Unique answers and mentions against temperature, from low to high, with intervals where known."""
    rungs = sorted(rungs, key=lambda rung: float(rung.settings["temperature"]))
    at = [float(rung.settings["temperature"]) for rung in rungs]
    shares = [rung.summary.unique_share for rung in rungs]
    series = [Series("unique answers", "line", list(zip(at, shares, strict=True)), "prob", labels=_of(rungs))]
    words = list(rungs[0].summary.mentions)
    for word, colour in zip(words[:MAX_PLOTTED_MENTIONS], _MENTION_COLOURS, strict=False):
        found = [rung.summary.mentions[word] for rung in rungs]
        ends = [mention_ends(rung, one) for rung, one in zip(rungs, found, strict=True)]
        series.append(
            Series(
                f"mentions “{word}”", "line", [(t, one.rate) for t, one in zip(at, found, strict=True)], colour,
                low=[low for low, _ in ends], high=[high for _, high in ends],
            )
        )  # fmt: skip
    left = f" The first {MAX_PLOTTED_MENTIONS} of {len(words)} mentions are drawn." if len(words) > 5 else ""
    repeated = "; a point where one answer was repeated" if any(map(is_one_repeated, rungs)) else ""
    return ChartSpec(
        x=Axis("temperature", min=0),
        y=Axis("share of runs", percent=True, min=0, max=1),
        series=series,
        summary=f"Unique answers of all, and share of runs with each mention (95 % Wilson interval){repeated}.{left}",
    )


def _of(rungs: Sequence[RerunRecord]) -> list[str]:
    return [f"{rung.summary.unique} of {rung.n}" for rung in rungs]


def _cut_note(length: int) -> str:
    return f" The first {MAX_POINTS} of {length:,} tokens are drawn." if length > MAX_POINTS else ""
