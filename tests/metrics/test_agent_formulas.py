"""What a loop reads and costs by the formulas: closed forms, and a naive loop of another make."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from playground.metrics.formulas.agents import agent_steps, closed_form_input
from playground.metrics.formulas.tokens import usage_cost
from playground.metrics.prices import rates, reference_models

WITH_WRITES = next(one for one in reference_models() if one.has_written and one.has_cached and len(one.input) == 1)
PLAIN = next(one for one in reference_models() if not one.has_cached and not one.has_written)
TIERED = next(one for one in reference_models() if len(one.input) > 1)


def plan(**more: int) -> dict[str, Any]:
    values = {
        "system_tokens": 100, "task_tokens": 50, "steps": 8, "output_tokens": 200, "tool_tokens": 300,
        "keep_steps": 2, "summary_every": 3, "summary_tokens": 80,
    }  # fmt: skip
    return values | more


@pytest.mark.parametrize("steps", [1, 2, 8, 40])
def test_resent_input_is_the_closed_form_and_grows_with_the_square(steps: int):
    told = agent_steps(plan(steps=steps), PLAIN.plain())
    assert told["resent"]["cumulative_input_tokens"][-1] == closed_form_input(plan(steps=steps))
    second = [b - a for a, b in pairwise(told["resent"]["input_tokens"])]
    assert set(second) <= {500}


def test_only_the_last_answer_and_tool_result_are_new_to_a_cache():
    told = agent_steps(plan(), WITH_WRITES.plain())
    resent, cached = told["resent"], told["cached"]
    assert cached["input_tokens"] == resent["input_tokens"]
    assert cached["cached_tokens"] == [0, *resent["input_tokens"][:-1]]
    assert cached["written_tokens"] == [150, *[500] * 7]
    expected = [
        usage_cost(read, kept, read - kept, 200, WITH_WRITES.plain())["total_usd"]
        for read, kept in zip(cached["input_tokens"], cached["cached_tokens"], strict=True)
    ]
    assert cached["cost_usd"] == expected
    assert cached["cumulative_usd"][-1] == sum(expected)


def test_without_a_cached_price_a_cache_saves_nothing():
    told = agent_steps(plan(), PLAIN.plain())
    assert told["cached"]["cost_usd"] == told["resent"]["cost_usd"]


def test_truncated_steps_stop_growing_and_equal_resent_ones_while_all_is_kept():
    told = agent_steps(plan(), PLAIN.plain())
    assert told["truncated"]["input_tokens"] == [150, 650, *[1150] * 6]
    everything = agent_steps(plan(keep_steps=8), PLAIN.plain())
    assert everything["truncated"] == everything["resent"]


def test_a_summary_is_one_more_call_that_reads_everything_and_replaces_it():
    told = agent_steps(plan(), PLAIN.plain())["summarised"]
    read_first = 150 + 3 * 500  # before step 4
    read_again = 150 + 80 + 3 * 500  # before step 7
    assert told["input_tokens"] == [150, 650, 1150, read_first + 230, 730, 1230, read_again + 230, 730]
    assert told["output_tokens"] == [200, 200, 200, 280, 200, 200, 280, 200]
    never = agent_steps(plan(summary_every=8), PLAIN.plain())
    assert never["summarised"] == never["resent"]


def test_a_tier_for_long_prompts_is_of_each_call_and_not_of_their_sum():
    start = TIERED.input[1][0]
    asked = plan(steps=2, system_tokens=start // 2, tool_tokens=1, output_tokens=1)
    told = agent_steps(asked, TIERED.plain())["resent"]
    assert told["cumulative_input_tokens"][-1] > start
    calls = [usage_cost(read, 0, 0, 1, TIERED.plain())["total_usd"] for read in told["input_tokens"]]
    assert told["cumulative_usd"][-1] == sum(calls)
    assert told["cumulative_usd"][-1] < usage_cost(sum(told["input_tokens"]), 0, 0, 2, TIERED.plain())["total_usd"]


def test_money_is_decimal():
    told = agent_steps(plan(), rates("openai/gpt-4o-mini").plain())
    assert all(isinstance(usd, Decimal) for way in told.values() for usd in way["cumulative_usd"])
