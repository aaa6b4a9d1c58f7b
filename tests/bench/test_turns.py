"""Measurements one after the other: what is not measured is said, with the reason."""

from typing import Any

import pytest

from playground.bench.budget import Budget, Cost
from playground.bench.result import NotMeasured, Result
from playground.bench.turns import Began, Measurement, Turns
from playground.errors import PlaygroundError
from tests.bench.helpers import Hands, made_up
from tests.tiny_runner import of


def not_measured(updates: list[Any]) -> dict[str, str]:
    return {one.name: one.why for one in of(NotMeasured, updates)}


def test_each_begins_with_its_place_and_the_time_that_is_expected():
    hands = Hands()
    budget = Budget(1000, 5, hands)
    each = {"each": lambda: hands.move(10)}
    turns = Turns([made_up(budget, "first", Cost(0, 10), **each), made_up(budget, "second", Cost(0, 20))], [], budget)
    updates = list(turns.run())
    assert of(Began, updates) == [Began(("first",), 1, 2, 0, 150), Began(("second",), 2, 2, 50, 100)]
    assert [(one.name, one.rounds) for one in of(Result, updates)] == [("first result", 5), ("second result", 5)]


def test_what_has_no_time_is_named_and_a_shorter_one_after_it_is_measured():
    budget = Budget(60, 5, Hands())
    turns = Turns([made_up(budget, "long", Cost(50, 10)), made_up(budget, "short", Cost(1, 1))], [], budget)
    updates = list(turns.run())
    assert not_measured(updates) == {"long": "time"}
    assert [one.name for one in of(Result, updates)] == ["short result"]


def test_what_is_not_installed_or_fails_is_named_and_the_others_are_measured():
    def fail() -> None:
        raise PlaygroundError("The page did not come up.")

    budget = Budget(60, 5, Hands())
    turns = Turns(
        [made_up(budget, "peer", missing="pip install it"), made_up(budget, "page", before=fail), made_up(budget, "b")],
        [],
        budget,
    )
    updates = list(turns.run())
    assert not_measured(updates) == {"peer": "pip install it", "page": "The page did not come up."}
    assert [one.name for one in of(Result, updates)] == ["b result"]
    assert [(one.place, one.count) for one in of(Began, updates)] == [(1, 2), (2, 2)]


def test_names_choose_and_an_unknown_one_is_refused():
    asked, budget = list[Any](), Budget(60, 5, Hands())
    both = Measurement(("one", "two", "three"), Cost(0, 9), lambda parts: iter(asked.append(parts) or ()))
    turns = Turns([both, made_up(budget, "other")], ["three", "one"], budget)
    assert budget.rest_s == 5 * 6  # two of its three parts
    assert turns.ahead == ["one", "three"]
    list(turns.run())
    assert (asked, turns.ahead) == ([("one", "three")], [])
    with pytest.raises(PlaygroundError, match=r"Unknown measurement 'othr'.*other"):
        Turns([both, made_up(budget, "other")], ["othr"], budget)
