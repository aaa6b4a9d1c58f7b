import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.experiments.compare import diff as diff_module
from playground.experiments.compare.diff import diff_runs, first_difference
from playground.experiments.compare.records import DiffRecord
from tests.experiments.compare.helpers import run_of

ANSWERS = st.lists(st.integers(0, 4), max_size=12)  # few ids, so that answers have much in common


def diff(a: list[int], b: list[int]) -> DiffRecord:
    return diff_runs(run_of(a), run_of(b), 1)


def edits(a: list[int], b: list[int]) -> int:
    """The distance by its own recursion."""
    row = list(range(len(b) + 1))
    for n, x in enumerate(a, start=1):
        row, above = [n], row
        for m, y in enumerate(b, start=1):
            row.append(min(above[m] + 1, row[-1] + 1, above[m - 1] + (x != y)))
    return row[-1]


@pytest.mark.parametrize("most", [diff_module._MAX_PAIRS, 3])  # by difflib, and as in long answers
@given(a=ANSWERS, b=ANSWERS)
def test_the_operations_rebuild_the_pane_from_the_reference(most: int, a: list[int], b: list[int]):
    rebuilt, read = [], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diff_module, "_MAX_PAIRS", most)
        found = diff(a, b)
    for op, a0, a1, b0, b1 in found.operations:
        assert (op == "equal") == (a[a0:a1] == b[b0:b1])
        rebuilt += a[a0:a1] if op == "equal" else b[b0:b1]
        read += a[a0:a1]
    assert rebuilt == b
    assert read == a


@given(ANSWERS, ANSWERS)
def test_the_first_difference_is_where_a_walk_from_the_left_finds_one(a: list[int], b: list[int]):
    found = diff(a, b)
    marked = [*a, None], [*b, None]
    walked = next((n for n, (x, y) in enumerate(zip(*marked, strict=False)) if x != y), None)
    assert found.first_difference == walked == first_difference(a, b)
    assert found.identical == (a == b) == (found.first_difference is None)
    shown = [run[walked] if walked is not None and walked < len(run) else None for run in (a, b)]
    assert [found.reference_token, found.pane_token] == [None if x is None else f"<{x}>" for x in shown]
    assert [[c.id for c in top] for top in (found.reference_top, found.pane_top)] == [
        [] if x is None else [x] for x in shown
    ]


@given(ANSWERS, ANSWERS)
def test_the_edit_distance_is_levenshteins_over_the_longer_length(a: list[int], b: list[int]):
    assert diff(a, b).edit_distance * max(len(a), len(b)) == pytest.approx(edits(a, b))
    assert diff(b, a).edit_distance == diff(a, b).edit_distance
    assert (diff(a, b).edit_distance == 0) == (a == b)


@given(ANSWERS, ANSWERS, ANSWERS)
def test_the_number_of_edits_obeys_the_triangle_inequality(a: list[int], b: list[int], c: list[int]):
    def count(x: list[int], y: list[int]) -> float:
        return diff(x, y).edit_distance * max(len(x), len(y))

    assert count(a, c) <= count(a, b) + count(b, c) + 1e-9


@given(ANSWERS, ANSWERS)
def test_similarity_counts_the_tokens_in_equal_stretches(a: list[int], b: list[int]):
    found = diff(a, b)
    equal = sum(a1 - a0 for op, a0, a1, _, _ in found.operations if op == "equal")
    assert found.similarity == pytest.approx(2 * equal / (len(a) + len(b)) if a or b else 1)


def test_long_answers_that_run_in_circles_are_compared_in_a_moment():
    begun = time.perf_counter()
    found = diff([0, 1, 2, 3] * 2000, [0, 1, 2, 3, 4] * 1600)  # minutes, if difflib did it
    assert time.perf_counter() - begun < 20
    assert found.similarity > 0.7
    assert found.first_difference == 4


def test_a_token_that_is_common_in_a_long_answer_is_not_ignored():
    a = [0, 1] * 200  # difflib calls such tokens junk, unless told not to
    assert diff(a, [*a, 2]).similarity > 0.99


def test_tokens_of_two_models_are_compared_by_their_texts():
    one, other = run_of([1, 2, 3]), run_of([1, 2, 3], model="other")
    tokens = [replace(token, id=token.id + 100) for token in other.tokens]
    same_texts = other.model_copy(update={"tokens": tokens})
    assert diff_runs(one, same_texts, 1).identical
    assert diff_runs(one, same_texts, 1).by == "texts"
    other_texts = other.model_copy(
        update={"tokens": [replace(token, text=token.text.upper() + "!") for token in other.tokens]}
    )
    assert diff_runs(one, other_texts, 1).first_difference == 0  # though the ids are the same numbers
    assert diff_runs(one, run_of([1, 2, 3]), 1).by == "ids"
