"""Numbers as people write them: a comma parts thousands, or the text is refused."""

import pytest

from playground.errors import PlaygroundError
from playground.numbers import plain_number
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
