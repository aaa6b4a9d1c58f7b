"""A finished run as text: its figures a line each, and its tokens."""

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
from playground.views.money import NOT_THE_SAME, list_price, reuse_text
from playground.views.run import gaps_text


def _tokens(record: RunRecord) -> str:
    cost = record.cost
    cached = f" ({cost.cached_tokens} cached)" if cost.cached_tokens else ""
    return f"{cost.input_tokens} in{cached}, {cost.output_tokens} out, {record.dropped_prompt_tokens} dropped"


def meters_text(record: RunRecord, meters: Meters | None = None) -> str:
    """All meters of a finished run, a line each; a saved one has no `meters`."""
    return "\n".join(f"{name:>20}  {value}" for name, value in meter_lines(record, meters))


def meter_lines(record: RunRecord, meters: Meters | None = None) -> list[tuple[str, str]]:
    """Their names and figures."""
    timing, memory, cost, energy = record.timing, record.memory, record.cost, record.energy
    mbu = (
        NOTHING
        if meters is None or meters.mbu is None
        else f"{format_percent(meters.mbu)} of {format_bytes(meters.bandwidth_bytes_per_s)}/s measured"
    )
    reused = reuse_text(cost, timing)
    return [
        ("finished", f"{record.finish_reason}; seed {record.settings['seed']}"),
        ("tokens", _tokens(record)),
        *([("reused", reused)] if reused else []),
        ("ttft", f"{format_seconds(timing.ttft_s)}; end to end {format_seconds(timing.e2e_s)}"),
        ("itl p50 / p95 / p99", gaps_text(timing)),
        ("prefill, decode", f"{format_rate(timing.prefill_tokens_per_s)}, {format_rate(timing.decode_tokens_per_s)}"),
        ("MBU", mbu),
        ("weights, KV cache", f"{format_bytes(memory.weights_bytes)}, {format_bytes(memory.kv_cache_bytes)}"),
        ("process / peak", together(format_bytes(memory.rss_bytes), format_bytes(memory.peak_rss_bytes))),
        (
            "cost",
            f"{format_money(cost.own_hardware_usd)} on this machine"
            + (f" at {format_money(meters.hardware_usd_per_hour)}/h" if meters else ""),
        ),
        ("same tokens", f"{format_money(cost.total_usd)} at {list_price(cost)}, {cost.prices_as_of}. {NOT_THE_SAME}"),
        ("energy", energy_text(energy, cost.output_tokens)),
        (
            "model",
            f"{record.model.id} {record.model.quantization} on {record.model.device}, "
            f"{record.environment.get('engine', 'engine not named')}",
        ),
    ]


def tokens_text(record: RunRecord) -> str:
    """Each token with its probability, rank and alternatives."""
    rows = []
    for token in record.tokens:
        others = "  ".join(f"{item.text!r} {format_percent(item.prob)}" for item in token.top)
        rows.append(
            f"{token.index:>5} {token.text!r:>16} rank {token.rank:<5} {token.entropy_bits:5.2f} bits  {others}"
        )
    return "\n".join(rows)
