import random
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices import Usage
from genai_prices.data import providers
from hypothesis import given
from hypothesis import strategies as st

from playground.errors import PlaygroundError
from playground.metrics.cost import api_cost, own_hardware_cost, per_month
from playground.metrics.prices import DEFAULT_REFERENCE, rates, reference_models

MODELS = reference_models()
LISTED = {f"{provider.id}/{model.id}": (provider, model) for provider in providers for model in provider.models}
counts = st.integers(0, 100_000)


def charged(reference: str, input_tokens: int, cached_tokens: int, output_tokens: int):
    """What genai-prices itself makes of it."""
    provider, model = LISTED[reference]
    usage = Usage(input_tokens=input_tokens, cache_read_tokens=cached_tokens, output_tokens=output_tokens)
    return model.calc_price(usage, provider, genai_request_timestamp=datetime.now(UTC))


def random_usages():
    """200 usages of models of every sort: with tiers, cached rates, a price of a request, and neither."""
    draw = random.Random(6)
    sorts = [
        [model for model in MODELS if len(model.input) > 1],
        [model for model in MODELS if model.has_cached],
        [model for model in MODELS if model.request_usd],
        [model for model in MODELS if not model.has_cached and not model.request_usd],
    ]
    for number in range(200):
        input_tokens = draw.choice([draw.randrange(2_000), draw.randrange(2_000_000)])
        yield draw.choice(sorts[number % 4]).id, input_tokens, draw.randint(0, input_tokens), draw.randrange(20_000)


def test_cost_is_that_of_genai_prices_to_the_last_digit_on_200_random_usages():
    rates.cache_clear()  # some prices change with the hour: both read them now
    for reference, input_tokens, cached_tokens, output_tokens in random_usages():
        ours, theirs = (
            api_cost(reference, input_tokens, output_tokens, cached_tokens),
            charged(reference, input_tokens, cached_tokens, output_tokens),
        )
        assert (ours.input_usd, ours.output_usd) == (theirs.input_price, theirs.output_price), reference
        assert ours.total_usd == theirs.total_price, reference


@given(counts, counts)
def test_cost_is_linear_in_both_counts_and_the_total_is_their_sum(input_tokens, output_tokens):
    cost = api_cost(DEFAULT_REFERENCE, input_tokens, output_tokens)
    twice = api_cost(DEFAULT_REFERENCE, 2 * input_tokens, 2 * output_tokens)
    assert (cost.input_tokens, cost.output_tokens) == (input_tokens, output_tokens)
    assert cost.total_usd == cost.input_usd + cost.output_usd
    assert twice.total_usd == 2 * cost.total_usd


def test_cached_tokens_are_a_cheaper_part_of_the_input_where_the_list_has_a_price_for_them():
    plain, cached = api_cost(DEFAULT_REFERENCE, 1000, 10), api_cost(DEFAULT_REFERENCE, 1000, 10, 400)
    assert rates(DEFAULT_REFERENCE).has_cached
    assert plain.cached_usd == 0 < cached.cached_usd < cached.input_usd < plain.input_usd
    assert cached.output_usd == plain.output_usd
    none = next(model.id for model in MODELS if not model.has_cached)
    assert api_cost(none, 1000, 10, 400).total_usd == api_cost(none, 1000, 10).total_usd


def test_a_prompt_beyond_the_start_of_a_tier_pays_its_price_for_all_tokens():
    tiered = next(model for model in MODELS if len(model.input) > 1)
    (_, low), (start, high) = tiered.input[:2]
    assert api_cost(tiered.id, start, 0).input_usd == start * low / 1_000_000
    assert api_cost(tiered.id, start + 1, 0).input_usd == (start + 1) * high / 1_000_000


def test_an_unknown_reference_is_refused():
    with pytest.raises(PlaygroundError, match=DEFAULT_REFERENCE):
        api_cost("openai/gpt4o-mini", 1, 1)


def test_an_hour_on_own_hardware_costs_its_hourly_price():
    assert own_hardware_cost(3600, 2.5) == Decimal("2.5")
    assert own_hardware_cost(0, 2.5) == 0


def test_a_month_is_its_runs_times_their_price():
    assert per_month(Decimal("0.001")) == 304
    assert per_month(Decimal("0.001"), runs_per_day=1, days=Decimal(31)) == Decimal("0.031")
