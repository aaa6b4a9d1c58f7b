"""Which token a person means: an id, or a text."""

from typing import Any

from playground.backends.base import Backend
from playground.errors import PlaygroundError

MAX_TYPED_CHARS = 2_000


def chosen_ids(backend: Backend, token: int | str | tuple[int, ...] | None, *, several: bool) -> list[int]:
    """The ids of the next tokens.

    `several` says whether a text may be more than one token.

    Raises:
        PlaygroundError: The id is outside the vocabulary; the text is empty, too long, or more than one token.
    """
    if token is None:
        return []
    if not isinstance(token, str):
        ids = [token] if isinstance(token, int) else list(token)
        for id in ids:
            if not 0 <= id < backend.facts.vocabulary:
                last = backend.facts.vocabulary - 1
                raise PlaygroundError(f"Token {id} is outside this model's vocabulary: its ids go from 0 to {last:,}.")
        return ids
    if not 0 < len(token) <= MAX_TYPED_CHARS:
        raise PlaygroundError(f"The text to continue with must have 1 to {MAX_TYPED_CHARS:,} characters.")
    ids = backend.tokenize(lambda tokenizer: _ids_within_a_text(tokenizer, backend.piece, token))
    if len(ids) != 1 and not several:
        pieces = ", ".join(f"{id} {backend.piece(id)!r}" for id in ids[:8])
        more = f" and {len(ids) - 8} more" if len(ids) > 8 else ""
        raise PlaygroundError(
            f"{token[:60]!r} is {len(ids)} tokens of this model ({pieces}{more}): give one of them. A space before a "
            "word counts."
        )
    return ids


def _ids_within_a_text(tokenizer: Any, piece: Any, text: str) -> list[int]:
    """Ids of a text that follows another: some tokenizers put a space where they assume a text begins."""

    def ids(of: str) -> list[int]:
        return tokenizer(of, add_special_tokens=False, verbose=False)["input_ids"]

    plain = ids(text)
    if "".join(map(piece, plain)) == text:
        return plain
    before = ids("\n")
    within = ids("\n" + text)
    return within[len(before) :] if within[: len(before)] == before and len(within) > len(before) else plain
