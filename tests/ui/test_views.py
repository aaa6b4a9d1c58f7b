"""What is shown, as pure functions of what was measured."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.backends.base import Loading
from playground.backends.job import Queued
from playground.engine.events import Candidate, Finished, PreparedPrompt, PromptProgress, TokenEvent
from playground.metrics.cost import resent_usd
from playground.metrics.prices import reference_models
from playground.runs.measure import token_record
from playground.runs.updates import Meters
from playground.ui.components.base import definitions
from playground.ui.components.meters import GAUGES
from playground.views import run as views
from playground.views.format import NOTHING, format_bytes, format_money
from playground.views.money import resent, usage
from tests.scripted import Script, ScriptedRunner
from tests.ui.test_live import request_for

TEXTS = st.text(st.characters(), max_size=20)


def meters_of_a_run(runner: ScriptedRunner | None = None) -> Meters:
    run = (runner or ScriptedRunner(Script(count=12, tokens_per_s=2000))).start(request_for("a b c"), lambda: False)
    list(run)
    meters = run.meters()
    assert meters is not None
    return meters


def token(text: str, top: tuple[Candidate, ...] = (), id: int = 1) -> TokenEvent:
    return TokenEvent(0, id, text, -1.5, 2, 3.25, 0.3, 4, top, 0.125, (9, 5, 4), 100)


@given(TEXTS, TEXTS)
def test_any_text_travels_in_one_line_and_comes_back(text: str, other: str):
    line = views.token_line(token(text, (Candidate(5, other, 0.5), Candidate(1, text, 0.25))))
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert line.isascii()
    assert "<" not in line
    shown = json.loads(line)
    assert (shown["text"], shown["top_k"], shown["top_p"], shown["kept"], shown["chosen"]) == (text, 9, 5, 4, 1)
    assert shown["top"] == {"texts": [other, text], "probs": [0.5, 0.25]}
    assert json.loads(views.tail_line(text))["tail"] == text


def test_a_token_outside_the_top_list_says_so():
    assert json.loads(views.token_line(token("x", (Candidate(5, "y", 0.5),))))["chosen"] == -1


def test_a_saved_token_has_the_live_ones_line_without_what_its_file_does_not_hold():
    event = token("x", (Candidate(1, "x", 0.5),))
    live, saved = (json.loads(views.token_line(one)) for one in (event, token_record(event)))
    assert live == saved | {"top_k": 9, "top_p": 5}
    assert not {"top_k", "top_p"} & set(saved)


def test_only_the_line_of_a_token_has_a_text():
    assert json.loads(views.head_line("abc", ordered=True)) == {"run": "abc", "ordered": True}
    assert json.loads(views.end_line("eos")) == {"end": "eos"}
    assert json.loads(views.token_line(token("x")))["text"] == "x"
    assert json.loads(views.word_line(token("x"))) == {"text": "x", "logprob": -1.5}


def test_every_figure_of_the_gauges_has_a_value_and_a_definition_with_unit_formula_and_source():
    values = views.meter_values(meters_of_a_run(), "eos")
    for gauge in GAUGES:
        for key in (gauge.headline, *gauge.rows):
            assert key in values
            about = definitions("meter")[key]
            assert all(about[part] for part in ("term", "definition", "formula", "source"))
            assert about["unit"] or key == "ended"
    assert set(definitions("meter")) == {key for gauge in GAUGES for key in (gauge.headline, *gauge.rows)}


def test_cost_names_its_price_list_and_the_month_is_labelled_as_derived():
    meters = meters_of_a_run()
    values = views.meter_values(meters)
    assert meters.cost.reference_model.endswith(values["cost_label"].split()[-1])
    assert meters.cost.prices_as_of in values["money_date"]
    assert "derived" in definitions("meter")["month"]["term"]
    assert values["month"] == f"{format_money(meters.cost.total_usd * 304_000)} a month"
    assert "$0.25/h" in values["money_note"]
    assert values["energy_note"] == "modelled at 30 W, idle 10 W"


def test_the_headline_of_cost_is_this_machines_and_the_list_price_is_named_as_another_models():
    meters = meters_of_a_run()
    cost, values = meters.cost, views.meter_values(meters)
    assert cost.own_hardware_usd != cost.total_usd
    assert values["own"] == values["line_cost"] == format_money(cost.own_hardware_usd)
    assert values["cost"] == format_money(cost.total_usd)
    assert next(gauge.headline for gauge in GAUGES if gauge.quantity == "money") == "own"


def test_the_tokens_that_are_paid_for_travel_with_the_meters():
    meters = meters_of_a_run()
    counts = {"input": meters.prompt_tokens, "cached": 0, "output": meters.output_tokens}
    assert views.meter_values(meters)["usage"] == {"requests": 1, **counts}
    part_cached = replace(meters, cost=meters.cost.model_copy(update={"cached_tokens": 2, "cached_usd": Decimal(1)}))
    values = views.meter_values(part_cached)
    assert (values["usage"]["cached"], values["cost_cached"]) == (2, "$1.00")
    assert values["cost_cached_label"].startswith("of them 2 cached")


def test_tokens_that_a_batch_shared_are_told_but_paid_for_in_full():
    shared = meters_of_a_run().cost.model_copy(update={"input_tokens": 30, "cached_tokens": 20})
    assert usage(shared, 3) == {"requests": 3, "input": 30, "cached": 0, "output": shared.output_tokens}


def test_sent_again_the_prompt_costs_its_cached_rate_where_the_list_has_one():
    cost = meters_of_a_run().cost
    assert resent(cost) == format_money(resent_usd(cost.reference_model, cost.input_tokens, cost.output_tokens))
    none = next(model.id for model in reference_models() if not model.has_cached)
    assert resent(cost.model_copy(update={"reference_model": none})) == "no cached rate"
    gone = cost.model_copy(update={"reference_model": "left/the-list"})
    assert resent(gone) == NOTHING


def test_gpu_memory_shows_only_where_there_is_one():
    meters = meters_of_a_run()
    assert views.meter_values(meters)["gpu"] == ""
    on_gpu = replace(meters, gpu_allocated_bytes=1_000_000_000, gpu_reserved_bytes=2_000_000_000)
    assert views.meter_values(on_gpu)["gpu"] == "1.00 / 2.00 GB"


def test_what_is_not_known_is_a_dash_and_never_a_zero():
    meters = meters_of_a_run(ScriptedRunner(Script(tokens=[], tokens_per_s=2000)))
    values = views.meter_values(replace(meters, mbu=None, limit_s=None), "eos")
    for key in ("decode", "ttft", "itl", "mbu", "energy_token", "energy_token_gross"):
        assert values[key] == NOTHING
    assert views.meter_values(None) == {}


def test_the_preview_tells_what_is_read_dropped_and_left_for_the_answer():
    assert views.preview_text(PreparedPrompt((1,), 0, 100), 10) == "1 token will be read."
    text = views.preview_text(PreparedPrompt(tuple(range(90)), 1200, 100), 50)
    assert text == (
        "90 tokens will be read; the oldest 1,200 tokens drop for the context length of 100; "
        "room for 10 tokens of answer."
    )
    assert "read as plain text" in views.preview_text(PreparedPrompt((1,), 0, 100, neutralised=True), 1)
    noted = views.preview_text(PreparedPrompt((1,), 0, 100, notes=("This is not read.",)), 10)
    assert noted == "1 token will be read. This is not read."


def test_every_state_has_its_words():
    assert views.status(Queued(1, 0.1)) == {"phase": "queued", "text": "waiting, 1 run before this", "turn": 1}
    loading = views.status(Loading("m", "int4", "fetching", 0.5))
    assert loading == {"phase": "loading", "text": "loading m int4: fetching 50%", "fraction": 0.5}
    reading = views.status(PromptProgress(512, 2048, 0.1))
    assert reading == {"phase": "reading", "text": "reading the prompt, 512 of 2,048 tokens", "fraction": 0.25}
    reasons = {reason: views.status(Finished(reason, "", 1)) for reason in views.FINISH_REASONS}  # type: ignore[arg-type]  # any text
    assert reasons["cancelled"] == {"phase": "stopped", "text": "stopped"}
    assert reasons["length"] == {"phase": "finished", "text": "finished: token limit reached"}
    assert views.status(token("x")) is None


def test_a_cache_that_can_not_be_predicted_is_unknown_beside_what_is_measured():
    meters = replace(meters_of_a_run(), kv_predicted_bytes=None, kv_full_bytes=None)
    values = views.meter_values(meters)
    assert values["kv"] == f"{format_bytes(meters.memory.kv_cache_bytes)} / unknown"
    assert values["kv_full"] == "unknown"
    assert values["weights_share"] + values["kv_share"] == pytest.approx(1, abs=1e-3)
