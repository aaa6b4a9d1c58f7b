"""A number as people write it. The page's `scripts/numbers.js` has the same rule and the same words."""

import re

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,9})?", re.ASCII | re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?", re.ASCII)


def plain_number(text: str) -> str | None:
    """The number without the commas between its thousands; None if it is not one.

    A comma anywhere else may be a decimal comma: "0,3" must not become 3.
    """
    text = text.strip()
    if _THOUSANDS.fullmatch(text):
        return text.replace(",", "")
    return text if _PLAIN.fullmatch(text) else None


def with_a_point(text: str) -> str:
    """The end of a message about this text: how to write decimals, if its comma may be a decimal comma."""
    return ": write decimals with a point, such as 0.3." if re.search(r"\d\s*,\s*\d", text) else "."
