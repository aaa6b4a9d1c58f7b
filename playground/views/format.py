"""How each quantity is written, the same in page, terminal and report. `scripts/numbers.js` has the same rules.

Three significant digits, but every digit before the decimal point: 0.0123, 1.23, 12.3, 1,235. A quantity with a unit
takes the prefix of its size and keeps its trailing zeros, since it changes while it is watched. A minus stands first;
what is not known is a dash. Halves round away from zero.
"""

import math
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playground.backends.job import Queued
    from playground.runs.speed import Estimate

NOTHING = "–"  # noqa: RUF001 - the dash of a missing figure, as wide as a digit
Value = float | Decimal | None

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CNY": "CN¥", "INR": "₹", "KRW": "₩"}
_ONE = {name: name[:-1] for name in ("requests", "tokens", "machines", "days", "uses", "steps", "tasks", "times")}
_SIZES = {"G": (9, 1e9), "M": (6, 1e6), "k": (3, 1e3), "": (0, 1.0), "m": (-3, 1e-3), "µ": (-6, 1e-6), "n": (-9, 1e-9)}
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SMALLEST, _LARGEST = -3, 9  # powers of ten between which a number has all its zeros
_MOST_DECIMALS = 12
_NOTICED_S = 2  # work that takes less needs no estimate
_SAME = 1e-12  # shares nearer to 0 or 1 differ from them by rounding only


def format_number(value: Value) -> str:
    """A number without a unit of its own; no trailing zeros: 12, 1.5, 0.0312, 1,235, 4.8×10⁻⁷."""  # noqa: RUF002 - the sign of multiplication
    if (size := _size(value)) is None:
        return NOTHING
    exponent = _exponent(size)
    if size and not _SMALLEST <= exponent < _LARGEST:
        mantissa, power = f"{size:.2e}".split("e")
        text = f"{_stripped(mantissa)}×10{str(int(power)).translate(_RAISED)}"  # noqa: RUF001 - the sign of multiplication
    else:
        text = _stripped(_fixed(size, 2 - exponent))
    return _signed(value, text)


def format_percent(share: Value) -> str:
    """One decimal, one digit below 0.1%; neither all nor nothing is rounded to look like it: 12.3%, 0.04%, > 99.9%."""
    if (size := _size(share)) is None:
        return NOTHING
    percent = size * 100
    if size <= _SAME or abs(size - 1) <= _SAME:
        text = f"{round(percent)}%"
    elif percent < 0.0001:
        text = "< 0.0001%"
    elif percent < 0.1:
        text = f"{_stripped(_fixed(percent, -_exponent(percent)))}%"
    else:
        text = "> 99.9%" if 0.9995 <= size < 1 else f"{_fixed(percent, 1)}%"
    return _signed(share, text)


def format_whole(value: Value) -> str:
    """A number of things that come whole, such as requests a day: 462, 1,988,484."""
    if (size := _size(value)) is None:
        return NOTHING
    return _signed(value, _fixed(size, 0)) if size >= 0.5 else "0"


def format_seconds(value: Value) -> str:
    """Seconds, from 1 ms to a second in milliseconds, and so on: 342 ns, 47.1 ms, 1.24 s, 75.0 s, 1,240 s."""
    return _scaled(value, "s", ("", "m", "µ", "n"))


def format_bytes(value: Value) -> str:
    """Decimal prefixes, as disks and price lists use: 999 B, 46.1 kB, 538 MB, 1.31 GB. 1 MB is 1,000,000 bytes."""
    if value is not None and abs(value) < 999.5:
        return _signed(value, f"{_fixed(abs(float(value)), 0)} B")
    return _scaled(value, "B", ("G", "M", "k"))


def format_rate(tokens_per_s: Value) -> str:
    """Tokens a second: 3.41 tok/s, 24.3 tok/s, 1,235 tok/s."""
    return _scaled(tokens_per_s, "tok/s", ("",))


def format_joules(value: Value) -> str:
    """Energy: 8.21 mJ, 36.2 J, 1.24 kJ."""
    return _scaled(value, "J", ("M", "k", "", "m", "µ"))


def format_watt_hours(value: Value) -> str:
    """Energy in the unit of electricity bills: 10.1 mWh, 1.24 Wh."""
    return _scaled(value, "Wh", ("M", "k", "", "m", "µ"))


def format_money(amount: Value, currency: str = "USD") -> str:
    """Cents, and up to three digits of what is less than one: $1,234.50, $0.12, $0.0000271, -€2.00; $0 for nothing."""
    if (size := _size(amount)) is None:
        return NOTHING
    places = 0 if size == 0 else min(_MOST_DECIMALS, max(2, 2 - _exponent(size)))
    text = re.sub(r"(\.\d\d\d*?)0+$", r"\1", _fixed(size, places))
    return _signed(amount, f"{_SYMBOLS.get(currency, f'{currency} ')}{text}")


