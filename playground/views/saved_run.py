"""A saved run as Play shows it: its tokens, their times, and the figures that the file holds."""

from typing import Any

from playground.engine.events import PromptProcessed
from playground.runs.records import RunRecord
from playground.runs.updates import Meters
from playground.views import run as views
from playground.views.compare import run_lines
from playground.views.format import NOTHING, format_bytes


def saved_lines(record: RunRecord, *, recorded: bool = False) -> str:
    """The lines of its token view, the reading of the prompt included; `recorded` as in `head_line`."""
    prefill_s = _prefill_s(record)
    if prefill_s is None:
        return run_lines(record, recorded=recorded)
    read = PromptProcessed(len(record.prompt_token_ids), 0, prefill_s, 0, prefill_s)
    return run_lines(record, read=views.prompt_line(read), recorded=recorded)


def saved_meters(record: RunRecord) -> dict[str, Any]:
    """Its meters; a dash stands where a figure is only known while a run goes on."""
    meters = Meters(
        prompt_tokens=len(record.prompt_token_ids), output_tokens=len(record.tokens), elapsed_s=record.timing.e2e_s,
        prefill_s=_prefill_s(record), timing=record.timing, memory=record.memory, kv_predicted_bytes=None,
        kv_full_bytes=None, gpu_allocated_bytes=None, gpu_reserved_bytes=None, mbu=None, limit_s=None,
        bandwidth_bytes_per_s=None, cost=record.cost, hardware_usd_per_hour=0, energy=record.energy,
    )  # fmt: skip
    # the price of an hour is not in the file, only what the run cost at it
    live = {"kv": format_bytes(record.memory.kv_cache_bytes), "kv_full": NOTHING, "money_note": "where it ran"}
    return views.meter_values(meters, record.finish_reason) | live


def _prefill_s(record: RunRecord) -> float | None:
    """How long the model read the prompt: the tokens that it computed at the rate that was measured."""
    rate = record.timing.prefill_tokens_per_s
    return (record.cost.input_tokens - record.cost.cached_tokens) / rate if rate else None
