"""Throughput by batch size as charts, a table and a sentence."""

from collections.abc import Callable, Sequence

from playground.experiments.throughput.experiment import BatchRecord, SkippedBatch, ThroughputRecord
from playground.views.energy import a_token
from playground.views.format import count_of, format_bytes, format_number, format_rate, format_seconds
from playground.views.panels import Content, Panel, Sofar, Table, View
from playground.views.spec import Axis, ChartSpec, Series


def _rate_chart(batches: Sequence[BatchRecord]) -> ChartSpec:
    """Tokens a second of all rows together."""
    first, best = batches[0], max(batches, key=lambda one: one.decode_tokens_per_s)
    times = format_number(best.decode_tokens_per_s / first.decode_tokens_per_s)
    gain = "" if best == first else f", {times} times as many as {count_of(first.rows, 'row')}"
    rates = [(place, one.decode_tokens_per_s) for place, one in enumerate(batches)]
    return ChartSpec(
        title="Tokens a second by batch size",
        x=Axis("rows of the batch", categories=tuple(str(one.rows) for one in batches)),
        y=Axis("decode, all rows together", unit="tok/s", min=0),
        series=[Series("decode", "bars", rates, "time", labels=[f"{_a_row(one)} a row" for one in batches])],
        summary=f"{count_of(best.rows, 'row')}: {format_rate(best.decode_tokens_per_s)}{gain}.",
    )


def _wait_chart(batches: Sequence[BatchRecord]) -> ChartSpec:
    """What one request experiences: time to the first token, and between tokens."""
    places = list(enumerate(batches))
    last = batches[-1]
    return ChartSpec(
        title="Waiting by batch size",
        x=Axis("rows of the batch", categories=tuple(str(one.rows) for one in batches)),
        y=Axis("time", unit="s", min=0),
        series=[
            Series("ttft", "dots", [(place, one.ttft_s) for place, one in places], "time"),
            Series("between tokens, p50 to p95", "dots", [(place, one.itl_p50_s) for place, one in places], "ink-2",
                   low=[one.itl_p50_s for one in batches], high=[one.itl_p95_s for one in batches]),
        ],
        summary=f"{count_of(last.rows, 'row')}: {format_seconds(last.ttft_s)}, {format_seconds(last.tpot_s)} a token.",
    )  # fmt: skip


def _a_row(batch: BatchRecord) -> str:
    return format_rate(batch.decode_tokens_per_s / batch.rows)


_COLUMNS: dict[str, Callable[[BatchRecord], str]] = {
    "rows": lambda batch: str(batch.rows),
    "decode, all rows": lambda batch: format_rate(batch.decode_tokens_per_s),
    "a row": _a_row,
    "prefill": lambda batch: format_rate(batch.prefill_tokens_per_s),
    "ttft": lambda batch: format_seconds(batch.ttft_s),
    "gap p50": lambda batch: format_seconds(batch.itl_p50_s),
    "gap p95": lambda batch: format_seconds(batch.itl_p95_s),
    "KV cache": lambda batch: format_bytes(batch.memory.kv_cache_bytes),
    "process, peak": lambda batch: format_bytes(batch.memory.peak_rss_bytes),
    "energy a token": lambda batch: a_token(batch.energy.joules, batch.output_tokens),
    "wall time": lambda batch: format_seconds(batch.wall_s),
}


def _where(record: ThroughputRecord) -> str:
    """What it was measured on, and how to read the numbers."""
    environment, best = record.environment, record.best
    net = best.energy.net_joules
    above = "" if net is None else f"; {a_token(net, best.output_tokens)} above idle in the batch of {best.rows}"
    return (
        f"{record.model.id} {record.model.quantization} on {environment.get('processor', record.model.device)}, "
        f"{environment.get('threads')} threads. {record.input_tokens:,} tokens of prompt, read once for all rows: n "
        f"different prompts take n times the prefill. {record.output_tokens:,} tokens of answer per row, an "
        f"early end ignored. Energy of a token: {best.energy.method}, idle included{above}."
    )


def _draw(sofar: Sofar) -> dict[str, Content]:
    record = sofar.record
    batches = record.batches if record else sofar.of(BatchRecord)
    skipped = record.skipped if record else sofar.of(SkippedBatch)
    notes = [*([_where(record)] if record else []), *(f"Left out: {one.why}" for one in skipped)]
    rows = [[text(one) for text in _COLUMNS.values()] for one in batches]
    table = Table(list(_COLUMNS), rows, " ".join(notes))
    drawn: dict[str, Content] = {"rates": _rate_chart(batches), "waits": _wait_chart(batches)} if batches else {}
    return drawn | ({"table": table} if batches or skipped else {})


def _kept(sofar: Sofar) -> str:
    record = sofar.record
    return f"{len(record.batches)} of {len(record.batches_asked)} batch sizes" if record else "no batch was measured"


def _line(part: BatchRecord | SkippedBatch) -> str:
    found = f"left out: {part.why}" if isinstance(part, SkippedBatch) else format_rate(part.decode_tokens_per_s)
    return f"batch of {part.rows}: {found}"


VIEW = View(
    panels=(
        Panel("rates", "chart", "Tokens a second by batch size", row="charts"),
        Panel("waits", "chart", "Waiting by batch size", row="charts"),
        Panel("table", "table", "Every batch that was measured"),
    ),
    draw=_draw,
    kept=_kept,
    line=_line,
)
