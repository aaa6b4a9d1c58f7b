"""Our decoder, opened layer by layer: the Llama family, with float or packed weights."""

from collections.abc import Generator, Sequence

import torch
from torch import Tensor

from playground.engine.decoder import Decoder, DecoderCache
from playground.engine.lens.base import LayerPass, LayerWatch, chunks_of


class DecoderLens:
    """A lens on `Decoder`; the queries of a layer are computed again from what entered it."""

    def __init__(self, decoder: Decoder):
        self._decoder = decoder

    @property
    def layers(self) -> int:
        """Number of layers."""
        return len(self._decoder.weights.layers)

    @property
    def windows(self) -> list[int | None]:
        """None: our decoder runs no model with a sliding window."""
        return [None] * self.layers

    def read(
        self, ids: Sequence[int], positions: Sequence[int], cache: DecoderCache, prompt_tokens: int
    ) -> Generator[int, None, LayerPass]:
        """As `Lens.read`."""
        watch, x = LayerWatch(self.layers, positions), None
        for start, end in chunks_of(0, len(ids), prompt_tokens):
            watch.start = start
            x = self._decoder.hidden(torch.tensor([list(ids[start:end])]), cache, watch=watch)
            yield end
        assert x is not None
        return watch.finish(self._decoder.logits(x[:, -1])[0])

    def unembed(self, states: Tensor) -> Tensor:
        """As `Lens.unembed`."""
        return self._decoder.logits(states).float()

    def attention(
        self, ids: Sequence[int], layer: int, rows: range, cache: DecoderCache, prompt_tokens: int
    ) -> Generator[int, None, Tensor]:
        """As `Lens.attention`."""
        for start, end in chunks_of(cache.length, rows.start, prompt_tokens):
            self._decoder.read(torch.tensor([list(ids[start:end])]), cache)
            yield end
        entered: list[Tensor] = []

        def watch(number: int, x: Tensor) -> None:
            if number == layer:
                entered.append(x)

        self._decoder.hidden(torch.tensor([list(ids[rows.start : rows.stop])]), cache, watch=watch)
        return self._decoder.attention(layer, entered[0], cache)
