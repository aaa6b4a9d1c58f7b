"""A chat as its template writes it: the text, and which characters are whose.

The template gets the real contents, and its output is the text. To find the contents in it, the chat is
rendered again with private-use signs around each. That text counts only if it is the same without its signs:
a template may leave a message out, cut it, write it twice, or put it elsewhere.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from playground.errors import PlaygroundError
from playground.models.chat_template import TemplateRefusedChat, TemplateTooMuch, chat_templates

Role = Literal["system", "user", "assistant"]
_NAMES: dict[Role, str] = {"system": "system prompt", "user": "message", "assistant": "answer"}
_CLOSING_TAG = re.compile(r"(</\w+>\s*)")  # where templates cut the reasoning off an answer


@dataclass(frozen=True)
class Message:
    """One message of a chat."""

    role: Role
    content: str


@dataclass(frozen=True)
class Span:
    """Characters from `start` up to `end` of the text that are those of a message (its index)."""

    message: int
    start: int
    end: int


@dataclass(frozen=True)
class _Signs:
    begin: str
    end: str


Render = Callable[[Sequence[Message]], str]


def written(tokenizer: Any, messages: Sequence[Message]) -> tuple[str, list[Span]]:
    """The text of the chat up to the next answer, and where the messages are in it, in its order.

    A template that does not take plain text gets contents as lists of parts.

    Args:
        tokenizer: With a chat template.
        messages: In the order of the chat; the last is the one to answer.

    Raises:
        PlaygroundError: The template refuses the messages or does not come back, or leaves out the system prompt or
            the last message.
    """
    try:
        return _attributed(lambda chat: _rendered(tokenizer, chat, as_parts=False), messages)
    except TemplateTooMuch:
        raise
    except PlaygroundError as refusal:
        try:
            return _attributed(lambda chat: _rendered(tokenizer, chat, as_parts=True), messages)
        except PlaygroundError:
            raise refusal from refusal.__cause__


def unused_characters(texts: Sequence[str]) -> Iterator[str]:
    """Private-use characters that do not occur in the texts."""
    used = set().union(*texts)
    return (char for char in map(chr, range(0xF0000, 0xFFFFE)) if char not in used)


def _rendered(tokenizer: Any, messages: Sequence[Message], *, as_parts: bool) -> str:
    contents: list[Any] = [message.content for message in messages]
    if as_parts:
        contents = [[{"type": "text", "text": content}] for content in contents]
    chat = [{"role": message.role, "content": content} for message, content in zip(messages, contents, strict=True)]
    try:
        return chat_templates().render(tokenizer, chat)
    except TemplateRefusedChat as error:
        raise PlaygroundError(
            f"This model's chat template refused the messages ({error}): {_cure(messages)}."
        ) from error


def _attributed(render: Render, messages: Sequence[Message]) -> tuple[str, list[Span]]:
    """The text and its spans. A template may write the time, so each try compares two texts made at the same moment."""
    free = unused_characters([message.content for message in messages])
    signs = [_Signs(next(free), next(free)) for _ in messages]
    text, seen = "", set[int]()
    for sign in (_around, _within_spaces):
        text = render(messages)
        marked = render([sign(message, own) for message, own in zip(messages, signs, strict=True)])
        seen |= {number for number, own in enumerate(signs) if own.begin in marked or own.end in marked}
        bare, spans = _read_signs(marked, messages, signs)
        if bare == text:
            break
    else:
        spans = _searched(text, messages)
    _check_none_is_missing(messages, seen | {span.message for span in spans})
    return text, sorted(spans, key=lambda span: span.start)


def _around(message: Message, signs: _Signs) -> Message:
    """Signs around the whole content, and after each place where a template may cut its beginning off."""
    if not message.content:
        return message
    begun = signs.begin + message.content
    if message.role == "assistant":
        begun = _CLOSING_TAG.sub(rf"\1{signs.begin}", begun)
    return replace(message, content=begun + signs.end)


def _within_spaces(message: Message, signs: _Signs) -> Message:
    """Signs within the outer spaces of the content, so a template can trim it; the spaces count as the template's."""
    core = message.content.strip()
    before, _, after = message.content.partition(core) if core else (message.content, "", "")
    return replace(message, content=before + _around(Message(message.role, core), signs).content + after)


def _read_signs(marked: str, messages: Sequence[Message], signs: Sequence[_Signs]) -> tuple[str, list[Span]]:
    """The text without its signs, and what they enclose; for a content that lost a sign, what is left of it."""
    begins = {own.begin: number for number, own in enumerate(signs)}
    ends = {own.end: number for number, own in enumerate(signs)}
    pieces = re.split(f"([{''.join(begins)}{''.join(ends)}])", marked)
    bare = "".join(pieces[::2])
    place, opened, spans = 0, dict[int, int](), list[Span]()
    for piece, sign in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
        place += len(piece)
        if sign in begins:
            opened.setdefault(begins[sign], place)
        elif sign in ends:
            number = ends[sign]
            if number not in opened:
                opened[number] = place - _kept(bare[:place][::-1], messages[number].content[::-1])
            spans.append(Span(number, opened.pop(number), place))
    spans += [Span(number, at, at + _kept(bare[at:], messages[number].content)) for number, at in opened.items()]
    return bare, [span for span in spans if span.start < span.end]


def _kept(text: str, content: str) -> int:
    """Length of the common prefix of text and content."""
    pairs = zip(text, content, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(text), len(content)))


def _searched(text: str, messages: Sequence[Message]) -> list[Span]:
    """Contents found in the text one after the other, for a template whose output changes with the signs."""
    spans, place = list[Span](), 0
    for number, message in enumerate(messages):
        core = message.content.strip()
        at = text.find(core, place) if core else -1
        if at >= 0:
            place = at + len(core)
            spans.append(Span(number, at, place))
    return spans


def _check_none_is_missing(messages: Sequence[Message], seen: set[int]) -> None:
    """Earlier turns may be left out; system prompt and last message may not."""
    for number, message in enumerate(messages):
        wanted = message.role == "system" or number == len(messages) - 1
        if wanted and message.content.strip() and number not in seen:
            raise PlaygroundError(
                f"This model's chat template has no place for the {_NAMES[message.role]}: {_cure(messages)}."
            )


def _cure(messages: Sequence[Message]) -> str:
    has_system = any(message.role == "system" for message in messages)
    return "leave the system prompt empty, or use raw mode" if has_system else "use raw mode"
