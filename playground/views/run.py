"""Events and measurements as values for the page: pure functions, no Gradio."""

import json
from typing import Any

from playground.backends.base import Loading
from playground.backends.job import Queued
from playground.engine.events import Finished, PreparedPrompt, PromptProcessed, PromptProgress, Token, TokenEvent
from playground.metrics.timing import Timing
from playground.models.facts import ModelFacts
from playground.runs.budget import TimeUsed
from playground.runs.updates import Meters
from playground.views.energy import energy_values
from playground.views.format import (
    NOTHING,
    count_of,
    format_bytes,
    format_percent,
    format_rate,
    format_seconds,
    together,
    waiting,
    without_unit,
)
from playground.views.money import money_values

FINISH_REASONS = {
    "eos": "end of answer",
    "stop": "stop string",
    "length": "token limit reached",
    "time": "time limit reached",
    "cancelled": "stopped",
}


def packed(value: Any) -> str:
    """JSON in ASCII, so any text is safe; without "<", since Gradio warns about text that looks like a tag."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _line(value: Any) -> str:
    return packed(value) + "\n"


def head_line(run: str, *, ordered: bool, live: bool = False, recorded: bool = False) -> str:
    """First line of a run.

    Args:
        run: Its name; for a live run, the feed from which the page reads the following lines.
        ordered: The sampler keeps the model's order, so the first `kept` tokens survive.
        live: The other lines are not in the component's value.
        recorded: It is the example of a new page, which nobody has run here.
    """
    marks = {name: True for name, mark in (("live", live), ("recorded", recorded)) if mark}
    return _line({"run": run, "ordered": ordered} | marks)


def prompt_line(event: PromptProcessed) -> str:
    """The prompt has been read."""
    return _line({"prompt": {"tokens": event.prompt_tokens, "prefill_s": event.prefill_s}})


def token_line(token: Token) -> str:
    """One token, live or saved. `chosen` is its place in `top`, -1 if it is not there.

    What only the sampler knows, how many tokens top-k and top-p left, is absent in a saved one.
    """
    left = {"top_k": token.survivors[0], "top_p": token.survivors[1]} if isinstance(token, TokenEvent) else {}
    return _line({
        "text": token.text,
        "logprob": round(token.logprob, 6),
        "rank": token.rank,
        "entropy": round(token.entropy_bits, 4),
        "time": round(token.time_s, 6),
        **left,
        "kept": token.kept,
        "sampled": round(token.sampled_prob, 6),
        "chosen": next((place for place, item in enumerate(token.top) if item.id == token.id), -1),
        "top": {
            "texts": [item.text for item in token.top],
            "probs": [float(f"{item.prob:.5g}") for item in token.top],
        },
    })  # fmt: skip


def word_line(token: Token) -> str:
    """One token where only its text and its surprise are drawn."""
    return _line({"text": token.text, "logprob": round(token.logprob, 5)})


def tail_line(text: str) -> str:
    """Text that was held back when the run was stopped: not a token."""
    return _line({"tail": text})


def end_line(reason: str) -> str:
    """Last line of a run."""
    return _line({"end": reason})


def format_predicted(size: int | None) -> str:
    """A predicted size, or the dash where the cache can't be predicted."""
    return "unknown" if size is None else format_bytes(size)


def facts_values(facts: ModelFacts | None) -> dict[str, Any]:
    """Values of the meters before any run."""
    if facts is None:
        return {}
    return {"weights": format_bytes(facts.weights_bytes), "model_memory": format_bytes(facts.weights_bytes)}


def meter_values(meters: Meters | None, reason: str | None = None) -> dict[str, Any]:
    """The meters as one flat dict: strings to show, and the few numbers that are drawn.

    Empty before the first reading; `reason` is why the run finished.
    """
    if meters is None:
        return {}
    ended = FINISH_REASONS.get(reason or "", NOTHING)
    return (
        _time_values(meters)
        | {"ended": ended}
        | _memory_values(meters)
        | money_values(meters)
        | energy_values(meters.energy, meters.output_tokens)
    )


def _time_values(meters: Meters) -> dict[str, Any]:
    timing = meters.timing
    decode = format_rate(timing.decode_tokens_per_s)
    return {
        "decode": without_unit(decode),
        "ttft": format_seconds(timing.ttft_s),
        "itl": gaps_text(timing),
        "prefill": format_rate(timing.prefill_tokens_per_s),
        "mbu": format_percent(meters.mbu),
        "tokens": f"{meters.prompt_tokens:,} / {meters.output_tokens:,}",
        "elapsed": format_seconds(meters.elapsed_s),
        "limit_s": meters.limit_s,
        "line_decode": decode,
        "line_ttft": f"first token {format_seconds(timing.ttft_s)}",
    }


def gaps_text(timing: Timing) -> str:
    """The gaps between tokens: p50 / p95 / p99."""
    return together(*map(format_seconds, (timing.itl_p50_s, timing.itl_p95_s, timing.itl_p99_s)))


def _memory_values(meters: Meters) -> dict[str, Any]:
    memory = meters.memory
    now = memory.weights_bytes + memory.kv_cache_bytes
    full = memory.weights_bytes + max(meters.kv_full_bytes or 0, memory.kv_cache_bytes)
    gpu = together(format_bytes(meters.gpu_allocated_bytes), format_bytes(meters.gpu_reserved_bytes))
    return {
        "model_memory": format_bytes(now),
        "weights": format_bytes(memory.weights_bytes),
        "kv": together(format_bytes(memory.kv_cache_bytes), format_predicted(meters.kv_predicted_bytes)),
        "kv_full": format_predicted(meters.kv_full_bytes),
        "process": together(format_bytes(memory.rss_bytes), format_bytes(memory.peak_rss_bytes)),
        "gpu": "" if meters.gpu_allocated_bytes is None else gpu,
        "weights_share": round(memory.weights_bytes / full, 4) if full else 0,
        "kv_share": round(memory.kv_cache_bytes / full, 4) if full else 0,
        "line_memory": format_bytes(now),
    }


def notes_of(prompt: PreparedPrompt) -> list[str]:
    """What is not read as written."""
    return [*prompt.notes, *["Control tokens in the prompt are read as plain text."] * prompt.neutralised]


def preview_text(prompt: PreparedPrompt, max_new_tokens: int) -> str:
    """A preview of what will happen to the prompt."""
    count, limit = len(prompt.ids), prompt.context_length
    text = f"{count_of(count, 'token')} will be read"
    if prompt.dropped_tokens:
        text += (
            f"; the oldest {count_of(prompt.dropped_tokens, 'token drops', 'tokens drop')} for the context length of "
            f"{limit:,}"
        )
    room = max(0, limit - count)
    if room < max_new_tokens:
        text += f"; room for {count_of(room, 'token')} of answer"
    if prompt.neutralised:
        text += "; control tokens in it are read as plain text"
    return " ".join([f"{text}.", *prompt.notes])


def ended(reason: str) -> dict[str, Any]:
    """The status of a run that has ended."""
    why = FINISH_REASONS[reason]
    return {"phase": why, "text": why} if why == "stopped" else {"phase": "finished", "text": f"finished: {why}"}


def status(update: object) -> dict[str, Any] | None:
    """The status that an update reports; None if unchanged."""
    if isinstance(update, Queued):
        return {"phase": "queued", "text": waiting(update), "turn": update.position}
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
    if isinstance(update, TimeUsed):
        return {"phase": "stopped", "text": f"stopped: {update.text}"}
    return ended(update.reason) if isinstance(update, Finished) else None
