"""Continuous batching: rows come and go while the others go on; one step computes a token for every row.

Yu et al. 2022 (Orca). Rows of several lengths end in the same column of one cache, so that a step writes the new token
of all rows at once; each row sees the cache from its own start on. A prompt is read alone, before its row joins.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from playground.engine.chunks import chunk_tokens
from playground.engine.decoder import Decoder, DecoderCache


class Continuous:
    """Rows in progress, each known by a number that its caller gives; tokens are the likeliest (greedy)."""

    def __init__(self, model: Decoder):
        self._model = model
        self._cache: DecoderCache | None = None
        self._rows: list[int] = []
        self._last: list[int] = []

    @property
    def rows(self) -> list[int]:
        """Numbers of the rows in progress, in the order of the cache."""
        return list(self._rows)

    @property
    def nbytes(self) -> int:
        """Bytes of keys and values in use, without what lies before the rows' starts."""
        if self._cache is None or self._cache.starts is None:
            return 0
        columns = self._cache.length * len(self._rows)
        return self._cache.nbytes // columns * (columns - int(self._cache.starts.sum())) if columns else 0

    @torch.inference_mode()
    def join(self, row: int, prompt: Sequence[int]) -> int:
        """Read a prompt, and let its row take part from the next step on; returns its first token."""
        own, logits = self._model.new_cache(), torch.empty(0)
        for chunk in torch.tensor([list(prompt)]).split(chunk_tokens(self._model, len(prompt)), 1):
            logits = self._model.forward(chunk, own)
        token = int(logits[0].argmax())
        own.starts = torch.zeros(1, dtype=torch.long, device=own.keys.device)
        self._cache = own if self._cache is None or not self._rows else _joined(self._cache, own)
        self._rows.append(row)
        self._last.append(token)
        return token

    @torch.inference_mode()
    def step(self) -> dict[int, int]:
        """The next token of every row, by its number."""
        if not self._rows or self._cache is None:
            return {}
        logits = self._model.forward(torch.tensor([[token] for token in self._last]), self._cache)
        self._last = logits.argmax(-1).tolist()
        return dict(zip(self._rows, self._last, strict=True))

    @torch.inference_mode()
    def leave(self, rows: Sequence[int]) -> None:
        """These rows are done."""
        kept = [place for place, row in enumerate(self._rows) if row not in rows]
        if len(kept) == len(self._rows) or self._cache is None:
            return
        self._rows, self._last = ([one[place] for place in kept] for one in (self._rows, self._last))
        if not kept:
            self._cache = None
            return
        cache = self._cache
        assert cache.starts is not None
        index = torch.tensor(kept, device=cache.keys.device)
        starts = cache.starts[index]
        first = int(starts.min())  # columns that no row sees any more
        keys, values = (one[:, :, :, first : cache.length].index_select(1, index) for one in (cache.keys, cache.values))
        self._cache = DecoderCache(keys, values, cache.length - first)
        self._cache.starts = starts - first


def _joined(cache: DecoderCache, own: DecoderCache) -> DecoderCache:
    """All rows of both, ending in the same column."""
    length = max(cache.length, own.length)
    parts = [(one, length - one.length) for one in (cache, own)]
    joined = DecoderCache(
        torch.cat([_shifted(one.keys, one.length, by) for one, by in parts], 1),
        torch.cat([_shifted(one.values, one.length, by) for one, by in parts], 1),
        length,
    )
    starts = [one.starts + by for one, by in parts if one.starts is not None]
    joined.starts = torch.cat(starts)
    return joined


def _shifted(held: Tensor, length: int, by: int) -> Tensor:
    """The used columns, moved right; zeros before them, since a masked column must still be a number."""
    return torch.nn.functional.pad(held[:, :, :, :length], (0, 0, by, 0))
