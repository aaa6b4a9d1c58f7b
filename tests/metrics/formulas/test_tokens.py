import random
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices import Usage
from genai_prices.data import providers

from playground.metrics.formulas.tokens import tier_price, usage_cost
from playground.metrics.prices import reference_models

MODELS = reference_models()
LISTED = {f"{provider.id}/{model.id}": (provider, model) for provider in providers for model in provider.models}


def test_cached_and_written_tokens_cost_what_genai_prices_charges_for_200_random_usages():
    pick = random.Random(200)
    special = [one for one in MODELS if one.has_written or len(one.input) > 1 or one.request_usd]
    for number in range(200):
        rates = pick.choice(special if number % 2 else MODELS)
        prompt = pick.choice([pick.randint(0, 2_000), pick.randint(0, 1_000_000)])
        cached = pick.randint(0, prompt)
        written = pick.randint(0, prompt - cached) if rates.has_written else 0
        output = pick.randint(0, 200_000)
        provider, model = LISTED[rates.id]
        usage = Usage(
            input_tokens=prompt, cache_read_tokens=cached, cache_write_tokens=written, output_tokens=output
        )  # fmt: skip
        theirs = model.calc_price(usage, provider, genai_request_timestamp=datetime.now(UTC))
        ours = usage_cost(prompt, cached, written, output, rates.plain())
        assert ours["input_usd"] == theirs.input_price, rates.id
        assert ours["output_usd"] == theirs.output_price, rates.id
        assert ours["total_usd"] == theirs.total_price, rates.id


@pytest.mark.parametrize(("tokens", "price"), [(0, 1), (200_000, 1), (200_001, 2), (900_000, 3)])
def test_a_tier_holds_for_all_tokens_of_a_prompt_longer_than_its_start(tokens: int, price: int):
    tiers = ((-1, Decimal(1)), (200_000, Decimal(2)), (500_000, Decimal(3)))
    assert tier_price(tiers, tokens) == price
