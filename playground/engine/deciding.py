"""Which drafted tokens stand: the rule by which an answer is distributed as if the model had written it alone.

Leviathan et al. 2022, arXiv 2211.17192: a drafted token x stands with probability min(1, p(x) / q(x)), where p is the
model's distribution and q the one it was drawn from; where it does not stand, one is drawn from max(p - q, 0) instead.
A greedy model's p is 1 for its likeliest token.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from playground.engine.sampling import apply_repetition_penalty, filter_scores
from playground.settings import Settings


class Decider:
    """Chooses tokens under the settings of a run, by one stream of random numbers.

    Args:
        settings: Temperature, cuts, repetition penalty and seed; 0 stands for none.
    """

    def __init__(self, settings: Settings):
        self._settings = settings
        self._numbers = torch.Generator().manual_seed(settings.seed or 0)

    @property
    def is_greedy(self) -> bool:
        """Whether the likeliest token is always taken."""
        return self._settings.temperature == 0

    def draw(self, logits: Tensor, text: Sequence[int]) -> tuple[int, Tensor | None]:
        """A token after the text, and the distribution [vocabulary] it was drawn from; None if it was not drawn."""
        if self.is_greedy:
            return int(self._penalised(logits, text).argmax()), None
        probs = self.distribution(logits, text)
        return self._pick(probs), probs

    def distribution(self, logits: Tensor, text: Sequence[int]) -> Tensor:
        """What the sampler draws from, [vocabulary]."""
        return filter_scores(self._penalised(logits, text)[None], self._settings)[0][0].softmax(-1)

    def judge(self, ids: Sequence[int], probs: Tensor | None, logits: Tensor, text: Sequence[int]) -> tuple[int, int]:
        """How many drafted tokens stand, and the model's own token after them.

        Args:
            ids: What was drafted.
            probs: What each was drawn from, [drafted, vocabulary]; None where it was certain.
            logits: The model's, after the text and after each drafted token, [drafted + 1, vocabulary].
            text: Before them.
        """
        for place, token in enumerate(ids):
            seen = [*text, *ids[:place]]
            if self.is_greedy:
                best, _ = self.draw(logits[place], seen)
                if best != token:
                    return place, best
                continue
            wanted = self.distribution(logits[place], seen)
            had = torch.zeros_like(wanted).index_fill_(0, torch.tensor([token]), 1.0) if probs is None else probs[place]
            if float(torch.rand((), generator=self._numbers) * had[token]) < float(wanted[token]):
                continue
            rest = (wanted - had).clamp_min(0)
            return place, self._pick(rest if float(rest.sum()) > 0 else wanted)
        return len(ids), self.draw(logits[len(ids)], [*text, *ids])[0]

    def _penalised(self, logits: Tensor, text: Sequence[int]) -> Tensor:
        if self._settings.repetition_penalty == 1:
            return logits
        seen = torch.tensor([list(text)])
        return apply_repetition_penalty(logits[None], seen, self._settings.repetition_penalty)[0]

    def _pick(self, weights: Tensor) -> int:
        return int(torch.multinomial(weights, 1, generator=self._numbers))
