"""Money in documents: exact here, a number in JSON, and read back as it was written."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.engine.events import PromptProcessed
from playground.errors import PlaygroundError
from playground.metrics.cost import api_cost
from playground.metrics.prices import DEFAULT_REFERENCE, rates
from playground.runs.measure import Measurement
from playground.runs.records import CostRecord, parse_record
from playground.runs.runner import Runner
from tests.runs.test_store import DOCUMENT
from tests.tiny_runner import request

MONEY = [name for name in CostRecord.model_fields if name.endswith("_usd")]


def record_with(**usd: object) -> str:
    return json.dumps({**DOCUMENT, "cost": {**DOCUMENT["cost"], **usd}})


@given(st.decimals(0, 10**9, places=12))
def test_any_sum_is_a_number_in_json_and_the_same_sum_when_it_is_read(usd):
    record = parse_record(record_with())
    cost = CostRecord.model_validate(record.cost.model_dump() | dict.fromkeys(MONEY, usd))
    text = record.model_copy(update={"cost": cost}).to_json()
    assert all(isinstance(json.loads(text)["cost"][name], int | float) for name in MONEY)
    assert parse_record(text).cost == cost
    assert all(abs(getattr(cost, name) - usd) <= usd * Decimal("1e-14") for name in MONEY)


def test_a_file_from_before_cached_tokens_were_counted_is_still_read():
    old = {name: value for name, value in DOCUMENT["cost"].items() if "cached" not in name}
    cost = parse_record(json.dumps({**DOCUMENT, "cost": {**old, "total_usd": 0.30000000000000004}})).cost
    assert (cost.cached_tokens, cost.cached_usd, cost.total_usd) == (0, 0, Decimal("0.3"))


@pytest.mark.parametrize("wrong", [True, [1], None, "a lot"])
def test_money_that_is_no_number_is_refused_by_name(wrong):
    with pytest.raises(PlaygroundError, match=r"cost\.total_usd"):
        parse_record(record_with(total_usd=wrong))


def test_the_prompt_that_a_run_found_in_the_cache_costs_the_cached_rate(tiny: Runner):
    run = tiny.start(request(max_new_tokens=2))
    list(run)
    first = run.measurement
    assert first is not None
    prompt = len(first._prompt.ids)
    assert (first.meters().cost.cached_tokens, first.meters().cost.cached_usd) == (0, 0)
    again = Measurement(first._prompt, first._around)
    again.add(PromptProcessed(prompt_tokens=prompt, computed_tokens=1, prefill_s=0.1, kv_cache_bytes=0, time_s=0.1))
    cost, listed = again.meters().cost, api_cost(DEFAULT_REFERENCE, prompt, 0, prompt - 1)
    assert rates(DEFAULT_REFERENCE).has_cached
    assert (cost.cached_tokens, cost.cached_usd, cost.input_usd) == (prompt - 1, listed.cached_usd, listed.input_usd)
    assert cost.input_usd < first.meters().cost.input_usd
