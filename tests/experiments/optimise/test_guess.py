"""The drawn lines of the KV cache beside the measured ones: what is read of a page, how lines grow, the sentences."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.experiments.optimise.declared.kv_cache import KV_CACHE, KVCacheRequest
from playground.experiments.optimise.guess import STEPS, compared, drawn_lines, growth, measured_lines
from playground.experiments.optimise.records import OptimisationRecord
from playground.runs.experiment import updates
from playground.runs.runner import Runner
from tests.tiny_runner import of

FLAT = [1.0] * (STEPS + 1)
RISING = [1 + 3 * place / STEPS for place in range(STEPS + 1)]


def points(*heights: float) -> list[tuple[float, float]]:
    return [(place / (len(heights) - 1), height) for place, height in enumerate(heights)]


@pytest.mark.parametrize("value", [
    None, "with", [], {"with": None}, {"with": {"ys": [1.0]}}, {"with": {"ys": ["1"] * (STEPS + 1)}},
    {"with": {"ys": [0.0] * (STEPS + 1)}}, {"with": {"ys": [1.0] * STEPS + [float("nan")]}},
    {"with": {"ys": [1.0] * STEPS + [True]}}, {"other": {"ys": FLAT}},
])  # fmt: skip
def test_what_no_page_of_ours_sends_is_no_line(value: Any):
    assert drawn_lines(value) == {}


def test_a_drawn_line_is_read():
    value = {"with": {"shape": "flat", "ys": [1] * (STEPS + 1)}, "without": {"shape": "hand", "ys": RISING}}
    assert drawn_lines(value) == {"with": FLAT, "without": RISING}


@given(st.floats(0.1, 50), st.integers(2, 200))
def test_a_line_grows_by_its_ends_and_one_slow_token_is_not_an_end(rise: float, tokens: int):
    assert growth([rise] * tokens) == pytest.approx(1)
    assert growth([1.0] * tokens + [rise] * tokens) == pytest.approx(rise)
    many = [1.0] * 24 + [rise] * 24
    many[-1] = 1_000
    assert growth(many) == pytest.approx(rise)


@pytest.mark.parametrize(("drawn", "end", "says"), [
    (FLAT, 1.02, "drawn to 1 times the first token's time at the end, measured 1.02 times: about as drawn."),
    (FLAT, 3.0, "measured 3 times: it rises more than drawn."),
    (RISING, 2.0, "drawn to 4 times the first token's time at the end, measured 2 times: it rises less than drawn."),
    (RISING, 0.9, "measured 0.9 times: it does not rise."),
    (RISING, 4.4, "about as drawn."),
])  # fmt: skip
def test_each_sentence_is_made_from_both_lines(drawn: list[float], end: float, says: str):
    text = compared({"without": drawn}, {"with": points(1, 1), "without": points(1, end)})
    assert text.startswith("Without: drawn to")
    assert text.endswith(says)


def test_a_line_that_was_not_drawn_or_measured_has_no_sentence():
    assert compared({"with": FLAT}, {"without": points(1, 2)}) == ""
    both = compared({"without": FLAT, "with": FLAT}, {"with": points(1, 1), "without": points(1, 2)})
    assert [line.split(":")[0] for line in both.splitlines()] == ["With a KV cache", "Without"]


def test_measured_lines_begin_at_their_own_first_token(tiny: Runner):
    request = KVCacheRequest(model="tiny-llama", prompt="Hello there", tokens=12, cycles=2)
    (record,) = of(OptimisationRecord, updates(tiny, KV_CACHE, request))
    measured, (figure,) = measured_lines(record), record.figures
    assert set(measured) == {"with", "without"}
    for line, found in zip(figure.lines, measured.values(), strict=True):
        assert [way for way, _ in found] == pytest.approx([place / 10 for place in range(11)])
        assert [times for _, times in found] == pytest.approx([(y or 0) / (line.ys[0] or 0) for y in line.ys])
    assert measured_lines(record.model_copy(update={"figures": []})) == {}
