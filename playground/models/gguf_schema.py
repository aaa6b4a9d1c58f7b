"""Checks of the metadata of a GGUF file before anything is built from them. No torch here."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playground.errors import PlaygroundError

_MAX_NUMBER = 2**40
_JOIN = "Join the parts with `llama-gguf-split --merge FIRST_PART WHOLE.gguf` and name the whole file."
_TOKEN_IDS = tuple(
    f"tokenizer.ggml.{name}_token_id" for name in ("bos", "eos", "eot", "eom", "unknown", "padding", "seperator")
)


def check_metadata(path: Path, metadata: dict[str, Any], shapes: Sequence[tuple[int, ...]]) -> None:
    """Reject a file that is not a whole language model, or whose numbers do not fit its tensors.

    Raises:
        PlaygroundError: A part of a split file, an adapter or projector, no tensors, or a number out of its range.
    """
    what = _other_kind(metadata)
    if what:
        raise PlaygroundError(f"{path.name} {what}")
    if not shapes:
        raise PlaygroundError(f"{path.name} holds no weights, only a header: get the file that has the tensors.")
    wrong = _wrong_value(metadata, shapes)
    if wrong:
        raise PlaygroundError(f"{path.name}: {wrong}. The file is damaged or badly converted: get another copy.")


def _other_kind(metadata: dict[str, Any]) -> str | None:
    """What the file is instead of a language model, and what to do."""
    parts = metadata.get("split.count")
    if isinstance(parts, int) and parts > 1:
        number = metadata.get("split.no", 0)
        return f"is part {number + 1 if isinstance(number, int) else '?'} of {parts} of a split GGUF file. {_JOIN}"
    kind, architecture = metadata.get("general.type"), metadata.get("general.architecture")
    if kind == "adapter":
        return "is a LoRA adapter, not a model: merge it into its base model and convert the result."
    if kind == "mmproj" or architecture == "clip":
        return "is the image part of a model (a projector): name the file of the language model."
    if kind == "imatrix":
        return "is an importance matrix for quantisation, not a model: name the model's file."
    return None


def _wrong_value(metadata: dict[str, Any], shapes: Sequence[tuple[int, ...]]) -> str | None:
    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str) or not architecture:
        return "general.architecture is missing"
    own = {key: value for key, value in metadata.items() if key.startswith(f"{architecture}.")}
    # Each layer has at least one tensor, and the width of the model occurs in some shape.
    whole = (
        _wrong_count(own, f"{architecture}.block_count", len(shapes))
        or _wrong_count(own, f"{architecture}.embedding_length", max(max(shape) for shape in shapes))
        or _wrong_count(own, f"{architecture}.context_length", 2**31)
    )
    return whole or _wrong_number(own) or _wrong_token(metadata)


def _wrong_count(own: dict[str, Any], key: str, most: int) -> str | None:
    value = own.get(key)
    if type(value) is int and 1 <= value <= most:
        return None
    said = "is missing" if value is None else f"is {str(value)[:40]}"
    return f"{key} {said}; with the tensors of this file it must be a whole number from 1 to {most:,}"


def _wrong_number(own: dict[str, Any]) -> str | None:
    for key, value in own.items():
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int | float) and not (math.isfinite(number) and abs(number) <= _MAX_NUMBER):
                return f"{key} is {number}, out of any valid range"
    return None


def _wrong_token(metadata: dict[str, Any]) -> str | None:
    for key in _TOKEN_IDS:
        value = metadata.get(key)
        if value is not None and (type(value) is not int or value < 0):
            return f"{key} is {str(value)[:40]}; it must be a token id"
    return None
