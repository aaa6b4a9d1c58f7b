"""A text that is read in pieces gives what `json` gives, wherever the pieces end."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground import pieces

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=60)
    | st.sampled_from(['\\"' * 30, "😀" * 20, "\\ud83d", "\ud83d", "\ude00"]),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=40), inner, max_size=4),
    max_leaves=30,
)  # fmt: skip
written = st.builds(json.dumps, json_values, ensure_ascii=st.booleans(), indent=st.sampled_from([None, 1]))


@pytest.fixture(autouse=True, scope="module")
def small_pieces():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE", 48)  # a number is shorter
        patch.setattr(pieces, "pause", lambda: None)
        yield


def read(parse: Any, text: str) -> Any:
    try:
        return parse(text)
    except ValueError:
        return ValueError


@given(written)
def test_a_value_is_the_same(text: str):
    assert pieces.parse(text) == json.loads(text)
    assert pieces.written(json.loads(text)) == json.dumps(json.loads(text), ensure_ascii=False, indent=1)


@given(written, st.floats(0, 1), st.integers(0, 2), st.sampled_from(["", ",", "[", "}", '"', "\\", "x", "\\u12"]))
def test_a_damaged_text_is_refused_like_there_or_is_the_same(text: str, where: float, cut: int, insert: str):
    at = int(where * len(text))
    damaged = text[:at] + insert + text[at + cut :]
    assert read(pieces.parse, damaged) == read(json.loads, damaged)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, ("[" + " " * 60) * 1_000, "[" + "1," * 600_000 + "1]"]
)
def test_what_nests_or_holds_too_much_is_refused(text: str):
    with pytest.raises(json.JSONDecodeError, match="char"):
        pieces.parse(text)


def test_a_problem_is_told_with_its_place():
    text = json.dumps({"a": ["x" * 100, 1]}, indent=1).replace("1", "one")
    with pytest.raises(json.JSONDecodeError) as error:
        pieces.parse(text)
    assert (error.value.lineno, error.value.pos) == (4, text.index("one"))
