"""What the page is told of prices and formulas, before any browser reads it."""

import json

from playground.metrics.prices import price_list_date, rates, reference_models
from playground.ui.rooms.cost.price_list import price_list_data
from playground.ui.rooms.sidebar.layout import rates_text
from playground.views.formula_script import formula_notes, formula_script

MAX_BYTES = 250_000


def test_the_list_is_small_and_holds_every_model_once():
    data = price_list_data()
    assert len(json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()) < MAX_BYTES
    ids = [f"{provider}/{model[0]}" for provider, (_, models) in data["providers"].items() for model in models]
    assert sorted(ids) == [model.id for model in reference_models()]
    assert data["as_of"] == price_list_date()


def test_models_of_one_price_share_it():
    data = price_list_data()
    assert len({json.dumps(one) for one in data["rates"]}) == len(data["rates"]) < len(reference_models())
    provider, (_, models) = next(iter(data["providers"].items()))
    first = rates(f"{provider}/{models[0][0]}")
    assert data["rates"][models[0][1]][0] == float(first.input[0][1])


def test_every_formula_is_in_the_script_and_says_what_it_is_about():
    notes = formula_notes()
    assert "usage_cost" in notes
    assert all(f"{name} = function" in formula_script() for name in notes)
    assert all(note["about"].endswith(".") for note in notes.values())
    assert notes["usage_cost"]["formula"].startswith("((input - cached - written) x input price")
    assert "genai-prices" in notes["usage_cost"]["source"]


def test_the_chosen_price_is_told_with_its_tiers_its_cached_rate_and_its_date():
    tiered = next(model for model in reference_models() if len(model.input) > 1 and model.has_cached)
    text = rates_text(tiered.id)
    assert f"${tiered.input[1][1]:.6g} above {tiered.input[1][0]:,} prompt tokens" in text
    assert f"cached ${tiered.cached[0][1]:.6g}" in text
    assert price_list_date() in text
    none = next(model for model in reference_models() if not model.has_cached)
    assert "no cached rate in the list" in rates_text(none.id)
    assert "is not among" in rates_text(["no", "name"])
