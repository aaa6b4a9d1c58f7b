"""A tokenizer.json is checked before the tokenizers library reads it: nothing in it may grow a text without end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playground.errors import PlaygroundError
from playground.models.checks import read_json

_MOST_BYTES = 100_000_000  # the largest known, of 256,000 tokens, has 35 MB
_MOST_GROWTH = 64  # SentencePiece writes a space as three bytes; a chain of replacements multiplies
_MOST_ADDED_IDS = 1_000  # that a tokenizer puts around each text


def check_tokenizer_file(path: Path) -> None:
    """Reject a tokenizer whose output can be far longer than its text.

    Raises:
        PlaygroundError: The file is too large, or a replacement, padding or template in it grows any text.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise PlaygroundError(f"{path} has {path.stat().st_size:,} bytes, and {_MOST_BYTES:,} is the limit.")
    wrong = _grows(read_json(path))
    if wrong:
        raise PlaygroundError(f"{path}: {wrong}. The file is damaged or made to do harm: get another copy.")


def _grows(tokenizer: dict[str, Any]) -> str | None:
    growth = 1
    for part in ("normalizer", "pre_tokenizer"):
        for one in _objects(tokenizer.get(part)):
            content, pattern = one.get("content"), one.get("pattern")
            if one.get("type") == "Replace" and isinstance(content, str):
                old = pattern.get("String") if isinstance(pattern, dict) else None
                growth *= max(1, len(content) // max(1, len(old) if isinstance(old, str) else 1))
            if growth > _MOST_GROWTH:
                return f"its {part} makes a text more than {_MOST_GROWTH} times as long"
    if tokenizer.get("padding") is not None and _fixed(tokenizer["padding"]):
        return "it pads every text to a fixed length"
    added = 0
    for one in _objects(tokenizer.get("post_processor")):
        ids = one.get("ids")
        added = max(added, len(ids)) if isinstance(ids, list) else added
        added = max(added, *(len(value) for value in one.values() if isinstance(value, list)), 0)
    return f"it puts more than {_MOST_ADDED_IDS:,} ids around a text" if added > _MOST_ADDED_IDS else None


def _fixed(padding: Any) -> bool:
    strategy = padding.get("strategy") if isinstance(padding, dict) else None
    most = strategy.get("Fixed") if isinstance(strategy, dict) else 0
    return not isinstance(most, int) or most > 1_000_000


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value, itself included."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
