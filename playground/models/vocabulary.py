"""What a tokenizer and a model must agree on: which ids exist, and which of them end an answer."""

import re
from collections.abc import Iterable
from typing import Any

from playground.errors import PlaygroundError
from playground.models.checks import read_json
from playground.models.files import ModelFiles
from playground.models.gguf_header import read_gguf_header

_MARK = re.compile(r"<[^\s<>]+>|\[/?[A-Z_]+\]")  # <|im_start|>, <start_of_turn>, </s>, [INST]


def check_vocabulary(title: str, tokenizer: Any, rows: int) -> None:
    """Reject a tokenizer that can write an id for which the model has no row.

    Raises:
        PlaygroundError: Names such tokens.
    """
    beyond = sorted((i, token) for token, i in tokenizer.get_vocab().items() if i >= rows)
    if beyond:
        shown = ", ".join(f"{token[:40]!r} ({i})" for i, token in beyond[:3])
        raise PlaygroundError(
            f"{title}: its tokenizer has {len(beyond)} ids beyond the {rows:,} rows of the embedding, such as {shown}: "
            "tokenizer and weights do not match. Fetch both again, or remove these tokens from tokenizer.json."
        )


def mark_control_tokens(tokenizer: Any) -> None:
    """Make the marks of the chat template special where a GGUF file types them as normal text.

    llama.cpp finds such tokens by their spelling; transformers' tokenizer would split them.
    """
    template = tokenizer.chat_template
    if not isinstance(template, str):
        return
    vocabulary, added = tokenizer.get_vocab(), set(tokenizer.get_added_vocab())
    marks = [mark for mark in dict.fromkeys(_MARK.findall(template)) if mark in vocabulary and mark not in added]
    cut = [mark for mark in marks if tokenizer.encode(mark, add_special_tokens=False) != [vocabulary[mark]]]
    if cut:
        tokenizer.add_special_tokens({"additional_special_tokens": cut}, replace_extra_special_tokens=False)


def end_ids(title: str, files: ModelFiles, tokenizer: Any) -> tuple[int, ...]:
    """Every id that ends an answer, as the files name them; the default of a config's class does not count.

    Raises:
        PlaygroundError: A file names an end token that is not a token id.
    """
    named = _gguf_ends(files) if files.gguf else _json_ends(files)
    ids: dict[int, None] = {}
    for value in [*named, tokenizer.eos_token_id]:
        for one in value if isinstance(value, list) else [value]:
            if one is None:
                continue
            if type(one) is not int or one < 0:
                raise PlaygroundError(f"{title}: eos_token_id is {str(one)[:40]!r}; it must be a token id, or a list.")
            ids[one] = None
    return tuple(ids)


def _gguf_ends(files: ModelFiles) -> Iterable[Any]:
    """End of text, of a turn and of a message (Llama 3.1's call of a tool)."""
    metadata = read_gguf_header(files.folder / (files.gguf or "")).metadata
    return [metadata.get(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot", "eom")]


def _json_ends(files: ModelFiles) -> Iterable[Any]:
    for name in ("generation_config.json", "config.json"):
        if (files.folder / name).is_file():
            value = read_json(files.folder / name)
            yield value.get("eos_token_id")
            yield (value.get("text_config") or {}).get("eos_token_id")
