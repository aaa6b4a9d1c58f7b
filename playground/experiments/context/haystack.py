"""A prompt of a wanted length with a fact at a wanted depth, and the tokens of the right answer."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playground.data.context import CODE, Haystack
from playground.engine.prompting import UNLIMITED, prepare_prompt
from playground.engine.template import ids_with_offsets
from playground.errors import PlaygroundError
from playground.settings import Settings

_SETTINGS = Settings(temperature=0, seed=0, top=0)


@dataclass(frozen=True)
class Needle:
    """A prompt that hides a fact.

    Attributes:
        prompt_ids: Template, filler with the fact, question.
        start_ids: The answer's beginning, given to the model.
        code_ids: What is scored.
        needle_token: Where in the prompt the fact begins.
    """

    prompt_ids: tuple[int, ...]
    start_ids: tuple[int, ...]
    code_ids: tuple[int, ...]
    needle_token: int


def code_of(seed: int, length: int, depth: float) -> str:
    """Four digits, others in each cell, so that no cell knows another's answer."""
    return str(random.Random(f"{seed} {length} {depth:g}").randrange(1000, 10_000))


def hide(tokenizer: Any, haystack: Haystack, length: int, depth: float, code: str) -> Needle:
    """A prompt of at most `length` tokens, as near to it as whole sentences come.

    The template counts. Depth 0 puts the fact before the filler, 1 behind it.

    Raises:
        PlaygroundError: Fact and question alone are longer.
    """
    low, high = 0, length  # no sentence has less than a token
    if _length(tokenizer, haystack, 0, depth, code) > length:
        shortest = _length(tokenizer, haystack, 0, depth, code)
        raise PlaygroundError(f"Fact and question take {shortest} tokens of this model; got the length {length}.")
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _length(tokenizer, haystack, middle, depth, code) <= length else (low, middle - 1)
    text, at = _text(haystack, low, depth, code)
    ids = prepare_prompt(tokenizer, text, _SETTINGS, UNLIMITED).ids
    before = len(ids) - len(prepare_prompt(tokenizer, text[at:], _SETTINGS, UNLIMITED).ids)
    return Needle(ids, *_answer_ids(tokenizer, haystack, code), needle_token=_header(tokenizer) + before)


def _text(haystack: Haystack, sentences: int, depth: float, code: str) -> tuple[str, int]:
    """Filler with the fact, then the question; and where the fact begins."""
    filler = [haystack.filler[n % len(haystack.filler)] for n in range(sentences)]
    place = round(depth * sentences)
    before = "".join(f"{sentence} " for sentence in filler[:place])
    fact = haystack.fact.replace(CODE, code)
    return before + " ".join([fact, *filler[place:]]) + f"\n\n{haystack.question}", len(before)


def _length(tokenizer: Any, haystack: Haystack, sentences: int, depth: float, code: str) -> int:
    text, _ = _text(haystack, sentences, depth, code)
    return len(prepare_prompt(tokenizer, text, _SETTINGS, UNLIMITED).ids)


def _header(tokenizer: Any) -> int:
    """Tokens before a message: those that all prompts begin with."""
    one, other = (prepare_prompt(tokenizer, text, _SETTINGS, UNLIMITED).ids for text in ("a", "zz"))
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)


def _answer_ids(tokenizer: Any, haystack: Haystack, code: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The answer's beginning and the code, cut from the tokens of both together."""
    answer = haystack.answer.replace(CODE, code)
    ids, offsets = ids_with_offsets(tokenizer, answer)
    first = _first_of_code(offsets, len(answer) - len(code))
    return tuple(ids[:first]), tuple(ids[first:])


def _first_of_code(offsets: Sequence[tuple[int, int]], start: int) -> int:
    """The first token that holds a letter of the code, even where it holds the space before it too."""
    return next(n for n, (_, end) in enumerate(offsets) if end > start)
