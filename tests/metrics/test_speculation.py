"""Counts of accepted drafts by the shared definitions, and the formulas of what they gain."""

import pytest

from playground.metrics.speculation import Acceptance, PassCost, best_draft, expected_tokens, speed_up, together

# Three drafts of 3, 3 and 2 tokens, of which 3, 1 and 0 stand; two more passes without a draft.
COUNTS = Acceptance([(3, 3), (3, 1), (2, 0)], passes=5, tokens=9)


def test_rates_are_those_that_servers_report():
    assert COUNTS.length == pytest.approx(1 + 4 / 3)
    assert COUNTS.share == pytest.approx(4 / 8)
    assert COUNTS.tokens_per_pass == pytest.approx(9 / 5)
    assert [COUNTS.at(place) for place in (1, 2, 3)] == pytest.approx([2 / 3, 1 / 3, 1 / 3])
    assert [COUNTS.given(place) for place in (1, 2, 3)] == pytest.approx([2 / 3, 1 / 2, 1])
    assert COUNTS.alike == pytest.approx(4 / (3 + 2 + 1))
    assert COUNTS.length == pytest.approx(1 + sum(COUNTS.at(place) or 0 for place in range(1, 4)))


def test_where_nothing_was_drafted_there_is_no_rate():
    empty = Acceptance([], passes=4, tokens=4)
    assert [empty.length, empty.share, empty.at(1), empty.given(1), empty.alike] == [None] * 5
    assert empty.tokens_per_pass == 1


def test_several_answers_count_each_step_once():
    both = together([COUNTS, Acceptance([(1, 1)], 1, 2)])
    assert (len(both.steps), both.passes, both.tokens) == (4, 6, 11)


def test_the_formula_is_the_sum_of_a_geometric_row():
    assert expected_tokens(0.5, 3) == pytest.approx((1 - 0.5**4) / (1 - 0.5))
    assert expected_tokens(1.0, 3) == 4
    assert speed_up(1.0, 3, 0.0, 1.0) == 4
    assert speed_up(0.0, 3, 0.1, 1.0) == pytest.approx(1 / 1.3)
    assert all(speed_up(0.3, drafted, 0.3, 1.0) <= 1 + 1e-9 for drafted in range(1, 8))  # it must be above its cost
    assert speed_up(0.31, best_draft(0.31, 0.3, 7), 0.3, 1.0) > 1


def test_a_pass_costs_what_was_measured_round_by_round_and_lies_between():
    cost = PassCost({1: [1.0, 10.0, 1.0], 4: [2.0, 20.0, 9.0]}, [1.0, 10.0, 1.0])
    assert [cost.of(1), cost.of(2), cost.of(4), cost.of(9)] == pytest.approx([1, 4 / 3, 2, 2])
    assert cost.gained([(3, 4), (0, 1)]) == pytest.approx(5 / 3)
