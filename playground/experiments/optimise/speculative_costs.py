"""What a pass over several tokens costs here, and how often each layer of the model would have guessed right."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, TypeVar

import torch
from torch import Tensor

from playground.engine.chunks import PREFILL_CHUNK
from playground.engine.clock import Clock
from playground.engine.decoder import Decoder, DecoderCache
from playground.engine.drafters import first_layers
from playground.engine.lens.decoder import DecoderLens
from playground.engine.sampling import filter_scores
from playground.engine.speculation import Verify
from playground.metrics.speculation import best_draft, speed_up
from playground.settings import Settings

T = TypeVar("T")
Shares = Callable[[Tensor], Tensor]
"""From logits [rows, vocabulary] to probabilities."""
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 12, 16)
"""Tokens of a pass, whose cost is measured; a draft has one less."""
DRAFTS = tuple(size - 1 for size in SIZES[1:])
_LONGEST_EXIT = 7


@dataclass(frozen=True)
class Exit:
    """A layer after which the model could guess.

    Attributes:
        layers: How many it uses.
        overlap: Sum of min(p, q) of its distribution and the model's, mean of all places, at temperature 1.
        stands: The same under the settings of the answers: the share of its drafts that should stand.
        cost: Of one guess, in steps, by the bytes it reads.
    """

    layers: int
    overlap: float
    stands: float
    cost: float

    @property
    def drafted(self) -> int:
        """The best length of its draft if verification were as cheap as a step."""
        return best_draft(self.stands, self.cost, _LONGEST_EXIT)

    @property
    def bound(self) -> float:
        """Its speed-up then."""
        return speed_up(self.stands, self.drafted, self.cost, 1.0)


def pass_times(
    ways: dict[str, Verify], decoder: Decoder, text: Sequence[int], repeats: int, clock: Clock, obey: Callable[[], None]
) -> dict[str, dict[int, list[float]]]:
    """Seconds of a pass of each of `SIZES`, each way, in every round: in turn, after one that is not counted."""
    cache, ids = _holding(decoder, text), torch.tensor([(list(text) * SIZES[-1])[: SIZES[-1]]])
    times = {name: {size: list[float]() for size in SIZES} for name in ways}
    for number in range(1 + repeats):
        for size in SIZES if number % 2 else SIZES[::-1]:
            for name, verify in ways.items():
                obey()
                begun_s = clock.now()
                verify(ids[:, :size], cache)
                if number:
                    times[name][size].append(clock.now() - begun_s)
                cache.crop(len(text))
    return times


def step_time(decoder: Decoder, cache: DecoderCache, repeats: int, clock: Clock) -> float:
    """Median seconds of one token through this decoder, over a cache that holds some."""
    held, times = cache.length, list[float]()
    for _ in range(1 + repeats):
        begun_s = clock.now()
        decoder.forward(torch.tensor([[0]]), cache)
        times.append(clock.now() - begun_s)
        cache.crop(held)
    return median(times[1:])


def exit_time(decoder: Decoder, layers: int, text: Sequence[int], repeats: int, clock: Clock) -> float:
    """Median seconds of a guess by the first layers."""
    return step_time(Decoder(first_layers(decoder.weights, layers)), _holding(decoder, text), repeats, clock)


def logit_change(verify: Verify, decoder: Decoder, text: Sequence[int], ids: Sequence[int]) -> float:
    """Largest difference of a logit between these tokens verified in one pass and read one after the other."""
    cache = _holding(decoder, text)
    one_by_one = torch.cat([decoder.forward(torch.tensor([[token]]), cache) for token in ids])
    cache.crop(len(text))
    return float((verify(torch.tensor([list(ids)]), cache) - one_by_one).abs().max())


def shares_of(settings: Settings) -> Shares:
    """Distributions that tokens are taken from: greedily, all of it is on the likeliest one."""

    def shares(logits: Tensor) -> Tensor:
        logits = logits.cpu()
        if settings.temperature == 0:
            return torch.nn.functional.one_hot(logits.argmax(-1), logits.shape[-1]).float()
        return filter_scores(logits, settings)[0].softmax(-1)

    return shares


def _overlap(one: Tensor, other: Tensor) -> float:
    """Sum of min(p, q), mean of all rows."""
    return float(torch.minimum(one, other).sum(-1).mean())


def exits(decoder: Decoder, prompt: Sequence[int], answer: Sequence[int], shares: Shares) -> list[Exit]:
    """Every layer but the last, by the logit lens at the places of the answer."""
    lens, ids = DecoderLens(decoder), [*prompt, *answer]
    places = range(len(prompt) - 1, len(ids) - 1)
    seen = ended(lens.read(ids, places, decoder.new_cache(), len(prompt)))
    final = lens.unembed(seen.states[-1])
    probs, taken = final.softmax(-1), shares(final)
    found = list[Exit]()
    for layers, states in enumerate(seen.states[1:-1], 1):
        logits = lens.unembed(states)
        stands = _overlap(shares(logits), taken)
        found.append(Exit(layers, _overlap(logits.softmax(-1), probs), stands, read_share(decoder, layers)))
    return found


def agreement(decoder: Decoder, small: Decoder, prompt: Sequence[int], answer: Sequence[int], shares: Shares) -> float:
    """The share of another model's drafts that should stand at the places of the answer."""
    ids = torch.tensor([[*prompt, *answer]])
    ours, theirs = (
        shares(one.logits(one.hidden(ids, one.new_cache())[:, len(prompt) - 1 : -1])[0].float())
        for one in (decoder, small)
    )
    return _overlap(ours, theirs)


def read_share(decoder: Decoder, layers: int) -> float:
    """Bytes that the first layers and the head read for a token, as a share of the whole model's."""
    weights = decoder.weights
    head, layer = _nbytes(weights.head), _nbytes(weights.layers[0])
    return (head + layers * layer) / (head + len(weights.layers) * layer)


def _nbytes(part: Any) -> int:
    tensors: list[Tensor] = [*part.parameters(), *part.buffers()]
    return sum(one.nbytes for one in tensors)


def _holding(decoder: Decoder, text: Sequence[int]) -> DecoderCache:
    cache = decoder.new_cache()
    for chunk in torch.tensor([list(text)]).split(PREFILL_CHUNK, 1):
        decoder.read(chunk, cache)
    return cache


def ended(steps: Generator[Any, None, T]) -> T:
    """What they return; what they yield is dropped."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
