"""Facts of documents: the numbers that were measured, each with its source, under the names of the inputs."""

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from playground.experiments.agents.experiment import AGENT, AgentRequest
from playground.experiments.agents.records import AgentRecord
from playground.experiments.costing.facts import FactSource, facts_of
from playground.experiments.reruns.records import TemperatureLadderRecord
from playground.experiments.throughput.experiment import THROUGHPUT, ThroughputRecord, ThroughputRequest
from playground.experiments.training.experiment import TRAINING, TrainingRecord, TrainingRequest
from playground.runs.experiment import updates
from playground.runs.records import Document
from playground.runs.runner import Runner
from playground.settings import make_settings
from tests.experiments.compare.helpers import run_of
from tests.experiments.costing.sheets import fields
from tests.tiny_runner import of
from tests.ui.compare_samples import compared, made_run
from tests.ui.rerun_samples import record_of, row

NOT_AN_INPUT = {"output_lengths", "net_joules_per_token", "energy_method", "training_tokens_per_s"}


def told(document: Document) -> FactSource:
    (source,) = facts_of([document])
    json.dumps(source.to_plain(), allow_nan=False)
    for name, fact in source.facts.items():
        assert fact.source
        assert len(fact.source) < 400
        if name not in NOT_AN_INPUT:
            assert fields().find(name).check(fact.value) == fact.value
    return source


def number(source: FactSource, name: str) -> float:
    value = source.facts[name].value
    assert isinstance(value, Decimal)
    return float(value)


def test_a_run_tells_its_tokens_rates_and_energy():
    numbers: dict[str, Any] = {
        "ttft_s": 0.25, "decode_tokens_per_s": 40.0, "prefill_tokens_per_s": 200.0, "joules": 12.0, "net_joules": 8.0,
        "idle_watts": 4.0, "own_hardware_usd": 0.002,
    }  # fmt: skip
    source = told(run_of([1, 2, 3, 4], **numbers))
    assert source.kind == "run"
    expected = {
        "input_tokens": 2, "output_tokens": 4, "cached_share": 0, "throughput_tokens_per_s": 40,
        "prefill_tokens_per_s": 200, "ttft_s": 0.25, "joules_per_token": 3, "net_joules_per_token": 2,
        "own_usd_per_million": 500,
    }  # fmt: skip
    assert {name: number(source, name) for name in expected} == expected
    assert source.facts["energy_method"].value == "rapl"
    assert "idle included" in source.facts["joules_per_token"].source
    assert "above 4 W idle" in source.facts["net_joules_per_token"].source
    assert "tiny fp32" in source.facts["ttft_s"].source


def test_what_was_not_measured_is_left_out():
    source = told(run_of([1]))
    assert source.facts.keys() == {"input_tokens", "output_tokens", "cached_share", "own_usd_per_million"}


def test_a_rerun_tells_its_real_lengths_and_their_spread():
    lengths = [3, 9, 4, 4, 12, 7]
    source = told(record_of([row(list(range(n))) for n in lengths]))
    assert source.facts["output_lengths"].value == tuple(lengths)
    assert number(source, "output_tokens") == pytest.approx(np.mean(lengths))
    low, high = np.percentile(lengths, [10, 90])
    assert number(source, "output_tokens_low") == pytest.approx(low)
    assert number(source, "output_tokens_high") == pytest.approx(high)
    assert "6 of them cut" in source.facts["output_lengths"].source  # those rows end by length
    assert "cut" not in source.facts["throughput_tokens_per_s"].source


def test_each_pane_and_each_rung_tells_its_own():
    panes = facts_of([compared(made_run(["a"]), made_run(["a", "b"], model="other"))])
    assert [number(pane, "output_tokens") for pane in panes] == [1, 2]
    assert panes[1].title.startswith("Compare, pane 2")
    assert panes[1].title.endswith("other")
    rungs = [record_of([row([1]), row([2, 3])], temperature=t) for t in (0.0, 1.0)]
    ladder = TemperatureLadderRecord(temperatures=[0.0, 1.0], rungs=rungs)
    assert [source.title[-5:] for source in facts_of([ladder])] == ["T 0.0", "T 1.0"]


def test_an_id_belongs_to_the_facts():
    one, same, other = facts_of([run_of([1]), run_of([1]), run_of([1, 2])])
    assert one.id == same.id != other.id


def test_throughput_tells_of_the_best_batch(tiny: Runner):
    asked = ThroughputRequest(model="tiny-llama", batches=(1, 4), input_tokens=12, output_tokens=4)
    (record,) = of(ThroughputRecord, updates(tiny, THROUGHPUT, asked))
    source, best = told(record), record.best
    assert number(source, "throughput_tokens_per_s") == pytest.approx(
        max(b.decode_tokens_per_s for b in record.batches)
    )
    assert number(source, "ttft_s") == pytest.approx(best.ttft_s)
    assert number(source, "prefill_tokens_per_s") == pytest.approx(best.prefill_tokens_per_s)
    assert f"batch of {best.rows}, 12 tokens in and 4 out a row" in source.facts["ttft_s"].source


def test_an_agents_loop_tells_its_means(tiny: Runner):
    asked = AgentRequest(
        model="tiny-llama", prompt="Go.", document="one two three four", settings=make_settings(seed=1, top=0), steps=2,
        answer_tokens=4, passage_tokens=4,
    )  # fmt: skip
    (record,) = of(AgentRecord, updates(tiny, AGENT, asked))
    source = told(record)
    assert number(source, "step_tokens") == number(source, "output_tokens") == 4
    assert number(source, "system_tokens") == record.plan["system_tokens"]
    assert number(source, "tool_tokens") == pytest.approx(np.mean([step.tool_tokens for step in record.steps]))
    calls = [call for step in record.steps for call in step.calls]
    share = sum(call.cached_tokens for call in calls) / sum(call.prompt_tokens for call in calls)
    assert number(source, "cached_share") == pytest.approx(share)


def test_a_training_step_tells_its_rate(tiny: Runner):
    settings = make_settings(max_new_tokens=2)
    asked = TrainingRequest(model="tiny-llama", settings=settings, sentence="the ants are in", learning_rate=0.01)
    (record,) = of(TrainingRecord, updates(tiny, TRAINING, asked))
    rate = len(record.sentence_token_ids) / record.step.seconds
    assert number(told(record), "training_tokens_per_s") == pytest.approx(rate)


def test_a_run_without_an_answer_tells_nothing():
    assert facts_of([run_of([])]) == []
