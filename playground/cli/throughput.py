"""`playground throughput`: tokens a second of this machine by batch size."""

import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from playground.backends.base import Loading, Queued
from playground.cli.build import build_runner
from playground.cli.common import check_folder_of, give, stop_on_interrupt
from playground.cli.terminal import bytes_text, duration_text
from playground.errors import PlaygroundError
from playground.experiments.throughput.records import BatchRecord, SkippedBatch, ThroughputRecord
from playground.experiments.throughput.request import DEFAULT_BATCHES, make_throughput
from playground.experiments.throughput.run import ThroughputUpdate, measure_throughput
from playground.runs.stages import Stage

_HEAD = f"{'rows':>5} {'decode':>13} {'prefill':>13} {'ttft':>9} {'gap p50 / p95':>19} {'KV cache':>10} {'J/token':>9}"


def run_throughput(
    *,
    batch: str | None,
    input_tokens: str,
    output_tokens: str,
    model: str | None,
    quantization: str | None,
    save: str | None,
    json: bool,
) -> None:
    """Measure each batch."""
    batches = DEFAULT_BATCHES if batch is None else batch
    quantization = quantization or "fp32"
    make_throughput("", quantization, batches, input_tokens, output_tokens)  # told before the model is looked for
    if save is not None:
        check_folder_of(Path(save))
    runner, name = build_runner(model)
    request = make_throughput(name, quantization, batches, input_tokens, output_tokens)
    with stop_on_interrupt() as stopped:
        record = _follow(measure_throughput(runner, request, stopped.is_set))
    give(record, throughput_text(record), save, json)


def _follow(updates: Iterator[ThroughputUpdate]) -> ThroughputRecord:
    """Consume the measurement, telling how far it is on standard error; returns its record."""
    record, console, said = None, Console(stderr=True), ""
    with Live(console=console, transient=True, auto_refresh=False) as live:
        for update in updates:
            words = _words(update)
            if isinstance(update, ThroughputRecord):
                record = update
            elif isinstance(update, Stage) and console.is_terminal:
                live.update(Text(words), refresh=True)
            elif not isinstance(update, Stage) and words != said:
                print(words, file=sys.stderr)
                said = words
    if record is None:
        raise PlaygroundError("Stopped before a batch was measured.")
    return record


def _words(update: ThroughputUpdate) -> str:
    if isinstance(update, Queued):
        return "waiting"
    if isinstance(update, Loading):
        return update.stage
    if isinstance(update, BatchRecord):
        return f"batch of {update.rows}: {update.decode_tokens_per_s:,.1f} tok/s"
    return f"left out: {update.why}" if isinstance(update, SkippedBatch) else getattr(update, "text", "")


def throughput_text(record: ThroughputRecord) -> str:
    """A line a batch, then what it was measured on."""
    best, environment = record.best, record.environment
    lines = [_HEAD, *map(_line, record.batches)]
    lines += [f"{one.rows:>5}  left out: {one.why}" for one in record.skipped]
    lines += [
        "",
        f"{best.rows} rows write the most: {best.decode_tokens_per_s:,.1f} tokens a second together.",
        f"{record.input_tokens} tokens in, read once for all rows; {record.output_tokens} out a row; "
        f"energy {best.energy.method}, idle included.",
        f"{record.model.id} {record.model.quantization} on {environment['processor']}, "
        f"{environment['threads']} threads, {environment['engine']}",
    ]
    return "\n".join(lines)


def _line(batch: BatchRecord) -> str:
    gaps = f"{duration_text(batch.itl_p50_s)} / {duration_text(batch.itl_p95_s)}"
    joules = "-" if batch.energy.joules is None else f"{batch.energy.joules / batch.output_tokens:.3g} J"
    return (
        f"{batch.rows:>5} {batch.decode_tokens_per_s:>7,.1f} tok/s {batch.prefill_tokens_per_s:>7,.1f} tok/s "
        f"{duration_text(batch.ttft_s):>9} {gaps:>19} {bytes_text(batch.memory.kv_cache_bytes):>10} {joules:>9}"
    )
