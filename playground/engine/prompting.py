"""From what a person wrote to the ids a model reads: chat template, raw text, and truncation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from playground.engine.events import PreparedPrompt
from playground.engine.rendering import Span
from playground.engine.template import Message, Part, ids_with_offsets, split, wrapped
from playground.engine.text import goes_on
from playground.errors import PlaygroundError
from playground.settings import Settings

SYSTEM = -1
"""The number of the system prompt among the messages."""
UNLIMITED = 2**31
"""A context length above any prompt: nothing is dropped."""


@dataclass(frozen=True)
class PromptParts:
    """A chat or a text before truncation.

    Attributes:
        parts: Ids of the template and of the messages, in order; the system prompt is message `SYSTEM`.
        neutralised: Whether control tokens in a message were made plain text.
        notes: What is read differently than written, a sentence each.
    """

    parts: list[Part]
    neutralised: bool
    notes: tuple[str, ...]


def prepare_prompt(tokenizer: Any, prompt: str, settings: Settings, context_length: int) -> PreparedPrompt:
    """Token ids of the prompt, cut to the context length.

    A prompt that fits with room for one token is kept whole. A longer one loses its oldest tokens, never the system
    prompt or the template, until a quarter of the context (or `max_new_tokens`, if less) is free for the answer.
    In a chat, control tokens that the person typed are read as plain text.

    Args:
        tokenizer: A transformers tokenizer.
        prompt: What the person wrote, not empty.
        settings: System prompt, raw mode, limits.
        context_length: Tokens of prompt and answer together.

    Raises:
        PlaygroundError: System prompt and template alone leave no room, or the template refuses the messages.
    """
    read = read_parts(tokenizer, [prompt], settings)
    parts = fitted(read.parts, 0, settings, context_length)
    ids = tuple(id for part in parts for id in part.ids)
    dropped = length_of(read.parts) - len(ids)
    alone = goes_on(tokenizer, settings)
    return PreparedPrompt(ids, dropped, context_length, read.neutralised, read.notes, ignores_system=alone)


def read_parts(tokenizer: Any, texts: Sequence[str], settings: Settings, *, inject: bool = False) -> PromptParts:
    """Messages and answers in turn, the newest message last, without a limit.

    In raw mode, and without a chat template, they are joined by line ends and read as is.

    Raises:
        PlaygroundError: The template refuses the messages.
    """
    if goes_on(tokenizer, settings):
        parts, notes = _raw_parts(tokenizer, texts)
        return PromptParts(parts, False, (*_system_note(settings), *notes))
    system = [Message("system", settings.system)] * bool(settings.system)
    said = [Message("assistant" if number % 2 else "user", text) for number, text in enumerate(texts)]
    parts, neutralised = wrapped(tokenizer, [*system, *said], inject=inject)
    if system:  # numbered so that a message has the same number with or without a system prompt
        parts = [part if part.message is None else replace(part, message=part.message - 1) for part in parts]
    return PromptParts(parts, neutralised, ())


def fitted(parts: list[Part], newest: int, settings: Settings, context_length: int) -> list[Part]:
    """The same parts; if they leave no room for a token, the newest message loses its oldest tokens.

    Raises:
        PlaygroundError: Nothing of the newest message would remain.
    """
    length = length_of(parts)
    if length <= context_length - 1:
        return parts
    drop = length - (context_length - room_for_answer(settings, context_length))
    others = length - sum(len(part.ids) for part in parts if part.message == newest)
    if drop >= length - others:
        raise PlaygroundError(
            f"System prompt and template take {others} of {context_length} tokens, which leaves no room for the prompt "
            "and an answer: shorten the system prompt or raise the context length."
        )
    kept = list[Part]()
    for part in parts:
        cut = min(drop, len(part.ids)) if part.message == newest else 0
        kept.append(Part(part.message, part.ids[cut:]))
        drop -= cut
    return kept


def length_of(parts: Sequence[Part]) -> int:
    """Tokens of all parts."""
    return sum(len(part.ids) for part in parts)


def room_for_answer(settings: Settings, context_length: int) -> int:
    """Tokens left free for the answer where a prompt must be cut."""
    return max(1, min(settings.max_new_tokens, context_length // 4))


def _raw_parts(tokenizer: Any, texts: Sequence[str]) -> tuple[list[Part], tuple[str, ...]]:
    """Texts as is, and a note if the first begins with a token that the tokenizer adds anyway."""
    ids, offsets = ids_with_offsets(tokenizer, "\n".join(texts), add_special_tokens=True)
    bos, notes = tokenizer.bos_token, ()
    if bos and texts[0].startswith(bos) and ids[:2] == [tokenizer.bos_token_id] * 2:
        ids, offsets = ids[1:], offsets[1:]
        notes = (f"The prompt begins with {bos}, which the tokenizer adds itself: it is read once.",)
    spans, place = list[Span](), 0
    for number, text in enumerate(texts):
        spans.append(Span(number, place, place + len(text)))
        place += len(text) + 1
    head = 1 if ids and ids[0] in tokenizer.all_special_ids else 0  # the BOS belongs to the template and stays
    return [Part(None, ids[:head]), *split(ids[head:], offsets[head:], spans)], notes


def _system_note(settings: Settings) -> tuple[str, ...]:
    if not settings.system:
        return ()
    why = "in raw mode the prompt is read as is" if settings.raw else "this model has no chat template"
    return (f"The system prompt is not read, since {why}: write it at the beginning of the prompt.",)
