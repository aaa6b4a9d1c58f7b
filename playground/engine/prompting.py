"""From what a person wrote to the ids a model reads: chat template, raw text, and what drops when it is too long."""

from typing import Any

from playground.engine.events import PreparedPrompt
from playground.engine.template import Message, ids_of, wrapped
from playground.errors import PlaygroundError
from playground.settings import Settings

__all__ = ["no_room", "prepare_prompt", "room_for_answer"]


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
        PlaygroundError: System prompt and template alone leave no room.
    """
    if settings.raw or not getattr(tokenizer, "chat_template", None):
        ids = ids_of(tokenizer, prompt, add_special_tokens=True)
        head = 1 if ids and ids[0] in tokenizer.all_special_ids else 0  # a BOS is never dropped
        before, content, after, neutralised = ids[:head], ids[head:], [], False
    else:
        before, content, after, neutralised = _chat_ids(tokenizer, prompt, settings.system)
    total = len(before) + len(content) + len(after)
    dropped = 0
    if total > context_length - 1:
        dropped = total - (context_length - room_for_answer(settings, context_length))
        if dropped >= len(content):
            raise no_room(len(before) + len(after), context_length)
    return PreparedPrompt((*before, *content[dropped:], *after), dropped, context_length, neutralised)


def room_for_answer(settings: Settings, context_length: int) -> int:
    """Tokens left free for the answer where a prompt must be cut."""
    return max(1, min(settings.max_new_tokens, context_length // 4))


def no_room(tokens: int, context_length: int) -> PlaygroundError:
    """What to say where nothing of the prompt can stay."""
    return PlaygroundError(
        f"System prompt and template take {tokens} of {context_length} tokens, which leaves no room for the prompt and "
        "an answer: shorten the system prompt or raise the context length."
    )


def _chat_ids(tokenizer: Any, prompt: str, system: str) -> tuple[list[int], list[int], list[int], bool]:
    """Ids before, of and after the person's message, and whether control tokens in it were made plain."""
    messages = [Message("system", system)] * bool(system) + [Message("user", prompt)]
    (*before, message, after), neutralised = wrapped(tokenizer, messages)
    return [id for part in before for id in part.ids], message.ids, after.ids, neutralised
