import math
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from playground.errors import PlaygroundError
from playground.settings import (
    LIMITS,
    MAX_PROMPT_CHARS,
    MAX_STOP_CHARS,
    MAX_STOP_STRINGS,
    MAX_SYSTEM_CHARS,
    Settings,
    check_prompt,
    make_settings,
)

FIELDS = list(Settings.model_fields)
WHOLE = {"top_k", "seed", "max_new_tokens", "context_length", "top"}
surrogates = st.text(st.characters(categories=["Cs"]), min_size=1, max_size=3)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=8)
    | surrogates | st.decimals() | st.complex_numbers() | st.sampled_from([10**400, -(10**400), "9" * 5000, "NaN"])
)  # fmt: skip
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def refusal(action: Callable[[], Any]) -> str | None:
    """The clean error's message, or None; any other error goes through and fails the test."""
    try:
        action()
    except PlaygroundError as error:
        return str(error)
    return None


def number(name: str) -> st.SearchStrategy[float]:
    limit = LIMITS[name]
    if name in WHOLE:
        return st.integers(int(limit.low), int(limit.high))
    return st.floats(limit.low, limit.high, exclude_min=limit.above)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
valid = st.fixed_dictionaries(
    {},
    optional={
        **{name: number(name) for name in LIMITS},
        "system": texts,
        "stop": st.lists(texts.filter(bool), max_size=MAX_STOP_STRINGS),
        "raw": st.booleans(),
        "reuse_prefix": st.booleans(),
    },
)


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8) | surrogates, anything, max_size=5))
@example({"temperature": Decimal("sNaN")})
def test_any_input_gives_settings_that_can_be_saved_or_one_clean_error(values):
    message = refusal(lambda: make_settings(**values).model_dump_json())
    assert message is None or 0 < len(message) < 3000


@given(st.sampled_from(FIELDS), anything)
def test_an_error_names_the_field_that_is_wrong(field, value):
    message = refusal(lambda: make_settings(**{field: value}))
    assert message is None or message.startswith(field)


@pytest.mark.parametrize("field", FIELDS)
def test_a_number_too_long_to_be_written_is_refused_all_the_same(field):
    for value in (10**5000, -(10**5000), [10**5000]):
        with pytest.raises(PlaygroundError, match=f"^{field}"):
            make_settings(**{field: value})


@given(valid)
def test_valid_settings_survive_being_written_and_read(values):
    settings = make_settings(**values)
    assert make_settings(**settings.model_dump()) == settings
    assert Settings.model_validate_json(settings.model_dump_json()) == settings
    for name, value in values.items():
        assert getattr(settings, name) == (tuple(value) if name == "stop" else value)


@pytest.mark.parametrize("name", LIMITS)
def test_both_ends_of_a_range_hold_and_a_step_beyond_does_not(name):
    limit = LIMITS[name]
    inside = [limit.high] if limit.above else [limit.low, limit.high]
    outside = [limit.high + limit.step, limit.low if limit.above else limit.low - limit.step]
    for value in inside:
        assert getattr(make_settings(**{name: value}), name) == value
    for value in [*outside, math.nan, math.inf, -math.inf, True, "abc", [1]]:
        with pytest.raises(PlaygroundError, match=f"^{name} must be .* number {limit}; got "):
            make_settings(**{name: value})


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_whole_number_may_come_as_a_float_but_not_as_a_fraction(name):
    value = int(LIMITS[name].low) + 1
    result = getattr(make_settings(**{name: float(value)}), name)
    assert (result, type(result)) == (value, int)
    with pytest.raises(PlaygroundError, match="a whole number"):
        make_settings(**{name: value + 0.5})


def test_a_number_may_come_as_text():
    assert make_settings(temperature="0.5", seed="7") == make_settings(temperature=0.5, seed=7)


def test_a_mistyped_name_gets_the_nearest_right_one():
    with pytest.raises(PlaygroundError, match="did you mean 'temperature'"):
        make_settings(temprature=1)


def test_every_wrong_field_is_named_but_a_million_are_not_all_listed():
    with pytest.raises(PlaygroundError) as error:
        make_settings(temperature=-1, top_p=0)
    assert "temperature" in str(error.value)
    assert "top_p" in str(error.value)
    with pytest.raises(PlaygroundError) as error:
        make_settings(**{f"x{index}": 1 for index in range(10_000)})
    assert len(str(error.value)) < 3000


def test_settings_cannot_be_changed_after_the_check():
    settings = make_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.temperature = 9


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"system": "x" * (MAX_SYSTEM_CHARS + 1)}, f"at most {MAX_SYSTEM_CHARS:,}"),
        ({"stop": ["x"] * (MAX_STOP_STRINGS + 1)}, f"at most {MAX_STOP_STRINGS}"),
        ({"stop": ["x" * (MAX_STOP_CHARS + 1)]}, f"1 to {MAX_STOP_CHARS}"),
        ({"stop": [""]}, "1 to"),
        ({"stop": "abc"}, "stop"),
        ({"system": "a\ud800"}, "half a character at position 1"),
        ({"stop": ["\udc00"]}, "half a character"),
    ],
)
def test_texts_have_limits_that_the_error_tells(values, says):
    with pytest.raises(PlaygroundError, match=says):
        make_settings(**values)


@pytest.mark.parametrize("prompt", ["", " \n\t", "x" * (MAX_PROMPT_CHARS + 1), "a\ud800", None, 3, "x" * 10_000_000])
def test_a_prompt_that_cannot_be_sent_is_refused_in_one_short_sentence(prompt):
    with pytest.raises(PlaygroundError, match=r"^The prompt ") as error:
        check_prompt(prompt)
    assert len(str(error.value)) < 200


@given(texts)
def test_a_prompt_with_something_in_it_is_sent_as_it_stands(text):
    prompt = f"{text}."
    assert check_prompt(prompt) is prompt


def test_a_deeply_nested_value_does_not_exhaust_the_stack():
    nested: list = []
    for _ in range(sys.getrecursionlimit() * 10):
        nested = [nested]
    with pytest.raises(PlaygroundError, match=r"^system"):
        make_settings(system=nested)
