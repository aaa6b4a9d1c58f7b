"""What a run says of tokens that it did not have to read."""

from decimal import Decimal

from playground.metrics.timing import timing_of
from playground.runs.pricing import Pricing
from playground.views.money import reuse_text, saved_s, uncached_usd

PRICING = Pricing("openai/gpt-4o-mini", 1.0)
TIMING = timing_of([0.5, 0.6], prefill_s=0.18, computed_prompt_tokens=18, end_s=0.6)


def test_the_saved_time_is_at_the_rate_of_this_run_and_the_price_is_that_of_the_tokens_read():
    cost = PRICING.run(61, 4, 43, 1.0)
    assert saved_s(cost, TIMING) == 0.43
    assert uncached_usd(cost) == PRICING.run(61, 4, 0, 1.0).input_usd * 43 / Decimal(61)
    assert "43 of 61 prompt tokens" in reuse_text(cost, TIMING)


def test_nothing_is_said_where_all_was_read_or_where_rows_share_a_prompt():
    assert reuse_text(PRICING.run(61, 4, 0, 1.0), TIMING) == ""
    assert reuse_text(PRICING.batch(61, [4, 4], 61, 1.0), TIMING) == ""
