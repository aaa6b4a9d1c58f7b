"""Events and measurements as what the page shows: pure functions, no Gradio."""

import json
from decimal import Decimal
from typing import Any

from playground.backends.base import Loading, Queued
from playground.engine.events import Finished, PreparedPrompt, PromptProcessed, PromptProgress, TokenEvent
from playground.errors import PlaygroundError
from playground.metrics.cost import per_month, resent_usd
from playground.models.facts import ModelFacts
from playground.runs.records import CostRecord
from playground.runs.updates import Meters
from playground.views.energy import energy_values

NOTHING = "–"  # noqa: RUF001 - the dash of a missing figure, as wide as a digit
FINISH_REASONS = {
    "eos": "end of answer",
    "stop": "stop string",
    "length": "most tokens reached",
    "time": "time limit reached",
    "cancelled": "stopped",
}


def format_seconds(seconds: float | None) -> str:
    """Three digits and the unit: 47.1 ms, 342 ms, 1.24 s, 12.4 s."""
    if seconds is None:
        return NOTHING
    if seconds < 0.0995:
        return f"{seconds * 1e3:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:,.1f} s"


def format_bytes(size: float | None) -> str:
    """Decimal units, as disks and price lists use: 1 MB is 1,000,000 bytes."""
    if size is None:
        return NOTHING
    if size >= 0.9995e9:
        return f"{size / 1e9:.2f} GB"
    if size >= 0.9995e6:
        return f"{size / 1e6:.1f} MB"
    return f"{size / 1e3:.1f} kB" if size >= 1000 else f"{size:.0f} B"


def format_predicted(size: int | None) -> str:
    """A predicted size; an architecture whose cache can't be predicted has none."""
    return "unknown" if size is None else format_bytes(size)


def _pair(first: float | None, second: float | None) -> str:
    """Two sizes with their unit once, where it is the same: 3.5 / 3.5 MB."""
    return _together(format_bytes(first), format_bytes(second))


def _together(one: str, two: str) -> str:
    number, _, unit = one.partition(" ")
    return f"{number} / {two}" if unit and unit == two.partition(" ")[2] else f"{one} / {two}"


def format_usd(usd: float | Decimal | None) -> str:
    """Small sums with two significant digits, larger ones in cents."""
    if usd is None:
        return NOTHING
    if usd == 0:
        return "$0"
    if usd >= 0.995:
        return f"${usd:,.2f}"
    digits = 1
    while usd * 10**digits < 9.95 and digits < 12:
        digits += 1
    return f"${usd:.{digits}f}"


def _rate(per_s: float | None) -> str:
    return NOTHING if per_s is None else f"{per_s:,.1f}" if per_s < 999.5 else f"{per_s:,.0f}"


