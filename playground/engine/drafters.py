"""Where drafts of the next tokens come from: the text itself, the model's own first layers, or a smaller model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from playground.engine.chunks import chunk_tokens
from playground.engine.deciding import Decider
from playground.engine.decoder import Decoder, DecoderCache
from playground.models.llama import LlamaWeights


@dataclass(frozen=True)
class Draft:
    """Tokens that may come next.

    Attributes:
        ids: In order.
        probs: The distribution that each was drawn from, [tokens, vocabulary]; None where there was no draw.
    """

    ids: Sequence[int] = ()
    probs: Tensor | None = None


class Drafter(Protocol):
    """Proposes tokens; one serves one answer at a time."""

    def begin(self, prompt: Sequence[int]) -> None:
        """A new answer, to this prompt."""
        ...

    def draft(self, text: Sequence[int], most: int, cache: DecoderCache) -> Draft:
        """The next tokens after the text.

        Args:
            text: Prompt and answer so far.
            most: How many at most; at least 1.
            cache: The model's; it holds all of the text but the last token, and must hold the same afterwards.
        """
        ...


class Lookup:
    """Prompt lookup: where the last tokens occurred before, what came after them may come again (Saxena 2023).

    The longest run of last tokens counts first, then its latest occurrence. A copy may run on into itself, so that a
    loop is drafted in full.

    Args:
        longest, shortest: Tokens that must occur again.
    """

    def __init__(self, longest: int = 4, shortest: int = 2):
        self._sizes = range(longest, shortest - 1, -1)
        self.begin(())

    def begin(self, prompt: Sequence[int]) -> None:  # noqa: ARG002  part of the protocol
        """As `Drafter.begin`."""
        self._after = dict[tuple[int, ...], int]()  # where the text went on after these tokens, the last time
        self._indexed = 0

    def draft(self, text: Sequence[int], most: int, cache: DecoderCache | None = None) -> Draft:  # noqa: ARG002  of others
        """As `Drafter.draft`; the cache is not used."""
        for place in range(self._indexed, len(text)):
            for size in self._sizes:
                if size <= place:
                    self._after[tuple(text[place - size : place])] = place
        self._indexed = len(text)
        found = (self._after.get(tuple(text[-size:])) for size in self._sizes if size < len(text))
        start = next((place for place in found if place is not None), None)
        if start is None:
            return Draft()
        drafted, held = list[int](), len(text)
        for place in range(start, start + most):
            drafted.append(text[place] if place < held else drafted[place - held])
        return Draft(drafted)


class FirstLayers:
    """Self-speculation: the model's own first layers, then its last norm and its head.

    They write their keys and values where the whole model writes the same ones later, so no second cache is needed.

    Args:
        weights: Of the model.
        count: How many layers.
        decider: Chooses among the tokens, as the model's own are chosen.
    """

    def __init__(self, weights: LlamaWeights, count: int, decider: Decider):
        self.decoder, self._decider = Decoder(first_layers(weights, count)), decider

    def begin(self, prompt: Sequence[int]) -> None:
        """As `Drafter.begin`; nothing is kept."""

    def draft(self, text: Sequence[int], most: int, cache: DecoderCache) -> Draft:
        """As `Drafter.draft`."""
        held = cache.length
        found = _drafted(self.decoder, text, [text[-1]], most, cache, self._decider)
        cache.crop(held)
        return found


class SmallModel:
    """A smaller model with the same tokenizer, which keeps a cache.

    Args:
        decoder: Runs it.
        decider: Chooses among the tokens, as the model's own are chosen.
    """

    def __init__(self, decoder: Decoder, decider: Decider):
        self.decoder, self._decider = decoder, decider
        self._cache, self._held = decoder.new_cache(), list[int]()

    def begin(self, prompt: Sequence[int]) -> None:
        """As `Drafter.begin`; reads the prompt but for its last token."""
        self._cache, self._held = self.decoder.new_cache(), list(prompt[:-1])
        for chunk in torch.tensor([self._held]).split(chunk_tokens(self.decoder, len(prompt)), 1):
            if chunk.shape[1]:
                self.decoder.read(chunk, self._cache)

    def draft(self, text: Sequence[int], most: int, cache: DecoderCache) -> Draft:  # noqa: ARG002  it has another
        """As `Drafter.draft`; it forgets drafts that were rejected, and reads what it does not know."""
        same = len(self._held)
        while self._held[:same] != list(text[: min(same, len(text) - 1)]):
            same -= 1
        self._cache.crop(same)
        found = _drafted(self.decoder, text, text[same:], most, self._cache, self._decider)
        self._held = [*text, *found.ids[:-1]]
        return found


def _drafted(
    decoder: Decoder, text: Sequence[int], unread: Sequence[int], most: int, cache: DecoderCache, decider: Decider
) -> Draft:
    """Tokens one after the other, each chosen as the model's own are."""
    ids, probs = list[int](), list[Tensor]()
    for _ in range(most):
        logits = decoder.forward(torch.tensor([list(unread)]), cache)[0]
        token, drawn_from = decider.draw(logits, [*text, *ids])
        ids.append(token)
        unread = [token]
        if drawn_from is not None:
            probs.append(drawn_from)
    return Draft(ids, torch.stack(probs) if probs else None)


def first_layers(weights: LlamaWeights, count: int) -> LlamaWeights:
    """The same weights with the first layers only; nothing is copied."""
    few = LlamaWeights(weights.config, weights.shape, weights.inverse_frequencies)
    few.layers.extend(list(weights.layers)[:count])
    few.embedding, few.norm, few.head = weights.embedding, weights.norm, weights.head
    return few.eval()
