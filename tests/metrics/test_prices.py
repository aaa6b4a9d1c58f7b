import re

import pytest

from playground.errors import PlaygroundError
from playground.metrics.prices import DEFAULT_REFERENCE, find_reference, price_list_date, rates, reference_models


def test_the_default_reference_is_among_many_models_in_order():
    ids = [model.id for model in reference_models()]
    assert DEFAULT_REFERENCE in ids
    assert len(ids) > 500
    assert ids == sorted(set(ids))


def test_every_model_has_prices_that_start_below_the_shortest_prompt_and_rise_in_order_of_length():
    for model in reference_models():
        for tiers in (model.input, model.cached, model.written, model.output):
            starts = [start for start, _ in tiers]
            assert starts[0] == -1
            assert starts == sorted(set(starts))
            assert all(price >= 0 for _, price in tiers)


def test_without_a_price_of_their_own_cached_and_written_tokens_cost_what_input_does():
    plain = [model for model in reference_models() if not model.has_cached and not model.has_written]
    assert plain
    assert all(model.cached == model.input == model.written for model in plain)


def test_a_name_with_a_colon_is_one_with_a_slash_and_an_id_that_holds_a_colon_stays_itself():
    assert find_reference(" openai:gpt-4o-mini ") == "openai/gpt-4o-mini"
    colon = next(model.id for model in reference_models() if ":" in model.id)
    assert find_reference(colon) == colon


def test_an_unknown_reference_names_the_nearest():
    with pytest.raises(PlaygroundError, match=re.escape(DEFAULT_REFERENCE)):
        rates("openai/gpt4o-mini")
    with pytest.raises(PlaygroundError, match="The default is"):
        rates("\ud800" * 10_000)


def test_prices_say_how_old_they_are():
    assert price_list_date().startswith("genai-prices ")
    assert "newest check 20" in price_list_date()