def format_figure(value: Value, unit: str) -> str:
    """A figure by its unit; `B`, `s`, `USD`, `share`, `J` and `tok/s` have rules of their own above."""
    if unit in _OWN or value is None:
        return _OWN.get(unit, format_number)(value)
    return f"{format_number(value)} {noun(unit, value)}".rstrip()


def axis_unit(unit: str, top: float) -> tuple[str, float]:
    """The unit of an axis that ends at `top`, and its size: bytes have one prefix for all of it, MB and 1e6."""
    prefix = next((one for one in ("G", "M", "k") if abs(top) >= _SIZES[one][1]), "") if unit == "B" else ""
    return f"{prefix}{unit}", _SIZES[prefix][1]


def noun(unit: str, value: float | Decimal) -> str:
    """A unit that is a plural, in the singular for one."""
    return _ONE.get(unit, unit) if value == 1 else unit


_OWN = {
    "s": format_seconds, "B": format_bytes, "USD": format_money, "usd": format_money, "share": format_percent,
    "tok/s": format_rate, "tokens/s": format_rate, "J": format_joules, "Wh": format_watt_hours,
    "count": format_number, "requests/day": format_whole,
}  # fmt: skip


def count_of(count: int, one: str, many: str = "") -> str:
    """Things that are counted, every digit and the noun: 1 token, 1,234 tokens."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def sentence(text: str) -> str:
    """A text with a capital and a full stop; nothing stays nothing."""
    text = text.strip()
    return text and f"{text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def estimate_text(estimate: "Estimate") -> str:
    """How long work may take, and how that is known."""
    runs, took = count_of(estimate.runs, "run"), format_seconds(estimate.seconds)
    tokens = f", at most {count_of(estimate.output_tokens, 'token')} of answer" if estimate.output_tokens else ""
    return f"{runs}{tokens}, about {took}. {sentence(estimate.basis)}"


def ahead_text(said: str, estimate: "Estimate | None") -> str:
    """What to know before a run; how long it takes, where a person would notice."""
    is_worth = estimate is not None and estimate.seconds >= _NOTICED_S
    return " ".join(text for text in (said, estimate_text(estimate) if estimate and is_worth else "") if text)


def together(*texts: str) -> str:
    """Several figures, their unit once where the next has the same: 3.54 / 3.61 MB; one dash if none is known."""
    if set(texts) == {NOTHING}:
        return NOTHING
    ends = [text.partition(" ")[2] for text in texts]
    shown = [
        text.partition(" ")[0] if end and end == after else text
        for text, end, after in zip(texts, ends, [*ends[1:], ""], strict=True)
    ]
    return " / ".join(shown)


def without_unit(text: str) -> str:
    """The number alone, where its unit is beside it."""
    return text.partition(" ")[0]


def _size(value: Value) -> float | None:
    """Without its sign; None if there is no such number."""
    return abs(float(value)) if value is not None and math.isfinite(value) else None


def _signed(value: Value, text: str) -> str:
    return f"-{text}" if value is not None and value < 0 else text


def _exponent(size: float) -> int:
    """The power of ten of the first of three significant digits, rounded: 0 for 9.99, 1 for 9.996."""
    return int(f"{size:.2e}".split("e")[1])


def _fixed(size: float, places: int) -> str:
    places = min(_MOST_DECIMALS, max(0, places))
    return f"{Decimal(repr(size)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,f}"


def _stripped(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scaled(value: Value, unit: str, prefixes: tuple[str, ...]) -> str:
    """With the largest prefix that leaves a digit before the decimal point, or else the smallest."""
    if (size := _size(value)) is None:
        return NOTHING
    if size == 0:
        return f"0 {unit}"
    exponent = _exponent(size)
    prefix = next((one for one in prefixes if exponent >= _SIZES[one][0]), prefixes[-1])
    power, scale = _SIZES[prefix]
    return _signed(value, f"{_fixed(size / scale, 2 - exponent + power)} {prefix}{unit}")


def waiting(queued: "Queued") -> str:
    """The place in the queue for the model, what has it now, and how long that needs."""
    text = f"{'set aside' if queued.is_aside else 'waiting'}, {count_of(queued.position, 'run')} before this"
    if queued.running:
        text += f"; now: {queued.running}"
        text += "" if queued.left_s is None else f", {format_seconds(queued.left_s)} left"
    return text
