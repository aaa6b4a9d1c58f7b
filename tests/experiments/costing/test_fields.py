from decimal import Decimal

import pytest

from playground.errors import PlaygroundError
from playground.experiments.costing.fields import FieldErrors, load_cost_fields, read_inputs
from tests.experiments.costing.sheets import fields


@pytest.mark.parametrize("bad", ["-5", "nan", "inf", "1e30", "-1e30", "abc", "", "1" * 5000, "--5", "0x10", None, [1]])
def test_what_is_no_number_within_the_limits_is_refused_by_a_sentence_with_the_limits_or_the_kind(bad):
    field = fields().find("requests_per_day")
    with pytest.raises(PlaygroundError) as caught:
        field.check(bad)
    told = str(caught.value)
    assert told.startswith("Requests a day must be ")
    assert "1 to 1,000,000,000" in told or "a number" in told
    assert len(told) < 200


def test_thousands_and_ends_are_read_as_people_write_them():
    field = fields().find("requests_per_day")
    assert field.check(" 10,000 ") == 10_000
    assert field.check("1,234,567.5") == Decimal("1234567.5")
    assert field.check(field.low) == field.low
    assert field.check(field.high) == field.high


@pytest.mark.parametrize(
    "typed", ["0,3", "1,23", "12,3456", "1,2345.6", "0,300", "1234,567", ",500", "1.234,5", "1,234e3"]
)
def test_a_comma_that_may_be_a_decimal_comma_is_refused_and_says_how_to_write_decimals(typed: str):
    with pytest.raises(PlaygroundError) as caught:
        fields().find("requests_per_day").check(typed)
    assert str(caught.value).startswith("Requests a day must be a number")
    assert ("write decimals with a point" in str(caught.value)) == (typed != ",500")


def test_every_bad_input_is_told_at_once_by_its_id():
    with pytest.raises(FieldErrors) as caught:
        read_inputs(fields(), ("days", "input_tokens", "steps"), {"days": "0", "input_tokens": "x", "steps": "3"}, {})
    assert list(caught.value.problems) == ["days", "input_tokens"]


def test_an_input_that_follows_another_moves_with_it_until_it_is_set_and_keeps_its_limits():
    names = ("requests_per_day", "requests_per_day_low", "requests_per_day_high")
    base = read_inputs(fields(), names, {"requests_per_day": "500"}, {})
    assert [base[name].value for name in names] == [500, 400, 600]
    assert base["requests_per_day_low"].source.startswith("assumed: 0.8 x")
    own = read_inputs(fields(), names, {"requests_per_day": "500", "requests_per_day_low": "7"}, {})
    assert own["requests_per_day_low"].value == 7
    high = read_inputs(fields(), names, {"requests_per_day": "1000000000"}, {})
    assert high["requests_per_day_high"].value == fields().find("requests_per_day_high").high


def test_a_source_is_typed_unless_something_else_is_said_and_a_default_says_that_it_is_assumed():
    given, sources = {"days": "3", "steps": "3"}, {"steps": "measured: here"}
    inputs = read_inputs(fields(), ("days", "steps", "watts"), given, sources)
    assert [inputs[name].source for name in ("days", "steps")] == ["typed", "measured: here"]
    assert inputs["watts"].source.startswith("assumed: ")


def test_a_number_has_the_digits_that_a_document_keeps():
    value = fields().find("ttft_s").check("0.1234567890123456789012345")
    assert value == Decimal(str(float(value))) == Decimal("0.123456789012346")


def test_an_unknown_input_names_the_nearest():
    with pytest.raises(PlaygroundError, match="did you mean 'days'"):
        fields().find("dayz")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{id: a, label: A, unit: x, low: 0, high: 1, about: b}", "has a default or follows"),
        ("{id: a, label: A, unit: x, low: 0, high: 1, default: 2, about: b}", "outside the limits"),
        ("{id: a, label: A, unit: x, low: 0, high: 1, follows: z, about: b}", "follows 'z'"),
        ("{id: a, label: A, unit: x, low: .nan, high: 1, default: 0, about: b}", "low"),
        ("{id: A b, label: A, unit: x, low: 0, high: 1, default: 0, about: b}", "id"),
    ],
)
def test_a_file_that_does_not_hold_together_is_refused(tmp_path, entry: str, words: str):
    path = tmp_path / "cost.yaml"
    path.write_text(f"schema: 1\nas_of: 2026-11-25\nfields:\n  - {entry}\n")
    with pytest.raises(PlaygroundError, match=words):
        load_cost_fields(path)
