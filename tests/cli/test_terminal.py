import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.cli.terminal import ascii_json, bytes_text, duration_text, safe_text, usd_text


@pytest.mark.parametrize(
    "text",
    ["plain\n\ttabbed", "naïve “quotes”", "日本語\u3000です", "12\u202f000\xa0€", "👨‍👩‍👧 ❤️", "نمی‌خواهم שלום", "�"],
)
def test_text_of_every_script_stays_as_it_is(text: str):
    assert safe_text(text) == text


@pytest.mark.parametrize("code", [*range(32), *range(0x7F, 0xA0), 0x202E, 0x2066, 0x2028])
def test_characters_that_act_on_a_terminal_are_shown(code: int):
    shown = safe_text(f"a{chr(code)}b")
    assert shown == (f"a{chr(code)}b" if chr(code) in "\n\t" else f"a\\u{code:04x}b")


def test_bytes_are_told_in_decimal_units():
    assert [bytes_text(n) for n in (0, 999, 1000, 538_100_000, 1.5e9)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "538.1 MB",
        "1.50 GB",
    ]


def test_durations_are_told_in_milliseconds_below_a_second():
    assert [duration_text(t) for t in (None, 0.0, 0.01234, 0.9, 1.0)] == [
        "-",
        "0.0 ms",
        "12.3 ms",
        "900.0 ms",
        "1.00 s",
    ]


@pytest.mark.parametrize("value", [0, 1e-9, 1.03e-5, 0.000638, 0.1, 0.999, 1, 12.345])
def test_money_is_told_with_three_figures_however_little(value: float):
    text = usd_text(value)
    assert text.startswith("$")
    assert "e" not in text
    assert float(text[1:]) == pytest.approx(value, rel=0.006)


@given(st.dictionaries(st.text(), st.text()))
def test_json_in_ascii_is_the_same_document(document: dict[str, str]):
    text = ascii_json(json.dumps(document, ensure_ascii=False))
    assert text.isascii()
    assert json.loads(text) == document
