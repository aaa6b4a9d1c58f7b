"""A chat as the model's template writes it, in parts: which ids are whose, and no control token from a person."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from playground.engine.rendering import Message, Span, unused_characters, written
from playground.engine.text import special_ids
from playground.errors import PlaygroundError

Offsets = Sequence[tuple[int, int]]
_BREAKERS = ("\N{WORD JOINER}", "-", " ")  # the first that the tokenizer does not strip before it matches tokens


@dataclass(frozen=True)
class Part:
    """Ids of one message (its index), or of the template (None)."""

    message: int | None
    ids: list[int]


def wrapped(tokenizer: Any, messages: Sequence[Message], *, inject: bool = False) -> tuple[list[Part], bool]:
    """The chat in parts, and whether control tokens in a message were made plain text.

    The ids are those of the text that the template makes of the contents. A control token that a person wrote is
    spelt out, and the template sees plain letters too. An answer was decoded without special tokens, so one in it
    came as letters; added tokens that decoding shows, such as `<think>`, are the model's and stay.

    Args:
        tokenizer: With a chat template.
        messages: In the order of the chat; the answer to the last one is to come.
        inject: Read control tokens in messages as control tokens: shows what happens without a guard.

    Raises:
        PlaygroundError: The template refuses the messages, or has no place for system prompt or newest message.
    """
    sign = next(unused_characters([message.content for message in messages]))
    said = list(messages)
    if not inject:
        controls, special = control_tokens(tokenizer), special_ids(tokenizer)
        shown = [token for token, id in controls.items() if id in special]
        said = [
            replace(one, content=_broken(one.content, shown if one.role == "assistant" else controls, sign))
            for one in messages
        ]
    text, spans = written(tokenizer, said)
    ids, offsets = _without_signs(tokenizer, text, sign)
    return split(ids, offsets, spans), said != list(messages)


def split(ids: Sequence[int], offsets: Offsets, spans: Sequence[Span]) -> list[Part]:
    """Ids of one text, cut where its pieces meet. A token that crosses the edge of a content is the template's.

    Args:
        ids: Ids of the whole text.
        offsets: First character of each token, and the one after its last.
        spans: Contents in the order of the text; what is between them is the template's.
    """
    parts, done = list[Part](), 0
    for span in spans:
        first = next((n for n in range(done, len(ids)) if offsets[n][0] >= span.start), len(ids))
        last = next((n for n in range(first, len(ids)) if offsets[n][1] > span.end), len(ids))
        parts += [Part(None, list(ids[done:first])), Part(span.message, list(ids[first:last]))]
        done = last
    return [part for part in [*parts, Part(None, list(ids[done:]))] if part.ids]


def _broken(text: str, tokens: Iterable[str], sign: str) -> str:
    """The text with a sign after the first letter of each of these tokens in it, so it is not read as that token."""
    found = [re.escape(token) for token in tokens if token in text]
    return re.sub(f"(?=(?:{'|'.join(found)}))(.)", rf"\1{sign}", text, flags=re.DOTALL) if found else text


def _without_signs(tokenizer: Any, text: str, sign: str) -> tuple[list[int], Offsets]:
    """Ids and offsets of a text whose signs break control tokens apart, without the ids of the signs themselves.

    A sign that shares a token with a letter stays: as a word joiner, it is invisible.
    """
    if sign not in text:
        return ids_with_offsets(tokenizer, text)
    places = {at for at, char in enumerate(text) if char == sign}
    controls = frozenset(control_tokens(tokenizer).values())
    for breaker in _BREAKERS:
        ids, offsets = ids_with_offsets(tokenizer, text.replace(sign, breaker))
        whole = [offset for id, offset in zip(ids, offsets, strict=True) if id in controls]
        if places.isdisjoint(at for start, end in whole for at in range(start, end)):
            break
    else:
        raise PlaygroundError("This model's tokenizer reads control tokens out of any text: use raw mode.")
    shared = {at for start, end in offsets if end - start > 1 for at in range(start, end)}
    signs = {(at, at + 1) for at in places - shared}
    kept = [n for n, offset in enumerate(offsets) if offset not in signs]
    return [ids[n] for n in kept], [offsets[n] for n in kept]


def control_tokens(tokenizer: Any) -> dict[str, int]:
    """Added tokens, which the template may give a meaning, without the runs of spaces that some tokenizers add."""
    return {token: id for token, id in tokenizer.get_added_vocab().items() if len(token.strip()) > 1}


def ids_of(tokenizer: Any, text: str, add_special_tokens: bool = False) -> list[int]:
    """Ids of a text; control tokens in it are read as control tokens."""
    return tokenizer(text, add_special_tokens=add_special_tokens, verbose=False)["input_ids"]


def plain_ids(tokenizer: Any, text: str) -> list[int]:
    """Ids of text in which control tokens are spelt out, letter by letter."""
    sign = next(unused_characters([text]))
    return _without_signs(tokenizer, _broken(text, control_tokens(tokenizer), sign), sign)[0]


def ids_with_offsets(
    tokenizer: Any, text: str, add_special_tokens: bool = False
) -> tuple[list[int], list[tuple[int, int]]]:
    """Ids of a text, and the character range of each."""
    encoding = tokenizer(text, add_special_tokens=add_special_tokens, return_offsets_mapping=True, verbose=False)
    return encoding["input_ids"], encoding["offset_mapping"]
