"""A chat of several turns as the ids a model reads, which ids are whose, and which turns drop when it is too long."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from playground.engine.prompting import SYSTEM, PromptParts, fitted, length_of, read_parts, room_for_answer
from playground.engine.template import Part
from playground.settings import Settings

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
        turn: Number of the turn from 0, counting dropped turns; None for template and system prompt.
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
        segments: Who wrote which ids; together they cover all ids, in order.
        dropped_turns: How many of the oldest turns, each a message and its answer, were left out whole.
        dropped_tokens: How many tokens the chat lost in total.
        context_length: Tokens of chat and answer together.
        neutralised: Whether a message held control tokens, which are read as plain text.
        notes: What is read differently than written, a sentence each.
    """

    ids: tuple[int, ...]
    segments: tuple[Segment, ...]
    dropped_turns: int
    dropped_tokens: int
    context_length: int
    neutralised: bool
    notes: tuple[str, ...] = ()


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

    A chat that fits with room for one token is kept whole. A longer one drops its oldest turns with their answers until
    a quarter of the context (or `max_new_tokens`, if less) is free; system prompt and newest message stay. Where the
    newest message alone is too long, its oldest tokens drop; for one turn this equals `prepare_prompt`.
    In raw mode, and without a chat template, turns are joined by line ends and continued as is.

    Args:
        tokenizer: A transformers tokenizer.
        history: Answered turns, the oldest first.
        prompt: The newest message; may be empty, to inspect the chat so far.
        settings: System prompt, raw mode, limits.
        context_length: Tokens of chat and answer together.
        inject: Read control tokens in messages as control tokens: shows what happens without a guard.

    Raises:
        PlaygroundError: System prompt and template alone leave no room, or the template refuses the chat.
    """

    texts = [*(text for turn in history for text in (turn.user, turn.answer)), prompt]

    def read(dropped: int) -> PromptParts:
        return read_parts(tokenizer, texts[2 * dropped :], settings, inject=inject)

    chat, dropped = read(0), 0
    whole, parts = length_of(chat.parts), chat.parts
    if whole > context_length - 1:
        limit = context_length - room_for_answer(settings, context_length)
        dropped = _turns_to_drop(lambda turns: length_of(read(turns).parts) <= limit, len(history))
        chat = read(dropped) if dropped else chat
        parts = fitted(chat.parts, 2 * (len(history) - dropped), settings, context_length)
    ids = tuple(id for part in parts for id in part.ids)
    return PreparedChat(
        ids, _segments(parts, dropped), dropped, whole - len(ids), context_length, chat.neutralised, chat.notes
    )


def _turns_to_drop(fits: Callable[[int], bool], turns: int) -> int:
    """The fewest oldest turns to drop so that the chat fits, by bisection; all of them if it never does."""
    low, high = 1, turns
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle) else (middle + 1, high)
    return min(low, turns)


def _segments(parts: Sequence[Part], dropped: int) -> tuple[Segment, ...]:
    segments, start = list[Segment](), 0
    for part in parts:
        end = start + len(part.ids)
        if end > start:
            kind, turn = _owner(part.message, dropped)
            segments.append(Segment(kind, turn, start, end))
        start = end
    return tuple(segments)


def _owner(message: int | None, dropped: int) -> tuple[SegmentKind, int | None]:
    if message is None:
        return "template", None
    if message == SYSTEM:
        return "system", None
    return "assistant" if message % 2 else "user", dropped + message // 2
