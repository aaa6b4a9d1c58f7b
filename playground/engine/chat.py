"""A chat of several turns as the ids a model reads, whose ids are whose, and which turns drop when it is too long."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from playground.engine.prompting import no_room, room_for_answer
from playground.engine.template import Message, Part, ids_with_offsets, split, wrapped
from playground.settings import Settings

__all__ = ["PreparedChat", "Segment", "Turn", "prepare_chat"]

SegmentKind = Literal["template", "system", "user", "assistant"]


@dataclass(frozen=True)
class Turn:
    """A message that was answered."""

    user: str
    answer: str


@dataclass(frozen=True)
class Segment:
    """Ids from `start` up to `end` that belong together.

    Attributes:
        kind: Whose they are.
        turn: Number of the turn from 0, dropped ones counted; None for template and system prompt.
        start, end: Places in the ids of the chat.
    """

    kind: SegmentKind
    turn: int | None
    start: int
    end: int


@dataclass(frozen=True)
class PreparedChat:
    """The chat as the model reads it.

    Attributes:
        ids: Token ids, template and special tokens included.
        segments: What they are; together they cover all ids, in order.
        dropped_turns: How many of the oldest turns, each a message and its answer, were left out whole.
        dropped_tokens: How many tokens the chat lost in all, against one without a limit.
        context_length: Tokens of chat and answer together.
        neutralised: Whether a message held control tokens, which are read as plain text.
    """

    ids: tuple[int, ...]
    segments: tuple[Segment, ...]
    dropped_turns: int
    dropped_tokens: int
    context_length: int
    neutralised: bool


def prepare_chat(
    tokenizer: Any,
    history: Sequence[Turn],
    prompt: str,
    settings: Settings,
    context_length: int,
    *,
    inject: bool = False,
) -> PreparedChat:
    """Token ids of the chat, cut to the context length.

    What fits with room for one token is kept whole. Of a longer chat the oldest turns drop, each with its answer, until
    a quarter of the context (or `max_new_tokens`, if less) is free; system prompt and newest message stay. Where the
    newest message alone is too long, its oldest tokens drop, as in `prepare_prompt`, to which one turn is equal.
    In raw mode, and without a chat template, turns are joined by line ends and continued as they stand.

    Args:
        tokenizer: A transformers tokenizer.
        history: Turns that were answered, the oldest first.
        prompt: The newest message; may be empty, to look at what is there.
        settings: System prompt, raw mode, limits.
        context_length: Tokens of chat and answer together.
        inject: Read control tokens in messages as such: what happens without a guard.

    Raises:
        PlaygroundError: System prompt and template alone leave no room, or the template refuses the chat.
    """

    def read(dropped: int) -> tuple[list[Part], bool]:
        return _parts(tokenizer, history[dropped:], prompt, settings, inject)

    parts, neutralised = read(0)
    whole, dropped = _length(parts), 0
    if whole > context_length - 1:
        limit = context_length - room_for_answer(settings, context_length)
        dropped = _turns_to_drop(lambda turns: _length(read(turns)[0]) <= limit, len(history))
        parts, neutralised = read(dropped) if dropped else (parts, neutralised)
        parts = _without_oldest(parts, limit, context_length)
    segments = _segments(parts, dropped, bool(_system(tokenizer, settings)))
    ids = tuple(id for part in parts for id in part.ids)
    return PreparedChat(ids, segments, dropped, whole - len(ids), context_length, neutralised)


def _is_raw(tokenizer: Any, settings: Settings) -> bool:
    return settings.raw or not getattr(tokenizer, "chat_template", None)


def _system(tokenizer: Any, settings: Settings) -> str:
    return "" if _is_raw(tokenizer, settings) else settings.system


def _parts(
    tokenizer: Any, history: Sequence[Turn], prompt: str, settings: Settings, inject: bool
) -> tuple[list[Part], bool]:
    """Template and messages in turn; the newest message is the last but one."""
    texts = [text for turn in history for text in (turn.user, turn.answer)] + [prompt]
    if _is_raw(tokenizer, settings):
        return _raw_parts(tokenizer, texts), False
    system = [Message("system", settings.system)] * bool(settings.system)
    said = [Message("assistant" if number % 2 else "user", text) for number, text in enumerate(texts)]
    return wrapped(tokenizer, [*system, *said], inject=inject)


def _raw_parts(tokenizer: Any, texts: Sequence[str]) -> list[Part]:
    ids, offsets = ids_with_offsets(tokenizer, "\n".join(texts), add_special_tokens=True)
    head = 1 if ids and ids[0] in tokenizer.all_special_ids else 0  # a BOS is the template's, and never dropped
    between = ["", *["\n"] * (len(texts) - 1), ""]
    first, *parts = split(ids[head:], offsets[head:], between, texts)
    *parts, last, rest = parts
    return [Part(None, ids[:head] + first.ids), *parts, Part(last.message, last.ids + rest.ids), Part(None, [])]


def _length(parts: Sequence[Part]) -> int:
    return sum(len(part.ids) for part in parts)


def _turns_to_drop(fits: Callable[[int], bool], turns: int) -> int:
    """The fewest of the oldest turns without which the chat fits, by halving; all of them if it never does."""
    low, high = 1, turns
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return min(low, turns)


def _without_oldest(parts: list[Part], limit: int, context_length: int) -> list[Part]:
    """The same parts; where they are too long even so, the newest message without its oldest tokens."""
    length = _length(parts)
    if length <= context_length - 1:
        return parts
    *before, newest, after = parts
    dropped = length - limit
    if dropped >= len(newest.ids):
        raise no_room(length - len(newest.ids), context_length)
    return [*before, Part(newest.message, newest.ids[dropped:]), after]


def _segments(parts: Sequence[Part], dropped: int, has_system: bool) -> tuple[Segment, ...]:
    segments, start = list[Segment](), 0
    for part in parts:
        end = start + len(part.ids)
        if end > start:
            kind, turn = _owner(part.message, dropped, has_system)
            segments.append(Segment(kind, turn, start, end))
        start = end
    return tuple(segments)


def _owner(message: int | None, dropped: int, has_system: bool) -> tuple[SegmentKind, int | None]:
    if message is None:
        return "template", None
    if has_system and message == 0:
        return "system", None
    said = message - has_system
    return "assistant" if said % 2 else "user", dropped + said // 2
