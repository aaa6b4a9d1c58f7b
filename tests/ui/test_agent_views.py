"""What the page draws and says of a loop is what its record holds."""

import json
from decimal import Decimal
from typing import Literal

from playground.experiments.agents.experiment import AgentRequest
from playground.experiments.agents.records import AgentPlan, AgentRecord, AgentStepRecord, CallRecord, ForecastRecord
from playground.runs.records import ModelRecord
from playground.views.agents import VIEW
from playground.views.format import NOTHING
from playground.views.panels import Drawn, Sofar, Table
from playground.views.spec import ChartSpec

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


DRAWN = VIEW.draw(Sofar(record=RECORD))


def points(name: str) -> dict[str, list[list[float]]]:
    chart = DRAWN[name]
    assert isinstance(chart, ChartSpec)
    return {one["name"]: one["points"] for one in json.loads(chart.to_json())["series"]}


def test_the_charts_hold_the_records_numbers():
    drawn = points("input")
    assert drawn["predicted"] == [[1, 20], [2, 60], [3, 120]]
    assert drawn["measured"] == [[1, 20], [2, 65]]
    assert drawn["of these computed"] == [[1, 20], [2, 40]]
    assert points("ttft") == {"without cache": [[1, 0.5]], "with prefix cache": [[1, 0.2], [2, 0.2]]}


def test_a_row_of_the_table_sums_the_calls_of_its_step():
    table = DRAWN["table"]
    assert isinstance(table, Table)
    second = dict(zip(table.head, table.rows[1], strict=True))
    assert (second["step"], second["input"], second["from cache"], second["output"]) == ("2 + summary", "45", "25", "8")
    assert (second["input so far"], second["predicted"], second["difference"]) == ("65", "60", "+8.3%")
    assert (second["ttft, no cache"], second["price, resent"], second["price, cached"]) == (
        NOTHING,
        "$0.004",
        "$0.002",
    )


def test_the_sentence_tells_what_was_lost_of_the_cache():
    words = str(DRAWN["result"])
    assert "2 steps read 65 input tokens, predicted 60 (+8.3%)" in words
    assert "25 of the input came from the cache; 33 cached tokens could not be reused" in words
    assert "$0.006 resent (predicted $0.004), $0.003 with the cached rate." in words
    assert "no room" in words
    assert VIEW.draw(Sofar(record=made()))["result"] == "Ended: no room."


def test_an_opened_loop_shows_what_the_same_loop_showed_live():
    live = Sofar(AgentRequest(model="tiny", prompt="Read."), [AgentPlan({}, RECORD.forecast), *RECORD.steps])
    said = VIEW.draw(live)["said"]
    assert said == DRAWN["said"]
    assert isinstance(said, Drawn)
    lines = [json.loads(line) for line in said.value.splitlines()]
    assert [line["user"] for line in lines if "user" in line][::2] == ["Read.", "passage 1"]
    assert [line.get("who", "You") for line in lines if "user" in line] == ["You", "Loop", "Tool"]
    assert "<" not in said.value
    assert VIEW.kept(Sofar(record=RECORD)) == "2 of 3 steps: no room"
