import json
from typing import Any

import pytest

from playground.errors import PlaygroundError
from playground.experiments.costing.again import cost_again
from playground.experiments.costing.records import CostSheet
from playground.experiments.documents import parse_document
from tests.experiments.costing.sheets import sheet


def changed(document: dict[str, Any]) -> CostSheet:
    made = parse_document(json.dumps(document))
    assert isinstance(made, CostSheet)
    return made


def plain(*sections: str) -> dict[str, Any]:
    return json.loads(sheet(*sections).to_json())


def test_a_sheet_of_today_is_identical_and_prices_have_not_moved():
    assert cost_again(sheet()) == ([], [])


def test_a_number_that_was_changed_is_named_with_both_values():
    document = plain("month", "energy")
    document["sections"]["energy"]["figures"]["month_kg"] = 0.5
    document["sections"]["month"]["series"]["base"][3][1] = 1.0
    differences, _ = cost_again(changed(document))
    assert len(differences) == 2
    assert "series base" in differences[0]
    assert differences[1].startswith("energy, month_kg is 0.5 in the file and ")


def test_prices_that_have_moved_since_are_told_and_are_no_difference():
    document = plain("month")
    document["prices"]["openai/gpt-4o-mini"]["output"] = [[-1, 123.0]]
    document["prices"]["gone/model"] = document["prices"].pop("groq/llama-3.1-8b-instant")
    document["models"][-1], document["prices_as_of"] = "gone/model", "genai-prices 0.0.1"
    then = changed(document)
    differences, since = cost_again(then)
    assert differences  # the file's numbers are those of other prices
    assert since[0].startswith("price list: genai-prices 0.0.1 then, ")
    assert "openai/gpt-4o-mini, price of output: 123 USD per million tokens then" in since[1]
    assert since[2] == "gone/model is no longer in the price list"


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        (("assumptions", "days"), 1e12, "1 to 1,095"),
        (("assumptions", "days"), None, "'days' is missing in assumptions"),
        (("sources", "days"), None, "'days' is missing in sources"),
        (("prices", "openai/gpt-4o-mini"), None, "'openai/gpt-4o-mini' is missing in prices"),
        (("calculator",), "agents", "unknown calculator 'agents'"),
        (("output_lengths",), [1], "answer lengths"),
    ],
)
def test_a_file_that_holds_what_can_not_be_computed_is_refused(where: tuple[str, ...], value: Any, words: str):
    document = plain("month")
    *path, last = where
    inner = document
    for name in path:
        inner = inner[name]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    with pytest.raises(PlaygroundError, match=words):
        cost_again(changed(document))


def test_a_calculator_that_there_is_not_is_refused():
    document = plain("month")
    document["sections"]["nonsense"] = document["sections"]["month"]
    with pytest.raises(PlaygroundError, match="unknown calculator 'nonsense'"):
        cost_again(changed(document))
