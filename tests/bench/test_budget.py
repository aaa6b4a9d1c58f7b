"""The time of a bench: all have their least rounds, more where there is time, and the end is not late."""

from hypothesis import given
from hypothesis import strategies as st

from playground.bench.budget import LEAST, Budget, Cost
from tests.bench.helpers import Hands

MOST = 5


def made(costs: list[Cost], limit_s: float, pace: float = 1.0) -> tuple[list[int | None], float]:
    """Rounds of each, None if it had no time, and the seconds of all, on a machine of this pace."""
    hands = Hands()
    budget, rounds = Budget(limit_s, MOST, hands), list[int | None]()
    budget.plan(costs)
    for cost in costs:
        if not budget.begin():
            rounds.append(None)
            continue
        hands.move(pace * cost.once_s)
        count = 0
        for _ in budget.rounds():
            hands.move(pace * cost.round_s)
            count += 1
        budget.end()
        rounds.append(count)
    return rounds, budget.gone_s


def test_with_time_enough_each_makes_all_rounds_and_none_waits_for_the_end():
    assert made([Cost(3, 10), Cost(0, 2)], 1000) == ([MOST, MOST], 63)


def test_with_less_the_first_leave_the_others_their_least_rounds():
    rounds, gone_s = made([Cost(5, 10)] * 4, 140)
    assert all(count is not None and count >= LEAST for count in rounds)
    assert 120 <= gone_s <= 140
    assert sum(count or 0 for count in rounds) == 12  # 140 s hold 12 rounds, and each one's 5 s


def test_what_would_end_too_late_on_a_machine_twice_as_slow_is_not_begun():
    assert made([Cost(0, 10)] * 4, 150, pace=2) == ([2, 2, 2, None], 120)


@given(
    st.lists(st.builds(Cost, st.floats(0, 50), st.floats(0.1, 50)), min_size=1, max_size=8),
    st.floats(1, 900),
)
def test_where_the_table_is_right_it_ends_in_time(costs: list[Cost], limit_s: float):
    rounds, gone_s = made(costs, limit_s)
    assert gone_s <= limit_s + 1e-6
    assert all(count is None or LEAST <= count <= MOST for count in rounds)


def test_the_rest_is_what_the_table_says_at_this_pace_and_never_more_than_is_left():
    hands = Hands()
    budget = Budget(500, MOST, hands)
    budget.plan([Cost(0, 10), Cost(10, 10)])
    assert budget.rest_s == 110
    assert budget.begin()
    for _ in budget.rounds():
        hands.move(30)  # three times as slow
    budget.end()
    assert budget.rest_s == 180
    hands.move(300)
    assert budget.rest_s == 50
    hands.move(300)
    assert budget.rest_s == 0
