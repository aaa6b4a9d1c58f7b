import json
from decimal import Decimal

import pytest

from playground.errors import PlaygroundError
from playground.experiments.costing.records import CostSheet
from playground.experiments.costing.sheet import CostRequest, Lengths, build_sheet, sheet_again
from playground.experiments.documents import parse_document
from tests.experiments.costing.sheets import ALL, EURO, fields, sheet, ten

ODD = {
    "input_tokens": "333.333333333333333333", "growth_per_month": "0.0123456789", "usd_per_hour": "0.37", "steps": "7",
    "small_share": "0.777",
}  # fmt: skip


def test_a_document_reads_back_as_it_was_and_is_computed_again_to_the_same_numbers():
    made = sheet(given=ODD, currency=EURO)
    back = parse_document(made.to_json())
    assert back == made
    assert isinstance(back, CostSheet)
    assert sheet_again(back) == made


@pytest.mark.parametrize("section", ALL)
def test_a_sheet_holds_what_was_asked_for_and_no_more(section: str):
    made = sheet(section)
    assert list(made.sections) == [section] == [made.calculator]
    assert set(made.prices) == {made.model, *made.models_of(section)}
    assert list(made.sources) == list(made.assumptions)


def test_amounts_are_plain_numbers_in_the_file_and_none_where_a_calculator_has_none():
    document = json.loads(sheet("month").to_json())
    assert (document["schema"], document["kind"]) == (1, "cost")
    names = ("per_request_usd", "per_day_usd", "per_month_usd", "input_usd", "output_usd")
    assert all(isinstance(document[name], float) and document[name] > 0 for name in names)
    assert document["input_usd"] + document["output_usd"] == pytest.approx(document["per_request_usd"])
    other = json.loads(sheet("energy").to_json())
    assert [other[name] for name in names] == [None] * 5


@pytest.mark.parametrize("section", ["own_hardware", "agents"])
def test_the_amounts_of_other_calculators_add_up_too(section: str):
    made = sheet(section)
    assert made.input_usd is not None
    assert made.output_usd is not None
    assert made.per_request_usd is not None
    assert made.per_day_usd is not None
    assert made.per_month_usd is not None
    assert float(made.input_usd + made.output_usd) == pytest.approx(float(made.per_request_usd))
    assert float(made.per_day_usd * Decimal("30.4")) == pytest.approx(float(made.per_month_usd))


def test_a_model_that_is_compared_with_itself_stands_there_once():
    made = sheet("month", model=ten()[3])
    assert made.models_of("month") == [ten()[3], *(id for id in ten() if id != ten()[3])]
    assert len(made.sections["month"].series["models"]) == 10


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sections": ("mont",)}, "Unknown calculator 'mont'"),
        ({"model": "openai/nope"}, "not among the"),
        ({"compared": ("openai/nope",)}, "not among the"),
        ({"compared": ("openai/gpt-4o-mini",) * 11}, "At most 10 models"),
        ({"given": {"dayz": "1"}}, "did you mean 'days'"),
        ({"given": {"days": "0"}}, "1 to 1,095"),
    ],
)
def test_what_can_not_be_calculated_is_refused_by_a_sentence(change, words: str):
    asked = {"sections": ("month",), "lengths": Lengths((1, 2), "two")} | change
    with pytest.raises(PlaygroundError, match=words):
        build_sheet(CostRequest(**asked), fields())


@pytest.mark.parametrize("tokens", [(), (5,), (5, -1), (5, 10**7), (1,) * 10_001])
def test_lengths_that_no_run_can_have_are_refused(tokens: tuple[int, ...]):
    with pytest.raises(PlaygroundError, match="answer length"):
        Lengths(tokens, "bad")


def test_the_largest_and_the_smallest_inputs_give_finite_numbers():
    for end in ("low", "high"):
        given = {field.id: str(getattr(field, end)) for field in fields().fields if field.id != "samples"}
        made = sheet(given=given | {"samples": "10"})
        assert all(value.is_finite() for result in made.sections.values() for value in result.figures.values())
