"""What a measurement of throughput asks for, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playground.errors import PlaygroundError
from playground.runs.batch import MAX_BATCH

DEFAULT_BATCHES = (1, 2, 4, 8, 16, 32)
MAX_BATCHES = 12
INPUT_TOKENS, MAX_INPUT = 128, 131_072
OUTPUT_TOKENS, MIN_OUTPUT, MAX_OUTPUT = 64, 2, 2_048  # a rate of decoding needs two tokens


@dataclass(frozen=True)
class ThroughputRequest:
    """Batches to measure. Make one from outside input with `make_throughput`.

    Attributes:
        model: Id in the catalogue.
        quantization: One of `settings.QUANTIZATIONS`.
        batches: Rows of each, ascending.
        input_tokens: Of the prompt that all rows share.
        output_tokens: Of each row.
    """

    model: str
    quantization: str
    batches: tuple[int, ...] = DEFAULT_BATCHES
    input_tokens: int = INPUT_TOKENS
    output_tokens: int = OUTPUT_TOKENS


def make_throughput(
    model: str,
    quantization: str,
    batches: str | Sequence[Any] = DEFAULT_BATCHES,
    input_tokens: Any = INPUT_TOKENS,
    output_tokens: Any = OUTPUT_TOKENS,
) -> ThroughputRequest:
    """A request from outside input; batches may be a text with commas.

    Raises:
        PlaygroundError: Names the value, its limits and what was given.
    """
    given = [one for one in batches.split(",") if one.strip()] if isinstance(batches, str) else list(batches)
    if not 1 <= len(given) <= MAX_BATCHES:
        raise PlaygroundError(f"Give 1 to {MAX_BATCHES} batch sizes, with commas between them; got {len(given)}.")
    sizes = sorted({_whole("A batch", one, 1, MAX_BATCH, "rows") for one in given})
    return ThroughputRequest(
        model,
        quantization,
        tuple(sizes),
        _whole("The prompt", input_tokens, 1, MAX_INPUT, "tokens"),
        _whole("Each answer", output_tokens, MIN_OUTPUT, MAX_OUTPUT, "tokens"),
    )


def _whole(name: str, raw: Any, low: int, high: int, unit: str) -> int:
    """A whole number, which may come as 16, 16.0 or text."""
    try:
        number = None if isinstance(raw, bool) else int(raw)
        if number is not None and not isinstance(raw, str) and number != raw:
            number = None
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or not low <= number <= high:
        raise PlaygroundError(f"{name} must have {low:,} to {high:,} {unit}; got {str(raw)[:60].strip()!r}.")
    return number
