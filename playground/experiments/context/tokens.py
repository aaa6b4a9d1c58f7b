"""A text as a model's tokenizer reads it: pieces and ids, template and control tokens, and what languages cost."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from playground.data.context import shipped_languages
from playground.engine.chat import prepare_chat
from playground.engine.prompting import UNLIMITED
from playground.engine.template import control_tokens, ids_of, plain_ids
from playground.engine.text import piece_texts
from playground.errors import PlaygroundError
from playground.experiments.context.records import LanguageRecord, PieceRecord, TokensRecord
from playground.runs.runner import Runner
from playground.settings import Settings, check_prompt

_BYTES = re.compile(r"(<0x[0-9A-F]{2}>)+")
_BYTE_CHARS = len("<0xE2>")


def tokens_of(
    tokenizer: Any, model_id: str, text: str, *, chat: bool = False, inject: bool = False, system: str = ""
) -> TokensRecord:
    """The text in tokens.

    `chat` wraps it in the chat template, as a message is. `inject` reads control tokens in it as such; else they are
    spelt out, as a message's always are.

    Raises:
        PlaygroundError: The text is empty or too long, or the model has no chat template.
    """
    check_prompt(text)
    if chat and not getattr(tokenizer, "chat_template", None):
        raise PlaygroundError("This model has no chat template: it only continues plain text.")
    own = ids_of(tokenizer, text) if inject else plain_ids(tokenizer, text)
    pieces = _in_chat(tokenizer, text, system, inject) if chat else pieces_of(tokenizer, own)
    return TokensRecord(
        model_id=model_id, text=text, chat=chat, system=system if chat else "", inject=inject,
        controls=_controls_in(tokenizer, text),
        characters=len(text), bytes=len(text.encode()), text_tokens=len(own), tokens=pieces,
        languages=language_records(tokenizer), languages_source=shipped_languages().source,
    )  # fmt: skip


def record_of(runner: Runner, model: str, text: str, **how: Any) -> TokensRecord:
    """The text in tokens of a model, which is in memory; for `how` see `tokens_of`."""
    backend = runner.loaded(model)
    assert backend is not None
    return backend.tokenize(lambda tokenizer: tokens_of(tokenizer, model, text, **how))


def pieces_of(tokenizer: Any, ids: Sequence[int], *, template: bool = False) -> list[PieceRecord]:
    """Each token: how it looks alone, its bytes, and what it is. `template` says that the text is the template's."""
    piece, controls = piece_texts(tokenizer), frozenset(control_tokens(tokenizer).values())
    return [_piece(id, piece, id in controls, template) for id in ids]


def _piece(id: int, piece: Callable[[int], str], is_control: bool, template: bool) -> PieceRecord:
    text = piece(id)
    kind = "control" if is_control else "template" if template else "text"
    return PieceRecord(id=id, text=text, bytes=byte_length(text), kind=kind)


def byte_length(piece: str) -> int:
    """Bytes of a token, which shows the bytes of a broken character one by one."""
    return len(piece) // _BYTE_CHARS if _BYTES.fullmatch(piece) else len(piece.encode())


def _in_chat(tokenizer: Any, text: str, system: str, inject: bool) -> list[PieceRecord]:
    chat = prepare_chat(tokenizer, (), text, Settings(system=system), UNLIMITED, inject=inject)
    pieces = list[PieceRecord]()
    for segment in chat.segments:
        ids = chat.ids[segment.start : segment.end]
        pieces += pieces_of(tokenizer, ids, template=segment.kind != "user")
    return pieces


def _controls_in(tokenizer: Any, text: str) -> list[str]:
    """Control tokens that the text spells out: what an injection would be."""
    controls = control_tokens(tokenizer)
    names = {id: token for token, id in controls.items()}
    if not any(token in text for token in controls):
        return []
    return [names[id] for id in ids_of(tokenizer, text) if id in names]


def language_records(tokenizer: Any) -> list[LanguageRecord]:
    """The samples, each counted with this tokenizer."""
    return [
        LanguageRecord(
            id=sample.id, title=sample.title, characters=len(sample.text), bytes=len(sample.text.encode()),
            tokens=len(ids_of(tokenizer, sample.text)),
        )
        for sample in shipped_languages().languages
    ]  # fmt: skip


def tokens_again(old: TokensRecord, runner: Runner, model: str | None) -> tuple[list[str], list[str]]:
    """The same text through the tokenizer that is here now."""
    name = model or old.model_id
    list(runner.load(name, "fp32"))
    new = record_of(runner, name, old.text, chat=old.chat, inject=old.inject, system=old.system)
    same = [token.id for token in old.tokens] == [token.id for token in new.tokens]
    return ([] if same else ["The text now splits into different tokens."]), []
