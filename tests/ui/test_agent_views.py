"""What the page draws and says of a loop is what its record holds."""

import json
from decimal import Decimal
from typing import Literal

import pytest

from playground.errors import PlaygroundError
from playground.experiments.agents.records import AgentRecord, AgentStepRecord, CallRecord, ForecastRecord
from playground.experiments.agents.request import default_document
from playground.runs.records import ModelRecord
from playground.ui.rooms.cost.agent_live import AgentView
from playground.ui.rooms.cost.agents import agent_request
from playground.views.agents import input_chart, loop_words, steps_value, ttft_chart
from playground.views.format import NOTHING

MODEL = ModelRecord(
    id="tiny", source="s", parameters=1, quantization="fp32", weights_bytes=1, context_length=99, device="cpu"
)


def call(
    prompt: int, cached: int, held: int, *, purpose: Literal["answer", "summary"] = "answer", plain: float | None = 0.5
) -> CallRecord:
    return CallRecord(
        purpose=purpose, prompt_tokens=prompt, held_tokens=held, cached_tokens=cached, computed_tokens=prompt - cached,
        output_tokens=4, prefill_s=0.1, ttft_s=0.2, e2e_s=1.0, plain_prefill_s=plain, plain_ttft_s=plain,
        resent_usd=Decimal("0.002"), cached_usd=Decimal("0.001"), token_ids=[1, 2, 3, 4], text="<b>said</b>",
        finish_reason="length",
    )  # fmt: skip


def made(*calls: list[CallRecord]) -> AgentRecord:
    steps = [
        AgentStepRecord(number=n, seed=n, calls=own, tool_text=f"passage {n}", tool_tokens=3, passage=n - 1)
        for n, own in enumerate(calls, 1)
    ]
    forecast = [
        ForecastRecord(
            number=n, input_tokens=20 * n, cumulative_input_tokens=sum(20 * k for k in range(1, n + 1)),
            resent_usd=Decimal("0.002") * n, cached_usd=None,
        )
        for n in range(1, 4)
    ]  # fmt: skip
    return AgentRecord(
        model=MODEL, settings={}, task="Read.", document="x", steps_asked=3, tool="next", passage_tokens=8,
        strategy="summarised", keep_steps=1, summary_every=1, summary_tokens=4, without_cache=True, ended="context",
        ended_words="no room", plan={}, steps=steps, forecast=forecast, reference_model="a/b", prices_as_of="today",
        environment={},
    )  # fmt: skip


RECORD = made([call(20, 0, 0)], [call(30, 20, 24, purpose="summary"), call(15, 5, 34, plain=None)])


def test_the_charts_hold_the_records_numbers():
    drawn = {one["name"]: one["points"] for one in json.loads(input_chart(RECORD.steps, RECORD.forecast))["series"]}
    assert drawn["predicted"] == [[1, 20], [2, 60], [3, 120]]
    assert drawn["measured"] == [[1, 20], [2, 65]]
    assert drawn["of these computed"] == [[1, 20], [2, 40]]
    times = {one["name"]: one["points"] for one in json.loads(ttft_chart(RECORD.steps, 3))["series"]}
    assert times == {"without cache": [[1, 0.5]], "with prefix cache": [[1, 0.2], [2, 0.2]]}


def test_a_row_of_the_table_sums_the_calls_of_its_step():
    table = json.loads(steps_value(RECORD.steps, RECORD.forecast))
    second = dict(zip(table["head"], table["rows"][1], strict=True))
    assert (second["step"], second["input"], second["from cache"], second["output"]) == ("2 + summary", "45", "25", "8")
    assert (second["input so far"], second["predicted"], second["difference"]) == ("65", "60", "+8.3%")
    assert (second["ttft, no cache"], second["price, resent"], second["price, cached"]) == (
        NOTHING,
        "$0.004",
        "$0.002",
    )


def test_the_sentence_tells_what_was_lost_of_the_cache():
    words = loop_words(RECORD)
    assert "2 steps read 65 input tokens, predicted 60 (+8.3%)" in words
    assert "25 of the input came from the cache; 33 cached tokens could not be reused" in words
    assert "$0.006 resent (predicted $0.004), $0.003 with the cached rate." in words
    assert loop_words(made()) == ""


def test_an_opened_loop_shows_what_the_same_loop_showed_live():
    live, opened = AgentView(RECORD.task), AgentView()
    for step in RECORD.steps:
        live.add(step)
    for view in (live, opened):
        view.add(RECORD)
        view.opened()
    assert live.values() == opened.values()
    lines = [json.loads(line) for line in opened.values()[-1].splitlines()]
    assert [line["user"] for line in lines if "user" in line][::2] == ["Read.", "passage 1"]
    assert [line.get("who", "You") for line in lines if "user" in line] == ["You", "Loop", "Tool"]
    assert "<" not in opened.values()[-1]
    assert opened.status["text"] == "opened: 2 of 3 steps: no room, tiny"


def values(**more: object) -> dict[str, object]:
    return {
        "task": "Read.", "document": default_document(), "model": "m", "quantization": "fp32", "tool": "next",
        "strategy": "full", "steps": 8.0, "answer_tokens": 48, "passage_tokens": 48, "keep_steps": 2,
        "summary_every": 3, "summary_tokens": 64, "without": True, "reference_model": "", "temperature": 0.5,
        "top_p": 1, "top_k": 0, "min_p": 0, "repetition_penalty": 1, "context_length": None, "max_new_tokens": 999,
        "seed": 3, "system": "", "stop": "", "raw": False,
    } | more  # fmt: skip


def test_the_fields_become_a_request_and_the_answers_length_is_the_loops_own():
    request = agent_request(values())
    assert (request.steps, request.settings.max_new_tokens, request.without_cache) == (8, 48, True)
    assert request.settings.temperature == 0.5


@pytest.mark.parametrize(
    ("more", "told"),
    [({"steps": None}, "Steps must be a whole number from 1 to 8"), ({"steps": 2.5}, "Steps"),
     ({"steps": True}, "Steps"), ({"answer_tokens": float("nan")}, "Most tokens of an answer"),
     ({"passage_tokens": 10**30}, "Tokens of a passage"), ({"tool": 3}, "must be text"),
     ({"temperature": 9}, "temperature")],
)  # fmt: skip
def test_a_wrong_field_is_named(more: dict[str, object], told: str):
    with pytest.raises(PlaygroundError, match=told):
        agent_request(values(**more))
