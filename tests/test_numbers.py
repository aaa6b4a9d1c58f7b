"""Numbers as people write them: a comma parts thousands, or the text is refused."""

import pytest

from playground.errors import PlaygroundError
from playground.numbers import plain_number, short_number
from playground.settings import make_settings
from tests.numbers_typed import TYPED


@pytest.mark.parametrize(("text", "number"), TYPED.items())
def test_a_comma_parts_thousands_or_the_number_is_refused(text: str, number: float | None):
    plain = plain_number(text)
    assert (None if plain is None else float(plain)) == number


def test_a_setting_with_a_decimal_comma_says_how_to_write_it():
    with pytest.raises(PlaygroundError, match=r"got '0,2': write decimals with a point, such as 0\.3\.$"):
        make_settings(temperature="0,2")
    with pytest.raises(PlaygroundError, match=r"got 'abc'\.$"):
        make_settings(temperature="abc")


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [(3_046_840_123, 3, "3,046,840,123"), (1_000_000.0, 3, "1,000,000"), (1234.5, 7, "1,234.5"), (1234.5, 3, "1,234"),
     (23.45, 3, "23.4"), (0.012345, 3, "0.0123"), (2.0, 3, "2"), (0.0, 3, "0")],
)  # fmt: skip
def test_a_short_number_keeps_every_digit_before_the_point(number: float, digits: int, text: str):
    assert short_number(number, digits) == text
