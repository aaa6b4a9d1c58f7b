import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.errors import PlaygroundError
from playground.metrics.cost import (
    DEFAULT_REFERENCE,
    api_cost,
    own_hardware_cost,
    per_month,
    price_list_date,
    reference_models,
)

MODELS = {model.id: model for model in reference_models()}
counts = st.integers(0, 100_000)


def test_the_default_reference_is_in_the_menu():
    assert DEFAULT_REFERENCE in MODELS
    assert len(MODELS) > 500
    assert list(MODELS) == sorted(MODELS)


def test_a_million_tokens_of_the_default_cost_what_the_menu_says():
    cost, model = api_cost(DEFAULT_REFERENCE, 10**6, 10**6), MODELS[DEFAULT_REFERENCE]
    assert cost.input_usd == pytest.approx(model.input_usd_per_million)
    assert cost.output_usd == pytest.approx(model.output_usd_per_million)
    assert cost.input_usd > 0


@pytest.mark.parametrize("reference", list(MODELS)[::40])
def test_every_model_in_the_menu_can_be_priced_by_its_menu_price(reference):
    cost = api_cost(reference, 100, 50)
    assert cost.reference_model == reference
    assert cost.input_usd == pytest.approx(MODELS[reference].input_usd_per_million * 100 / 1e6)
    assert cost.output_usd == pytest.approx(MODELS[reference].output_usd_per_million * 50 / 1e6)


@given(counts, counts)
def test_cost_is_linear_in_both_counts_and_the_total_is_their_sum(input_tokens, output_tokens):
    cost = api_cost(DEFAULT_REFERENCE, input_tokens, output_tokens)
    twice = api_cost(DEFAULT_REFERENCE, 2 * input_tokens, 2 * output_tokens)
    assert (cost.input_tokens, cost.output_tokens) == (input_tokens, output_tokens)
    assert cost.total_usd == pytest.approx(cost.input_usd + cost.output_usd)
    assert twice.total_usd == pytest.approx(2 * cost.total_usd)


def test_an_unknown_reference_names_the_nearest():
    with pytest.raises(PlaygroundError, match=DEFAULT_REFERENCE):
        api_cost("openai/gpt4o-mini", 1, 1)
    with pytest.raises(PlaygroundError, match="The default is"):
        api_cost("\ud800" * 10_000, 1, 1)


def test_prices_say_how_old_they_are():
    assert api_cost(DEFAULT_REFERENCE, 1, 1).prices_as_of == price_list_date()
    assert price_list_date().startswith("genai-prices ")
    assert "newest check 20" in price_list_date()


def test_an_hour_on_own_hardware_costs_its_hourly_price():
    assert own_hardware_cost(3600, 2.5) == pytest.approx(2.5)
    assert own_hardware_cost(0, 2.5) == 0


def test_a_month_is_its_runs_times_their_price():
    assert per_month(0.001) == pytest.approx(304)
    assert per_month(0.001, runs_per_day=1, days=31) == pytest.approx(0.031)
