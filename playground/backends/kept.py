"""Keys and values of finished answers, so a step can be inspected or branched from without reading again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from playground.engine.model import KVCache

MAX_KEPT_BYTES = 512 * 2**20


@dataclass(frozen=True)
class _Kept:
    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    cache: KVCache
    is_exact: bool  # its prompt was read in the chunks of a run, from the first token on
    person: str


class KeptCaches:
    """The newest caches that fit a budget; dropped with the model. Hold the model's turn while using it.

    Args:
        whole_chunks: Number of tokens before the last chunk of a prompt of this length.
        max_bytes: The budget.
    """

    def __init__(self, whole_chunks: Callable[[int], int], max_bytes: int = MAX_KEPT_BYTES):
        self._whole_chunks, self._max_bytes = whole_chunks, max_bytes
        self._kept: list[_Kept] = []  # the newest last

    def keep(
        self,
        prompt_ids: Sequence[int],
        answer_ids: Sequence[int],
        cache: KVCache,
        *,
        is_exact: bool = True,
        person: str = "",
    ) -> None:
        """Keep a cache that is no longer written to.

        The cache, of one row, holds the prompt, read in the chunks of a run, and the first tokens of the answer. One
        that began from a `beginning` is not exact: it serves other beginnings, and nothing that must not differ in a
        bit.
        """
        prompt, held = tuple(prompt_ids), cache.length - len(prompt_ids)
        if held < 0 or cache.nbytes > self._max_bytes:
            return
        answer = tuple(answer_ids[:held])
        self._kept = [
            one
            for one in self._kept
            if (one.prompt, one.person) != (prompt, person)
            or answer[: len(one.answer)] != one.answer
            or one.is_exact > is_exact
        ]
        self._kept.append(_Kept(prompt, answer, cache, is_exact, person))
        while sum(one.cache.nbytes for one in self._kept) > self._max_bytes:
            self._kept.pop(0)

    def before(self, prompt_ids: Sequence[int], answer_ids: Sequence[int]) -> KVCache | None:
        """A copy of the longest kept cache for this prompt and answer, without the last token.

        At least one token is left to read, since only reading gives logits. The whole prompt must match,
        since a token read as prompt and the same token read as answer differ in their last bits.
        """
        prompt, answer = tuple(prompt_ids), tuple(answer_ids)
        same = [one for one in self._kept if one.prompt == prompt and one.is_exact]
        best = max(same, key=lambda one: common(one.answer, answer), default=None)
        if best is None:
            return None
        if not answer:
            return best.cache.fork_at(self._whole_chunks(len(prompt)))
        return best.cache.fork_at(len(prompt) + min(common(best.answer, answer), len(answer) - 1))

    def beginning(self, ids: Sequence[int], person: str = "") -> KVCache | None:
        """A copy of the longest kept beginning of a prompt, without its last token; None where nothing is shared.

        Only what the same person's prompts left counts: the time that is saved would show what others wrote.

        Answers count as well: the next prompt of a chat begins with them. What is read after it is read in products of
        other shapes than without, so its last bits may differ.
        """
        held = [(one, common((*one.prompt, *one.answer), ids)) for one in self._kept if one.person == person]
        for one, shared in sorted(held, key=lambda pair: -pair[1]):
            at = min(shared, len(ids) - 1)
            if at and (cache := one.cache.fork_at(at)) is not None:  # None: this cache can't forget its end
                return cache
        return None

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """Length of the beginning that both share."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
