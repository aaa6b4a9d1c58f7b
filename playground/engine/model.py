"""What the loop needs from a model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, Self

from torch import Tensor

from playground.engine.text import piece_texts


class KVCache(Protocol):
    """Keys and values of what has been read, one row per answer."""

    @property
    def length(self) -> int:
        """Tokens held in each row."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes in use, measured, all rows together."""
        ...

    def expand(self, rows: int) -> None:
        """Repeat the one row, so that answers share one prompt."""
        ...

    def select(self, rows: Sequence[int]) -> None:
        """Keep these rows only."""
        ...

    def fork(self) -> Self:
        """An independent copy: for another wave of answers, or a branch."""
        ...

    def fork_at(self, length: int) -> Self | None:
        """A copy of the first tokens only; None where later tokens can't be removed: then read the first ones again."""
        ...


class LanguageModel(Protocol):
    """A decoder-only model: ids in, next-token logits out."""

    def new_cache(self) -> KVCache:
        """An empty cache of one row."""
        ...

    def least_chunk(self, prompt_tokens: int) -> int:
        """Fewest tokens that the first pass over a prompt of this length must read, so that its logits are right."""
        ...

    def forward(self, ids: Tensor, cache: Any) -> Tensor:
        """Read ids [rows, length] into the cache; float32 logits [rows, vocabulary] after the last, on the CPU."""
        ...

    def read(self, ids: Tensor, cache: Any) -> None:
        """Read ids [rows, length] and add them to the cache; no logits are computed."""
        ...


@dataclass(frozen=True)
class TextModel:
    """A model and its tokenizer."""

    model: LanguageModel
    tokenizer: Any
    eos_ids: frozenset[int]

    def without_eos(self) -> "TextModel":
        """The same model for a measurement: its answers end by length only."""
        return replace(self, eos_ids=frozenset())

    @cached_property
    def piece(self) -> Callable[[int], str]:
        """The text of a single token."""
        return piece_texts(self.tokenizer)
