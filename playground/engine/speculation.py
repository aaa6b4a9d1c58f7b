"""Speculative decoding: drafted tokens are verified in one pass of the model, and as many as stand are kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from playground.engine.chunks import chunk_tokens
from playground.engine.clock import Clock
from playground.engine.deciding import Decider
from playground.engine.decoder import Decoder, DecoderCache
from playground.engine.drafters import Draft, Drafter, Lookup
from playground.engine.rowwise import Rowwise

Verify = Callable[[Tensor, DecoderCache], Tensor]
"""Reads ids [1, length] into the cache; float32 logits [length, vocabulary] after each, on the CPU."""


@dataclass(frozen=True)
class Verified:
    """One pass of the model.

    Attributes:
        drafted: What was verified; nothing where nothing was drafted.
        accepted: How many of them stand.
        token: The model's own after them; None where an accepted one ended the answer.
    """

    drafted: tuple[int, ...]
    accepted: int
    token: int | None

    @property
    def ids(self) -> list[int]:
        """What the answer got."""
        return [*self.drafted[: self.accepted], *([] if self.token is None else [self.token])]


@dataclass
class Spoken:
    """An answer: its passes after the prompt's, the time of the prompt and of all passes, drafts included."""

    first: int
    prefill_s: float
    passes: list[Verified] = field(default_factory=list)
    decode_s: float = 0.0

    @property
    def ids(self) -> list[int]:
        """The tokens."""
        return [self.first, *(token for one in self.passes for token in one.ids)]


def together(decoder: Decoder) -> Verify:
    """Verification as a model reads a prompt: fast, and last bits depend on how many tokens there are."""

    def verify(ids: Tensor, cache: DecoderCache) -> Tensor:
        return decoder.logits(decoder.hidden(ids, cache))[0].float().cpu()

    return verify


def exact(decoder: Decoder) -> Verify:
    """Verification with the bits of plain decoding."""
    return Rowwise(decoder.weights).each


def speculate(
    decoder: Decoder,
    prompt: Sequence[int],
    tokens: int,
    decider: Decider,
    clock: Clock,
    should_stop: Callable[[], None],
    *,
    drafter: Drafter | None = None,
    most: int = 1,
    verify: Verify | None = None,
    ends: frozenset[int] = frozenset(),
) -> Spoken:
    """An answer by draft and verification; without a drafter, by plain decoding.

    Args:
        decoder: The model.
        prompt: At least one token.
        tokens: Of the answer, at most.
        decider: Chooses.
        clock: Its readings are the times.
        should_stop: Called before every pass; it may raise.
        drafter: Proposes tokens.
        most: Tokens of a draft.
        verify: How; None is `together`.
        ends: Tokens that end the answer.
    """
    verify, cache, text = verify or together(decoder), decoder.new_cache(), list(prompt)
    begun_s = clock.now()
    if drafter is not None:
        drafter.begin(prompt)
    logits = torch.empty(0)
    for chunk in torch.tensor([text]).split(chunk_tokens(decoder, len(prompt)), 1):
        should_stop()
        logits = decoder.forward(chunk, cache)[0]
    text.append(decider.draw(logits, text)[0])
    found = Spoken(text[-1], clock.now() - begun_s)
    begun_s = clock.now()
    while (room := len(prompt) + tokens - len(text)) > 0 and text[-1] not in ends:
        should_stop()
        size = min(most, room - 1)
        draft = drafter.draft(text, size, cache) if drafter is not None and size else Draft()
        logits = verify(torch.tensor([[text[-1], *draft.ids]]), cache)
        accepted, token = decider.judge(draft.ids, draft.probs, logits, text)
        cache.crop(len(text) + accepted)
        found.passes.append(_until(ends, Verified(tuple(draft.ids), accepted, token)))
        text += found.passes[-1].ids
    found.decode_s = clock.now() - begun_s
    return found


def _until(ends: frozenset[int], one: Verified) -> Verified:
    """The same, without what comes after an end."""
    place = next((place for place, token in enumerate(one.drafted[: one.accepted]) if token in ends), None)
    return one if place is None else Verified(one.drafted, place + 1, None)


def replayed(
    lookup: Lookup, prompt: Sequence[int], answer: Sequence[int], most: int, tokens: int = 0
) -> list[Verified]:
    """The passes that prompt lookup makes of a greedy answer that is known; `tokens` is how long it might have been."""
    lookup.begin(prompt)
    known, text = [*prompt, *answer], [*prompt, answer[0]]
    end = len(prompt) + max(tokens, len(answer))
    found = list[Verified]()
    while len(text) < len(known):
        size, right = min(most, end - len(text) - 1), known[len(text) :]
        ids = tuple(lookup.draft(text, size).ids) if size else ()
        wrong = (place for place, (one, own) in enumerate(zip(ids, right, strict=False)) if one != own)
        accepted = next(wrong, min(len(ids), len(right)))
        found.append(Verified(ids, accepted, right[accepted] if accepted < len(right) else None))
        text += found[-1].ids
    return found
