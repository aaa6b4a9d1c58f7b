"""A pane's own settings: whoever sends them, they are checked; and a saved run's become a pane's again."""

from typing import Any

import pytest

from playground.errors import PlaygroundError
from playground.experiments.compare.changes import base_of
from playground.ui.rooms.compare.pane_values import (
    PANE_SETTINGS,
    chips_between,
    own_changes,
    pane_changes,
    pane_problems,
    pane_value,
)
from playground.ui.shell.controls import make_request
from tests.ui.compare_samples import made_run

VALUES: dict[str, Any] = {
    "prompt": "Hello", "model": "tiny-llama", "quantization": "fp32", "temperature": 0.8, "top_p": 0.95, "top_k": 0,
    "min_p": 0, "repetition_penalty": 1, "context_length": 512, "max_new_tokens": 16, "seed": 1, "raw": False,
    "reuse_prefix": False,
    "system": "", "stop": "", "reference_model": "", "hardware_usd_per_hour": 1.0,
}  # fmt: skip
BASE = base_of(make_request(VALUES))


def test_a_pane_inherits_all_but_its_own():
    assert pane_changes(BASE, {}) == {}
    changes = pane_changes(BASE, {"temperature": " 0.2 ", "quantization": "int8", "raw": "on"})
    assert changes == {"temperature": 0.2, "quantization": "int8", "raw": True}


def test_a_value_as_the_sidebar_has_it_is_no_difference():
    assert pane_changes(BASE, {"temperature": "0.80"}) == {}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("temperature", "9", "temperature must be a number from 0 to 2"),
        ("temperature", "", "temperature must be a number from 0 to 2"),
        ("temperature", "nan", "temperature must be a number from 0 to 2"),
        ("top_k", "2.5", "top_k must be a whole number"),
        ("raw", "maybe", "Raw completion must be on or off"),
        ("stop", "a\n" * 20, "stop takes at most 8"),
    ],
)
def test_a_wrong_value_is_named_with_its_limit_and_the_others_stand(name: str, text: str, words: str):
    problems = pane_problems({name: text, "min_p": "0.1"})
    assert list(problems) == [name]
    assert words in problems[name]


def test_a_pane_that_is_off_takes_no_part():
    assert own_changes(pane_value(False, {"top_k": "5"})) is None
    assert own_changes(pane_value(True, {"top_k": "5"})) == {"top_k": "5"}


@pytest.mark.parametrize(
    "changes",
    ["x", [["temperature"]], [["temperature", 1]], [["nonsense", "1"]], [["top_k", "1"], ["top_k", "2"]],
     [["prompt", "x"]], [["system", "x" * 300_000]], [["top_k", "1"]] * 99],
)  # fmt: skip
def test_a_value_that_no_page_sends_is_refused_in_words(changes: object):
    with pytest.raises(PlaygroundError):
        own_changes({"on": True, "changes": changes})


@pytest.mark.parametrize("value", [None, 3, "x", {}, {"on": "yes"}])
def test_what_is_no_pane_is_off(value: object):
    assert own_changes(value) is None


def test_the_chips_of_a_saved_run_ask_for_the_same_run_again():
    saved = made_run(
        ["a"], quantization="int8", temperature=0.3, stop=("a\nb", "c\\"), system="Be brief.", raw=True, top_k=7, seed=5
    )
    chips = chips_between(BASE, saved)
    again = BASE | pane_changes(BASE, chips)
    wanted = saved.settings | {"model": saved.model.id, "quantization": saved.model.quantization}
    assert {name: again[name] for name in wanted if wanted[name] is not None} == {
        name: value for name, value in wanted.items() if value is not None
    }
    assert chips_between(again, saved) == {}


def test_every_setting_of_a_pane_has_a_name_a_kind_and_a_hint():
    assert {spec["kind"] for spec in PANE_SETTINGS} == {"number", "menu", "text"}
    assert all(spec["label"] and spec["hint"] for spec in PANE_SETTINGS)
    assert {spec["name"] for spec in PANE_SETTINGS} <= set(VALUES)
