"""Characters that nobody sees but a model reads: a link, a file or a copied text may bring them."""

import unicodedata
from collections import Counter
from collections.abc import Iterable

from playground.views.format import count_of

_NO_INK = ("Cc", "Cf", "Zl", "Zp", "Co")
_BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # letters and signs that are drawn as nothing
_JOINERS = "\u200c\u200d"
_SELECTORS = range(0xFE00, 0xFE10)
_MORE_SELECTORS = range(0xE0100, 0xE01F0)
_MOST_NAMED = 4


def hidden_text(texts: Iterable[str]) -> str:
    """What of these texts can't be seen, in words; empty where all can."""
    found = Counter(char for text in texts for char in hidden(text))
    if not found:
        return ""
    named = [
        _name(char) + (f" ({count:,} times)" if count > 1 else "") for char, count in found.most_common(_MOST_NAMED)
    ]
    left = len(found) - len(named)
    more = [f"{left} other kinds" if left > 1 else "1 other kind"] if left else []
    return (
        f"{count_of(found.total(), 'character')} in it can't be seen, and will be read: {', '.join([*named, *more])}."
    )


def hidden(text: str) -> list[str]:
    """The characters of a text that can't be seen, without line ends and what joins letters and emoji."""
    if text.isascii() and text.isprintable():
        return []
    around = zip(f" {text}", text, f"{text[1:]} ", strict=False)
    return [char for before, char, after in around if _is_hidden(before, char, after)]


def _is_hidden(before: str, char: str, after: str) -> bool:
    if char in "\n\r\t":
        return False
    if char in _JOINERS:
        return before.isascii() or after.isascii() or _has_no_ink(before) or _has_no_ink(after)
    if ord(char) in _SELECTORS:
        return _has_no_ink(before) or before.isspace() or ord(before) in _SELECTORS
    return _has_no_ink(char)


def _has_no_ink(char: str) -> bool:
    return unicodedata.category(char) in _NO_INK or char in _BLANKS or ord(char) in _MORE_SELECTORS


def _name(char: str) -> str:
    name = unicodedata.name(char, "").lower()
    return f"U+{ord(char):04X}{f' {name}' if name else ''}"
