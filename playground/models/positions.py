"""How many positions a model was made for. Architectures name it differently, and some set no limit. No torch here."""

from collections.abc import Callable
from typing import Any

_NAMES = (
    "max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length", "max_seq_len", "seq_length",
    "model_max_length",
)  # fmt: skip
_MOST = 2**31  # a tokenizer without a limit says 1e30


def positions(value_of: Callable[[str], Any]) -> int | None:
    """The first credible value among the usual names; None where a config names none (BLOOM: ALiBi needs no limit)."""
    values = (value_of(name) for name in _NAMES)
    return next((value for value in values if type(value) is int and 0 < value < _MOST), None)
