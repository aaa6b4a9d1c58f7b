"""From what a person wrote to the ids a model reads: chat template, raw text, and what drops when it is too long."""

from typing import Any

from playground.engine.events import PreparedPrompt
from playground.errors import PlaygroundError
from playground.settings import Settings

__all__ = ["prepare_prompt"]

# Stand in for the person's texts while the template is rendered. No template changes letters; one that trims what it is
# given takes the padding away, which no template writes itself.
_SYSTEM_MARK, _USER_MARK, _PADDING = "qSYSTEMq", "qUSERq", "\v"


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
        ids = _ids(tokenizer, prompt, add_special_tokens=True)
        head = 1 if ids and ids[0] in tokenizer.all_special_ids else 0  # a BOS is never dropped
        before, content, after, neutralised = ids[:head], ids[head:], [], False
    else:
        before, content, after, neutralised = _chat_ids(tokenizer, prompt, settings.system)
    total = len(before) + len(content) + len(after)
    dropped = 0
    if total > context_length - 1:
        room_for_answer = max(1, min(settings.max_new_tokens, context_length // 4))
        dropped = total - (context_length - room_for_answer)
        if dropped >= len(content):
            raise PlaygroundError(
                f"System prompt and template take {len(before) + len(after)} of {context_length} tokens, which leaves "
                "no room for the prompt and an answer: shorten the system prompt or raise the context length."
            )
    return PreparedPrompt((*before, *content[dropped:], *after), dropped, context_length, neutralised)


def _chat_ids(tokenizer: Any, prompt: str, system: str) -> tuple[list[int], list[int], list[int], bool]:
    """Ids before, of and after the person's message, and whether control tokens in it were made plain."""
    text = _rendered(tokenizer, bool(system))
    head = ""
    if system:
        head, text, trims = _cut(text, _SYSTEM_MARK)
        system = system.strip() if trims else system
    middle, tail, trims = _cut(text, _USER_MARK)
    prompt = prompt.strip() if trims else prompt
    if any(token in prompt or token in system for token in _control_tokens(tokenizer)):
        before = _ids(tokenizer, head) + _plain_ids(tokenizer, system) + _ids(tokenizer, middle)
        return before, _plain_ids(tokenizer, prompt), _ids(tokenizer, tail), True
    before_text = head + system + middle
    ids, offsets = _ids_with_offsets(tokenizer, before_text + prompt + tail)
    start, end = len(before_text), len(before_text) + len(prompt)
    first = next((n for n, (low, _) in enumerate(offsets) if low >= start), len(ids))
    last = next((n for n in range(first, len(ids)) if offsets[n][1] > end), len(ids))
    return ids[:first], ids[first:last], ids[last:], False


def _rendered(tokenizer: Any, with_system: bool) -> str:
    """The template's text, with marks where the person's texts go."""
    messages = [{"role": "system", "content": f"{_PADDING}{_SYSTEM_MARK}{_PADDING}"}] * with_system
    messages.append({"role": "user", "content": f"{_PADDING}{_USER_MARK}{_PADDING}"})
    try:
        return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    except Exception as error:  # a template may refuse a role with any error of its own
        raise PlaygroundError(
            f"This model's chat template refused the messages ({error}): leave the system prompt empty, or use raw "
            "mode."
        ) from error


def _cut(text: str, mark: str) -> tuple[str, str, bool]:
    """The template's text before and after a mark, and whether it trims what stands there."""
    before, found, after = text.partition(mark)
    if not found:
        what = "system prompt" if mark == _SYSTEM_MARK else "message"
        raise PlaygroundError(
            f"This model's chat template has no place for the {what}: leave the system prompt empty, or use raw mode."
        )
    trims = not (before.endswith(_PADDING) and after.startswith(_PADDING))
    return before.removesuffix(_PADDING), after.removeprefix(_PADDING), trims


def _control_tokens(tokenizer: Any) -> dict[str, int]:
    """Added tokens, which the template may give a meaning; some tokenizers add runs of spaces too, which have none."""
    return {token: id for token, id in tokenizer.get_added_vocab().items() if len(token.strip()) > 1}


def _ids(tokenizer: Any, text: str, add_special_tokens: bool = False) -> list[int]:
    return tokenizer(text, add_special_tokens=add_special_tokens, verbose=False)["input_ids"]


def _plain_ids(tokenizer: Any, text: str) -> list[int]:
    """Ids of text in which control tokens are spelt out, letter by letter."""
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)["input_ids"]
    controls = _control_tokens(tokenizer)
    if set(ids).isdisjoint(controls.values()):
        return ids
    # Added tokens that are not "special" are still matched: break each one apart.
    for token in controls:
        text = text.replace(token, f"{token[:1]}\N{WORD JOINER}{token[1:]}")
    return tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)["input_ids"]


def _ids_with_offsets(tokenizer: Any, text: str) -> tuple[list[int], list[tuple[int, int]]]:
    encoding = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    return encoding["input_ids"], encoding["offset_mapping"]
