"""What each calculator says, against sums done by hand and laws that hold for any price."""

from decimal import Decimal as D
from itertools import pairwise

import pytest

from playground.experiments.costing.plans import Section
from playground.experiments.costing.sections import SECTIONS
from playground.experiments.costing.sheet import Lengths
from playground.metrics.formulas.agent_tasks import agent_plan
from playground.metrics.formulas.agents import closed_form_input
from playground.metrics.prices import rates
from playground.views.formula_script import formula_notes
from tests.experiments.costing.sheets import fields, near, sheet

MINI = "openai/gpt-4o-mini"
MILLION = D(1_000_000)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.id)
def test_every_figure_has_a_formula_with_a_source_and_every_line_of_a_chart_its_points(section: Section):
    result = sheet(section.id).sections[section.id]
    for figure in section.figures:
        note = formula_notes()[figure.formula]
        assert figure.id in result.figures
        assert note["about"]
        assert note["formula"]
        assert note["source"]
    for plan in section.charts:
        for line in plan.lines:
            keys = [key for key in (line.key, line.low, line.high) if key]
            assert len({len(result.series[key]) for key in keys}) == 1
        for name in (*plan.categories, *(name for name, _ in plan.marks)):
            assert name in section.inputs or name in result.figures
        assert not plan.base or plan.base in result.figures


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.id)
def test_a_calculator_needs_no_input_that_it_does_not_name_and_names_none_twice(section: Section):
    assert len(set(section.inputs)) == len(section.inputs)
    assert set(sheet(section.id).assumptions) == set(section.inputs)
    assert all(fields().find(name) for name in section.inputs)


def flat_price(kind: str) -> D:
    ((_, price),) = getattr(rates(MINI), kind)
    return price


def test_a_month_is_what_one_does_by_hand():
    found = sheet("month", given={"cached_share": "0.25", "days": "60"}).sections["month"].figures
    one = (225 * flat_price("input") + 75 * flat_price("cached") + 200 * flat_price("output")) / MILLION
    assert near(found["per_request_usd"], one)
    assert near(found["per_day_usd"], one * 10_000)
    assert near(found["per_month_usd"], one * 10_000 * D("30.4"))
    assert near(found["base_usd"], one * 10_000 * 60)  # no growth: all days alike
    assert near(found["per_request_usd"], found["input_usd"] + found["output_usd"])


def test_growth_compounds_day_by_day():
    given = {"growth_per_month": "0.5", "days": "61", "days_per_month": "30"}
    points = sheet("month", given=given).sections["month"].series["base"]
    each = [later[1] - before[1] for before, later in pairwise(points)]
    assert abs(each[30] / each[0] - D("1.5")) < D("1e-10")
    assert abs(each[60] / each[0] - D("2.25")) < D("1e-10")


def test_low_lies_below_base_below_high_on_every_day_and_for_every_model():
    result = sheet("month", given={"growth_per_month": "0.02", "growth_per_month_low": "-0.1"}).sections["month"]
    for low, base, high in zip(*(result.series[key] for key in ("low", "base", "high")), strict=True):
        assert low[1] <= base[1] <= high[1]
    assert all(low <= base <= high for _, base, low, high in result.series["models"])
    assert all(low <= result.figures["base_usd"] <= high for _, low, high in result.series["tornado"])


def test_a_tornado_is_no_wider_than_the_scenarios():
    result = sheet("month").sections["month"]
    for _, low, high in result.series["tornado"]:
        assert result.figures["low_usd"] <= low <= high <= result.figures["high_usd"]


def test_the_worked_example_with_equal_lengths_is_the_constant_one_and_otherwise_lies_within_them():

    found = sheet("example", lengths=Lengths((200, 200), "two")).sections["example"].figures
    assert near(found["sampled_day_usd"], found["constant_day_usd"])
    assert found["request_low_usd"] == found["request_high_usd"] == found["request_median_usd"]
    mixed = sheet("example").sections["example"].figures
    assert mixed["request_low_usd"] < mixed["request_median_usd"] < mixed["request_high_usd"]
    assert near(mixed["mean_length"], D(930) / 6)


def test_at_the_break_even_a_machine_costs_in_a_month_what_the_api_does():
    first = sheet("own_hardware", given={"throughput_tokens_per_s": "5000", "prefill_tokens_per_s": "50000"})
    even = first.sections["own_hardware"].figures["break_even_requests"]
    given = {name: str(value) for name, value in first.assumptions.items()} | {"requests_per_day": str(even)}
    there = sheet("own_hardware", given=given).sections["own_hardware"].figures
    assert there["machines"] == 1
    assert near(there["own_month_usd"], there["api_month_usd"])


