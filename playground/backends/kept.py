"""Keys and values of answers that have ended, so that a step can be looked into, or left by another way, at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from playground.engine.model import KVCache

MAX_KEPT_BYTES = 512 * 2**20


@dataclass(frozen=True)
class _Kept:
    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    cache: KVCache


class KeptCaches:
    """The newest caches that fit a budget; they go with the model. Use it with the model's turn held.

    Args:
        whole_chunks: Tokens of a prompt of this length that come before its last chunk.
        max_bytes: The budget.
    """

    def __init__(self, whole_chunks: Callable[[int], int], max_bytes: int = MAX_KEPT_BYTES):
        self._whole_chunks, self._max_bytes = whole_chunks, max_bytes
        self._kept: list[_Kept] = []  # the newest last

    def keep(self, prompt_ids: Sequence[int], answer_ids: Sequence[int], cache: KVCache) -> None:
        """Remember a cache that nobody writes to any more.

        Args:
            prompt_ids: Its prompt, read in a run's own chunks.
            answer_ids: Tokens of the answer, of which it holds the first.
            cache: Of one row.
        """
        prompt, held = tuple(prompt_ids), cache.length - len(prompt_ids)
        if held < 0 or cache.nbytes > self._max_bytes:
            return
        answer = tuple(answer_ids[:held])
        self._kept = [
            one for one in self._kept if not (one.prompt == prompt and answer[: len(one.answer)] == one.answer)
        ]
        self._kept.append(_Kept(prompt, answer, cache))
        while sum(one.cache.nbytes for one in self._kept) > self._max_bytes:
            self._kept.pop(0)

    def before(self, prompt_ids: Sequence[int], answer_ids: Sequence[int]) -> KVCache | None:
        """A copy of what is kept of this prompt and the beginning of this answer, short of its last token.

        What it lacks is to be read yet, one token at least: only reading gives logits. A match is of the whole prompt,
        since a token that is read in a prompt and one that is read in an answer differ in their last bits.
        """
        prompt, answer = tuple(prompt_ids), tuple(answer_ids)
        same = [one for one in self._kept if one.prompt == prompt]
        best = max(same, key=lambda one: _common(one.answer, answer), default=None)
        if best is None:
            return None
        if not answer:
            return best.cache.fork_at(self._whole_chunks(len(prompt)))
        return best.cache.fork_at(len(prompt) + min(_common(best.answer, answer), len(answer) - 1))

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many first tokens are the same."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
