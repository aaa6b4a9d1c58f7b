"""A prompt as a saved run read it: its ids are reused, whatever the chat template writes now."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from playground.engine.events import PreparedPrompt
from playground.engine.prompting import prepare_prompt
from playground.errors import PlaygroundError
from playground.settings import Settings

MOVED = "chat template: it writes other tokens around the prompt now, so the recorded ones were read"
_ENOUGH = 8  # characters at the end of a prompt whose beginning was dropped


def recalled(tokenizer: Any, prompt: str, recorded: PreparedPrompt, settings: Settings, title: str) -> PreparedPrompt:
    """The recorded ids as the prompt, with a note if they would differ now: a template may write the time.

    Args:
        tokenizer: Tokenizer of the model that is to read them.
        prompt: What the person wrote.
        recorded: Ids and dropped tokens of the saved run, and the current limit.
        settings: Settings of the saved run.
        title: Name of the model, for the error.

    Raises:
        PlaygroundError: In this tokenizer the ids do not spell the prompt.
    """
    try:
        now = prepare_prompt(tokenizer, prompt, settings, recorded.context_length)
    except PlaygroundError:  # a template that refuses it now has changed
        now = None
    if now is not None and now.ids == recorded.ids:
        return replace(now, dropped_tokens=recorded.dropped_tokens, notes=())
    if not _spells(tokenizer, recorded, prompt):
        raise PlaygroundError(
            "The prompt now splits into different tokens, so the answers can't be compared: the tokenizer of "
            f"{title!r} has changed."
        )
    return replace(recorded, notes=(MOVED,))


def _spells(tokenizer: Any, recorded: PreparedPrompt, prompt: str) -> bool:
    if not 0 <= min(recorded.ids, default=-1) <= max(recorded.ids, default=0) < len(tokenizer):
        return False
    written = _letters(prompt)
    written = written[-_ENOUGH:] if recorded.dropped_tokens else written
    return written in _letters(_text(tokenizer, recorded.ids))


def _text(tokenizer: Any, ids: Sequence[int]) -> str:
    return tokenizer.decode(list(ids), clean_up_tokenization_spaces=False)


def _letters(text: str) -> str:
    """The text without spaces, case and word joiners, which tokenizers and templates may change."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\N{WORD JOINER}", "")
    return "".join(plain.split())