@pytest.mark.parametrize(
    ("given", "verdict"),
    [({}, 1), ({"throughput_tokens_per_s": "5000", "prefill_tokens_per_s": "50000", "usd_per_hour": "1"}, 2),
     ({"usd_per_hour": "0.01"}, 3)],
)  # fmt: skip
def test_the_verdict_is_the_capacity_check_of_the_break_even(given: dict[str, str], verdict: int):
    found = sheet("own_hardware", given=given).sections["own_hardware"].figures
    assert found["verdict"] == verdict
    pays = found["own_month_usd"] <= found["api_month_usd"]
    can = found["break_even_requests"] <= found["peak_served_per_day"]
    assert verdict == (3 if pays else 2 if can else 1)


def test_a_bought_machine_costs_its_price_over_its_years_and_its_power():
    given = {"bought": "1", "purchase_usd": "8760", "years": "1", "watts": "1000", "usd_per_kwh": "0.3", "pue": "2"}
    assert near(sheet("own_hardware", given=given).sections["own_hardware"].figures["hourly_usd"], D("1.6"))


def test_the_history_that_is_resent_adds_up_to_the_closed_form_with_the_square_of_the_steps():
    made = sheet("agents", given={"steps": "17"})
    found = made.sections["agents"].figures
    assert found["resent_input_tokens"] == closed_form_input(agent_plan(made.assumptions))
    assert found["cached_input_tokens"] == found["resent_input_tokens"]
    assert found["cached_task_usd"] < found["resent_task_usd"]
    assert found["truncated_input_tokens"] < found["resent_input_tokens"]
    one = sheet("agents", given={"steps": "1"}).sections["agents"].figures
    assert one["truncated_task_usd"] == one["summarised_task_usd"] == one["resent_task_usd"]


def test_training_has_paid_after_the_break_even_requests():
    found = sheet("retrieval", given={"retrieved_tokens": "8000"}).sections["retrieval"].figures
    even = found["break_even_requests"]
    assert even > 0
    assert near(even * found["rag_request_usd"], found["training_usd"] + even * found["tuned_request_usd"])
    assert near(found["break_even_days"], even / 10_000)


def test_training_that_never_pays_says_so_by_zero():
    found = sheet("retrieval", given={"retrieved_tokens": "0", "retrieval_usd_per_thousand": "0"}).sections["retrieval"]
    assert found.figures["break_even_requests"] == 0


def test_at_its_even_share_a_cascade_costs_what_the_large_model_does():
    even = sheet("cascade").sections["cascade"].figures["even_share"]
    found = sheet("cascade", given={"small_share": str(even)}).sections["cascade"].figures
    assert near(found["cascade_request_usd"], found["large_request_usd"])
    assert abs(found["saved_month_usd"]) < found["large_month_usd"] * D("1e-12")
    better = sheet("cascade", given={"small_share": str(even + D("0.1"))}).sections["cascade"].figures
    assert better["saved_month_usd"] > 0


def test_a_cache_that_is_never_hit_costs_the_written_prompt_and_the_look_up():
    given = {"prefix_hit_rate": "0", "answer_hit_rate": "0", "lookup_usd_per_thousand": "0"}
    found = sheet("cache", given=given).sections["cache"].figures
    assert not rates(MINI).has_written  # so that a miss costs what it does without a cache
    assert found["both_month_usd"] == found["plain_month_usd"] == found["prefix_month_usd"]
    written = sheet("cache", given=given, model="anthropic/claude-opus-5-5").sections["cache"].figures
    assert rates("anthropic/claude-opus-5-5").has_written
    assert written["prefix_month_usd"] > written["plain_month_usd"]


def test_energy_and_emissions_are_proportional_to_what_is_asked():
    one = sheet("energy", given={"output_tokens": "100"}).sections["energy"].figures
    two = sheet("energy", given={"output_tokens": "200"}).sections["energy"].figures
    assert all(near(two[name], value * 2) for name, value in one.items())
    assert near(one["request_wh"] * 3600, one["request_j"])
    grid = sheet("energy", given={"output_tokens": "100", "g_per_kwh": "0"}).sections["energy"].figures
    assert grid["month_kg"] == 0
    assert grid["month_kwh"] == one["month_kwh"]
