"""The local model opened layer by layer, over the keys and values that runs have left."""

from collections.abc import Generator, Sequence

from torch import Tensor

from playground.backends.kept import KeptCaches
from playground.engine.lens.base import LayerPass
from playground.engine.lens.reading import lens_of
from playground.engine.model import KVCache, LanguageModel


class LocalLayers:
    """As `backends.base.Layers`. Use it with the model's turn held.

    Raises:
        LensUnavailable: The layers of this architecture can't be watched.
    """

    def __init__(self, model: LanguageModel, kept: KeptCaches):
        self._model, self._kept = model, kept
        self.lens = lens_of(model)

    def read(
        self, prompt: Sequence[int], answer: Sequence[int], positions: Sequence[int]
    ) -> Generator[int, None, tuple[LayerPass, int]]:
        """As `Layers.read`; the prompt's keys and values are kept for later questions, unless a run has left them.

        Those of the answer are not: read in one piece, they may differ in their last bits from those of a run.
        """
        cache = self._model.new_cache()
        reading = self.lens.read((*prompt, *answer), positions, cache, len(prompt))
        while True:
            try:
                done = next(reading)
            except StopIteration as end:
                return end.value, cache.nbytes
            if done == len(prompt) and self._kept.before(prompt, (0,)) is None:
                forked = cache.fork_at(done)
                if forked is not None:
                    self._kept.keep(prompt, (), forked)
            yield done

    def attention(
        self, prompt: Sequence[int], answer: Sequence[int], layer: int, rows: range
    ) -> Generator[int, None, tuple[Tensor, int]]:
        """As `Layers.attention`."""
        cache = self._read_already(prompt, answer, rows.start)
        held = cache.length
        weights = yield from self.lens.attention((*prompt, *answer), layer, rows, cache, len(prompt))
        return weights, held

    def _read_already(self, prompt: Sequence[int], answer: Sequence[int], tokens: int) -> KVCache:
        """What is kept of the first tokens, at most this many."""
        # Short of the added one, it is all that is kept.
        kept = self._kept.before(prompt, (*answer, 0)) if tokens else None
        if kept is not None and kept.length > tokens:
            kept = kept.fork_at(tokens)
        return self._model.new_cache() if kept is None else kept
