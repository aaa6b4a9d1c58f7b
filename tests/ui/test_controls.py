"""Controls to requests: whoever sends the values, they are checked, and said in words."""

import math
from typing import Any

import gradio as gr
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.data.presets import parse_preset
from playground.errors import PlaygroundError
from playground.settings import LIMITS, Settings
from playground.ui.rooms.sidebar.model_menus import fill_menus
from playground.ui.rooms.sidebar.preset_menu import PresetBook, preset_updates
from playground.ui.server.page import FIELDS
from playground.ui.shell.common import PERSON_HEADER
from playground.ui.shell.controls import SLIDERS, make_request, priced, settings_of, stop_text
from tests.calls import request_of
from tests.scripted import ScriptedRunner

GOOD: dict[str, Any] = {
    "model": "fake-135m", "quantization": "fp32", "temperature": 0.8, "top_p": 0.95, "top_k": 0, "min_p": 0,
    "repetition_penalty": 1, "context_length": 512, "max_new_tokens": 16, "seed": 3, "random_seed": False, "raw": False,
    "reuse_prefix": False,
    "system": "", "stop": "", "prompt": "hello", "reference_model": "openai/gpt-4o-mini", "hardware_usd_per_hour": 0.25,
    "preset": "balanced",
}  # fmt: skip


def test_the_fields_are_those_of_a_request():
    assert set(FIELDS) == set(GOOD)
    request = make_request(GOOD)
    assert (request.prompt, request.settings.seed, request.settings.context_length) == ("hello", 3, 512)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("temperature", -1, "temperature must be a number from 0 to 2; got -1"),
        ("temperature", math.nan, "temperature must be a number"),
        ("temperature", "abc", "temperature must be a number"),
        ("temperature", None, "temperature must be a number"),
        ("temperature", [1], "temperature must be a number"),
        ("top_p", 0, "top_p must be a number above 0"),
        ("max_new_tokens", 10**9, "max_new_tokens must be a whole number"),
        ("top_k", 1.5, "top_k must be a whole number"),
        ("seed", -1, "seed must be a whole number"),
        ("stop", "x\n" * 9, "stop takes at most 8"),
        ("system", {"a": 1}, "system must be text"),
        ("model", 7, "model must be text"),
        ("raw", "perhaps", "raw"),
        ("prompt", "", "The prompt is empty"),
        ("prompt", None, "The prompt is empty"),
        ("prompt", "x" * 10_000_000, "10,000,000 characters; the limit is 1,000,000"),
    ],
)
def test_a_wrong_value_is_named_with_its_limit(field: str, value: object, words: str):
    with pytest.raises(PlaygroundError) as caught:
        make_request(GOOD | {field: value})
    assert words in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("price", [-1, None, math.inf, True, "1", 10_001])
def test_a_wrong_price_is_named_with_its_limit(price: object):
    with pytest.raises(PlaygroundError, match="price of own hardware must be from 0 to 10,000"):
        priced(ScriptedRunner(), GOOD | {"hardware_usd_per_hour": price}, request_of("page"))


def test_a_missing_field_is_an_error_in_words():
    for field in ("temperature", "raw", "prompt"):
        with pytest.raises(PlaygroundError):
            make_request({name: value for name, value in GOOD.items() if name != field})


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20), max_size=8))
def test_stop_strings_survive_the_text_box(stop: list[str]):
    assert settings_of(GOOD | {"stop": stop_text(stop)}).stop == tuple(stop)


def test_sliders_lie_within_the_limits_and_hold_the_defaults():
    for spec in SLIDERS:
        limit, default = LIMITS[spec.name], getattr(Settings(), spec.name)
        assert limit.holds(spec.minimum)
        assert limit.holds(spec.high)
        assert default is None or spec.minimum <= default <= spec.high


def test_menus_offer_what_can_run_with_reasons_for_the_rest():
    model, quantization, context = fill_menus(ScriptedRunner(), "fake-135m", "fp16", 99_999)
    assert ["fake-far", "Fake-far (not on this machine)", None] in model["options"]
    assert ["fp16", "fp16", "this processor has no fp16 units"] in quantization["options"]
    assert quantization["value"] == "fp32"  # fp16 can't run, so the nearest that can
    assert context["value"] == context["maximum"] == 8192
    assert "538 MB measured" in quantization["hint"]


@pytest.mark.parametrize("hostile", [None, 7, ["x"], "../../etc/passwd", "x" * 10_000])
def test_hostile_menu_values_become_the_default(hostile: object):
    model, quantization, context = fill_menus(ScriptedRunner(), hostile, hostile, hostile)
    assert (model["value"], quantization["value"]) == ("fake-135m", "fp32")
    assert context.get("value", 7) <= context["maximum"] == 8192  # 7 may stay


def test_a_preset_sets_what_it_names_and_nothing_else():
    text = (
        'schema: 1\ntitle: T\nwhy: W.\nsettings:\n  top_k: 900\n  seed: null\n  stop: ["a\\nb"]\nquantization: int4\n'
    )
    updates = preset_updates(parse_preset(text, id="t", name="t"))
    assert set(updates) == {"top_k", "random_seed", "stop", "quantization"}
    assert updates["top_k"]["maximum"] == 900  # the slider grows
    assert updates["random_seed"] is True
    assert updates["stop"] == "a\\nb"


def test_a_saved_preset_is_in_the_menu_and_a_nameless_one_is_refused(tmp_path):
    book = PresetBook(tmp_path / "shipped", tmp_path / "mine")
    preset = book.save("My own", GOOD | {"random_seed": True})
    assert preset.settings["seed"] is None
    assert book.load().user == {"my-own": preset}
    assert ["my-own", "My own", None] in book.menu()["options"]
    assert book.bring_in(book.export("Other", GOOD)["text"]).id == "other"
    with pytest.raises(PlaygroundError, match="name first"):
        book.save("  ", GOOD)
    with pytest.raises(PlaygroundError):
        book.save("Bad", GOOD | {"temperature": 9})


def test_a_broken_preset_stays_visible_with_its_reason(tmp_path):
    (tmp_path / "broken.yaml").write_text("schema: 1\nx: 1\n", "utf-8")
    options = PresetBook(tmp_path / "shipped", tmp_path).menu()["options"]
    assert [option for option in options if option[0] == "broken" and option[2]]


def _from(host: str, person: str) -> gr.Request:
    return request_of("page", host=host, headers={PERSON_HEADER: person})


def test_each_person_has_presets_of_their_own_and_the_owner_keeps_the_folder(tmp_path):
    book = PresetBook(tmp_path / "shipped", tmp_path / "mine")
    assert book.of(_from("127.0.0.1", "owner")) is book
    book.of(_from("10.0.0.8", "ann")).save("Hers", GOOD)
    assert list(book.of(_from("10.0.0.77", "ann")).load().user) == ["hers"]
    assert not book.of(_from("10.0.0.9", "bob")).load().user
    assert not book.load().user
