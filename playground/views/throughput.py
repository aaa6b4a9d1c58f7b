"""Throughput by batch size as charts, a table and a sentence."""

from collections.abc import Sequence

from playground.experiments.throughput.records import BatchRecord, SkippedBatch, ThroughputRecord
from playground.views.context import table_value
from playground.views.run import format_bytes, format_seconds
from playground.views.spec import Axis, ChartSpec, Series

_HEAD = (
    "rows", "decode, all rows", "a row", "prefill", "ttft", "gap p50", "gap p95", "KV cache", "process, peak",
    "energy a token", "wall time",
)  # fmt: skip


def rate_chart(batches: Sequence[BatchRecord]) -> str:
    """Tokens a second of all rows together."""
    if not batches:
        return ""
    first, best = batches[0], max(batches, key=lambda one: one.decode_tokens_per_s)
    gain = f"{best.decode_tokens_per_s / first.decode_tokens_per_s:.1f} times as many as {_rows(first.rows)}"
    rates = [(place, one.decode_tokens_per_s) for place, one in enumerate(batches)]
    return ChartSpec(
        title="Tokens a second by batch size",
        x=_sizes(batches),
        y=Axis("decode, all rows together", unit="tok/s", min=0),
        series=[Series("decode", "bars", rates, "time", labels=[f"{_a_row(one)} a row" for one in batches])],
        summary=f"{_rows(best.rows)}: {best.decode_tokens_per_s:,.1f} tok/s" + (f", {gain}." if best != first else "."),
    ).to_json()


def wait_chart(batches: Sequence[BatchRecord]) -> str:
    """What one request feels of it: time to the first token, and between tokens."""
    if not batches:
        return ""
    places = list(enumerate(batches))
    last = batches[-1]
    return ChartSpec(
        title="Waiting by batch size",
        x=_sizes(batches),
        y=Axis("time", unit="s", min=0),
        series=[
            Series("ttft", "dots", [(place, one.ttft_s) for place, one in places], "time"),
            Series("between tokens, p50 to p95", "dots", [(place, one.itl_p50_s) for place, one in places], "ink-2",
                   low=[one.itl_p50_s for one in batches], high=[one.itl_p95_s for one in batches]),
        ],
        summary=f"{_rows(last.rows)}: ttft {format_seconds(last.ttft_s)}, then {format_seconds(last.tpot_s)} a token.",
    ).to_json()  # fmt: skip


def _sizes(batches: Sequence[BatchRecord]) -> Axis:
    return Axis("rows of the batch", categories=tuple(str(one.rows) for one in batches))


def _rows(rows: int) -> str:
    return f"{rows} row{'s' * (rows != 1)}"


def _a_row(batch: BatchRecord) -> str:
    return f"{batch.decode_tokens_per_s / batch.rows:,.1f} tok/s"


def batches_value(batches: Sequence[BatchRecord], skipped: Sequence[SkippedBatch], note: str = "") -> str:
    """Every batch that was measured; those left out are told below."""
    if not batches and not skipped:
        return ""
    left_out = " ".join(f"Left out: {one.why}" for one in skipped)
    return table_value(_HEAD, [_cells(one) for one in batches], f"{note} {left_out}".strip())


def _cells(batch: BatchRecord) -> tuple[str, ...]:
    joules = batch.energy.joules
    return (
        str(batch.rows),
        f"{batch.decode_tokens_per_s:,.1f} tok/s",
        _a_row(batch),
        f"{batch.prefill_tokens_per_s:,.1f} tok/s",
        format_seconds(batch.ttft_s),
        format_seconds(batch.itl_p50_s),
        format_seconds(batch.itl_p95_s),
        format_bytes(batch.memory.kv_cache_bytes),
        format_bytes(batch.memory.peak_rss_bytes),
        "-" if joules is None else f"{joules / batch.output_tokens:.3g} J",
        format_seconds(batch.wall_s),
    )


def throughput_words(record: ThroughputRecord) -> str:
    """On what it was measured, and how the numbers are meant."""
    environment, best = record.environment, record.best
    net = best.energy.net_joules
    above = "" if net is None else f"; {net / best.output_tokens:.3g} J above idle in the batch of {best.rows}"
    return (
        f"{record.model.id} {record.model.quantization} on {environment.get('processor', record.model.device)}, "
        f"{environment.get('threads')} threads. {record.input_tokens:,} tokens of prompt, read once for all rows: as "
        f"many different prompts take as many times the prefill. {record.output_tokens:,} tokens of answer a row, an "
        f"end of the answer ignored. Energy of a token: {best.energy.method}, idle included{above}."
    )
