"""A chat as a model's own template writes it, in parts: whose ids are whose, and no control token from a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from playground.errors import PlaygroundError

__all__ = ["Message", "Part", "Role", "control_tokens", "ids_of", "ids_with_offsets", "plain_ids", "split", "wrapped"]

Role = Literal["system", "user", "assistant"]
_PADDING = "\v"  # a template that trims what it is given takes it away; none writes it itself
_NAMES: dict[Role, str] = {"system": "system prompt", "user": "message", "assistant": "answer"}


@dataclass(frozen=True)
class Message:
    """What somebody says in a chat."""

    role: Role
    content: str


@dataclass(frozen=True)
class Part:
    """Ids of one message (its index), or of the template (None)."""

    message: int | None
    ids: list[int]


def wrapped(tokenizer: Any, messages: Sequence[Message], *, inject: bool = False) -> tuple[list[Part], bool]:
    """The chat in parts, and whether control tokens in a message were made plain.

    The first and the last part are the template's, and so is every second one between. What a template trims from a
    message is left out of it.

    Args:
        tokenizer: With a chat template.
        messages: In the order of the chat; the answer to the last one is to come.
        inject: Read control tokens in messages as such: what happens without a guard.

    Raises:
        PlaygroundError: The template refuses the messages, or leaves one out.
    """
    between, contents = _pieces(tokenizer, messages)
    controls = control_tokens(tokenizer)
    if not inject and any(token in content for content in contents for token in controls):
        parts = [Part(None, ids_of(tokenizer, between[0]))]
        for number, content in enumerate(contents):
            parts += [Part(number, plain_ids(tokenizer, content)), Part(None, ids_of(tokenizer, between[number + 1]))]
        return parts, True
    return split(*ids_with_offsets(tokenizer, _joined(between, contents)), between, contents), False


def split(
    ids: Sequence[int], offsets: Sequence[tuple[int, int]], between: Sequence[str], contents: Sequence[str]
) -> list[Part]:
    """Ids of one text cut where its pieces meet. A token that crosses the edge of a content is not the content's.

    Args:
        ids: Of the whole text.
        offsets: First character of each token, and the one after its last.
        between: What stands before, between and after the contents.
        contents: In their order.
    """
    parts, done, start = list[Part](), 0, 0
    for number, content in enumerate(contents):
        start += len(between[number])
        end = start + len(content)
        first = next((n for n in range(done, len(ids)) if offsets[n][0] >= start), len(ids))
        last = next((n for n in range(first, len(ids)) if offsets[n][1] > end), len(ids))
        parts += [Part(None, list(ids[done:first])), Part(number, list(ids[first:last]))]
        done, start = last, end
    return [*parts, Part(None, list(ids[done:]))]


def _joined(between: Sequence[str], contents: Sequence[str]) -> str:
    return between[0] + "".join(content + after for content, after in zip(contents, between[1:], strict=True))


def _pieces(tokenizer: Any, messages: Sequence[Message]) -> tuple[list[str], list[str]]:
    """The template's texts around the contents, and the contents as the template leaves them.

    Marks stand in for the contents while the template is rendered: no template changes letters.
    """
    marks = [f"q{message.role.upper()}{number}q" for number, message in enumerate(messages)]
    rest = _rendered(tokenizer, messages, marks)
    between, contents = list[str](), list[str]()
    for message, mark in zip(messages, marks, strict=True):
        before, found, after = rest.partition(mark)
        if not found:
            raise PlaygroundError(
                f"This model's chat template has no place for the {_NAMES[message.role]}: leave the system prompt "
                "empty, or use raw mode."
            )
        trims = not (before.endswith(_PADDING) and after.startswith(_PADDING))
        between.append(before.removesuffix(_PADDING))
        contents.append(message.content.strip() if trims else message.content)
        rest = after.removeprefix(_PADDING)
    return [*between, rest], contents


def _rendered(tokenizer: Any, messages: Sequence[Message], marks: Sequence[str]) -> str:
    chat = [
        {"role": message.role, "content": f"{_PADDING}{mark}{_PADDING}"}
        for message, mark in zip(messages, marks, strict=True)
    ]
    try:
        return tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    except Exception as error:  # a template may refuse a role with any error of its own
        raise PlaygroundError(
            f"This model's chat template refused the messages ({error}): leave the system prompt empty, or use raw "
            "mode."
        ) from error


def control_tokens(tokenizer: Any) -> dict[str, int]:
    """Added tokens, which the template may give a meaning; some tokenizers add runs of spaces too, which have none."""
    return {token: id for token, id in tokenizer.get_added_vocab().items() if len(token.strip()) > 1}


def ids_of(tokenizer: Any, text: str, add_special_tokens: bool = False) -> list[int]:
    """Ids of a text; control tokens in it are read as such."""
    return tokenizer(text, add_special_tokens=add_special_tokens, verbose=False)["input_ids"]


def plain_ids(tokenizer: Any, text: str) -> list[int]:
    """Ids of text in which control tokens are spelt out, letter by letter."""
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)["input_ids"]
    controls = control_tokens(tokenizer)
    if set(ids).isdisjoint(controls.values()):
        return ids
    # Added tokens that are not "special" are still matched: break each one apart.
    for token in controls:
        text = text.replace(token, f"{token[:1]}\N{WORD JOINER}{token[1:]}")
    return tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)["input_ids"]


def ids_with_offsets(
    tokenizer: Any, text: str, add_special_tokens: bool = False
) -> tuple[list[int], list[tuple[int, int]]]:
    """Ids of a text, and from which character to which each stands."""
    encoding = tokenizer(text, add_special_tokens=add_special_tokens, return_offsets_mapping=True, verbose=False)
    return encoding["input_ids"], encoding["offset_mapping"]
