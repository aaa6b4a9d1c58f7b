"""A number as people write it. The page's `scripts/numbers.js` has the same rule and the same words."""

import math
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


def short_number(value: float, digits: int = 3) -> str:
    """So many significant digits, but every digit before the decimal point: 1,235, 12.3, 0.0123.

    For what is below the views; `:g` would write 1,235 as 1.24e+03.
    """
    if not value or not math.isfinite(value):
        return f"{value:g}"
    text = f"{value:,.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def with_a_point(text: str) -> str:
    """The end of a message about this text: how to write decimals, if its comma may be a decimal comma."""
    return ": write decimals with a point, such as 0.3." if re.search(r"\d\s*,\s*\d", text) else "."