def packed(value: Any) -> str:
    """JSON in ASCII, so that any text can travel; no "<" in it, since Gradio warns of what looks like a tag."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _line(value: Any) -> str:
    return packed(value) + "\n"


def head_line(run: str, *, ordered: bool, live: bool = False) -> str:
    """First line of a run.

    Args:
        run: Its name; a live one is that of the feed from which the page asks for the lines that follow.
        ordered: The sampler keeps the model's order, so the first `kept` tokens survive.
        live: The other lines are not in the component's value.
    """
    return _line({"run": run, "ordered": ordered, **({"live": True} if live else {})})


def prompt_line(event: PromptProcessed) -> str:
    """The prompt has been read."""
    return _line({"prompt": {"tokens": event.prompt_tokens, "prefill_s": event.prefill_s}})


def token_line(event: TokenEvent) -> str:
    """One token: text, logprob, rank, entropy, time, survivors, sampled_prob, its place in the top list, the list."""
    chosen = next((place for place, item in enumerate(event.top) if item.id == event.id), -1)
    top = [[item.text, float(f"{item.prob:.5g}")] for item in event.top]
    numbers = [round(event.logprob, 6), event.rank, round(event.entropy_bits, 4), round(event.time_s, 6)]
    return _line([event.text, *numbers, list(event.survivors), round(event.sampled_prob, 6), chosen, top])


def tail_line(text: str) -> str:
    """Text that was held back when the run was stopped: no token of its own."""
    return _line({"tail": text})


def end_line(reason: str) -> str:
    """Last line of a run."""
    return _line({"end": reason})


def facts_values(facts: ModelFacts | None) -> dict[str, Any]:
    """What the meters can say before any run."""
    if facts is None:
        return {}
    return {"weights": format_bytes(facts.weights_bytes), "model_memory": format_bytes(facts.weights_bytes)}


def meter_values(meters: Meters | None, reason: str | None = None) -> dict[str, Any]:
    """The meters as one flat dict: strings to show, and the few numbers that are drawn.

    Args:
        meters: None before there is anything.
        reason: Finish reason, once there is one.
    """
    if meters is None:
        return {}
    ended = FINISH_REASONS.get(reason or "", NOTHING)
    return (
        _time_values(meters)
        | {"ended": ended}
        | _memory_values(meters)
        | _money_values(meters)
        | energy_values(meters.energy, meters.output_tokens, NOTHING)
    )


def _time_values(meters: Meters) -> dict[str, Any]:
    timing = meters.timing
    gaps = [timing.itl_p50_s, timing.itl_p95_s, timing.itl_p99_s]
    itl = " / ".join(f"{gap * 1e3:.0f}" for gap in gaps if gap is not None)
    decode = _rate(timing.decode_tokens_per_s)
    prefill = timing.prefill_tokens_per_s
    return {
        "decode": decode,
        "ttft": format_seconds(timing.ttft_s),
        "itl": f"{itl} ms" if itl else NOTHING,
        "prefill": NOTHING if prefill is None else f"{_rate(prefill)} tok/s",
        "mbu": NOTHING if meters.mbu is None else f"{meters.mbu:.0%}",
        "tokens": f"{meters.prompt_tokens:,} / {meters.output_tokens:,}",
        "elapsed": format_seconds(meters.elapsed_s),
        "limit_s": meters.limit_s,
        "line_decode": f"{decode} tok/s",
        "line_ttft": f"ttft {format_seconds(timing.ttft_s)}",
    }


def _memory_values(meters: Meters) -> dict[str, Any]:
    memory = meters.memory
    now = memory.weights_bytes + memory.kv_cache_bytes
    full = memory.weights_bytes + max(meters.kv_full_bytes or 0, memory.kv_cache_bytes)
    gpu = meters.gpu_allocated_bytes is not None
    return {
        "model_memory": format_bytes(now),
        "weights": format_bytes(memory.weights_bytes),
        "kv": _together(format_bytes(memory.kv_cache_bytes), format_predicted(meters.kv_predicted_bytes)),
        "kv_full": format_predicted(meters.kv_full_bytes),
        "process": _pair(memory.rss_bytes, memory.peak_rss_bytes),
        "gpu": _pair(meters.gpu_allocated_bytes, meters.gpu_reserved_bytes) if gpu else "",
        "weights_share": round(memory.weights_bytes / full, 4) if full else 0,
        "kv_share": round(memory.kv_cache_bytes / full, 4) if full else 0,
        "line_memory": format_bytes(now),
    }


def _money_values(meters: Meters) -> dict[str, Any]:
    cost = meters.cost
    return {
        "money_note": f"list price of {cost.reference_model}",
        "money_date": cost.prices_as_of,
        "cost": format_usd(cost.total_usd),
        "cost_in": format_usd(cost.input_usd),
        "cost_cached": format_usd(cost.cached_usd),
        "cost_out": format_usd(cost.output_usd),
        "cost_in_label": f"{cost.input_tokens:,} {_plural(cost.input_tokens, 'token')} in",
        "cost_cached_label": f"of them {cost.cached_tokens:,} cached",
        "cost_out_label": f"{cost.output_tokens:,} {_plural(cost.output_tokens, 'token')} out",
        "resent": resent(cost),
        "month": f"{format_usd(per_month(cost.total_usd))} a month",
        "own": format_usd(cost.own_hardware_usd),
        "own_label": f"own hardware, ${meters.hardware_usd_per_hour:,.2f}/h",
        "line_cost": format_usd(cost.total_usd),
        "usage": usage(cost),
    }


def usage(cost: CostRecord, requests: int = 1) -> dict[str, int]:
    """Tokens that are paid for, of all requests together: what the tables of list prices are computed from."""
    cached = cost.cached_tokens if cost.cached_usd else 0
    return {"requests": requests, "input": cost.input_tokens, "cached": cached, "output": cost.output_tokens}


def resent(cost: CostRecord, requests: int = 1) -> str:
    """What the same requests would cost sent again, their prompts cached."""
    try:
        usd = resent_usd(cost.reference_model, cost.input_tokens, cost.output_tokens, requests)
    except PlaygroundError:  # a saved run may name a model that has left the list
        return NOTHING
    return "no cached rate" if usd is None else format_usd(usd)


def preview_text(prompt: PreparedPrompt, max_new_tokens: int) -> str:
    """What will happen to the prompt, before anything is sent."""
    count, limit = len(prompt.ids), prompt.context_length
    text = f"{count:,} {_plural(count, 'token')} will be read"
    if prompt.dropped_tokens:
        text += (
            f"; the oldest {prompt.dropped_tokens:,} {_plural(prompt.dropped_tokens, 'token')} "
            f"{_plural(prompt.dropped_tokens, 'drops', 'drop')} for the context length of {limit:,}"
        )
    room = max(0, limit - count)
    if room < max_new_tokens:
        text += f"; room for {room:,} {_plural(room, 'token')} of answer"
    if prompt.neutralised:
        text += "; control tokens in it are read as plain text"
    return " ".join([f"{text}.", *prompt.notes])


def _plural(count: int, one: str, many: str | None = None) -> str:
    return one if count == 1 else many or f"{one}s"


def status(update: object) -> dict[str, Any] | None:
    """What an update says about the state of a run; None if nothing new."""
    if isinstance(update, Queued):
        before = update.position
        return {"phase": "queued", "text": f"waiting, {before} {_plural(before, 'run')} before this", "turn": before}
    if isinstance(update, Loading):
        done = "" if update.fraction is None else f" {update.fraction:.0%}"
        text = f"loading {update.model} {update.quantization}: {update.stage}{done}"
        return {"phase": "loading", "text": text, "fraction": update.fraction}
    if isinstance(update, PreparedPrompt):
        return {"phase": "reading", "text": f"reading the prompt, {len(update.ids):,} tokens", "fraction": 0.0}
    if isinstance(update, PromptProgress):
        done, total = update.done_tokens, update.total_tokens
        text = f"reading the prompt, {done:,} of {total:,} tokens"
        return {"phase": "reading", "text": text, "fraction": done / total if total else None}
    if isinstance(update, PromptProcessed):
        return {"phase": "running", "text": "running"}
    if isinstance(update, Finished):
        if update.reason == "cancelled":
            return {"phase": "stopped", "text": "stopped"}
        return {"phase": "finished", "text": f"finished: {FINISH_REASONS[update.reason]}"}
    return None
