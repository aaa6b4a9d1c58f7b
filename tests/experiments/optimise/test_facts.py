"""What Cost takes of each panel as measured, and where its link leads."""

import json
from decimal import Decimal

import pytest

from playground.experiments.costing.facts import facts_of
from playground.experiments.costing.sections import section_of
from playground.experiments.optimise.declared.cascade import BY_CONFIDENCE
from playground.experiments.optimise.declared.prefix_cache import WARM
from playground.experiments.optimise.records import ArmRecord, Measure, NoiseRecord, OptimisationRecord
from playground.runs.records import ModelRecord
from playground.views.cost_use import cost_use
from playground.views.optimise import VIEW
from playground.views.panels import Sofar
from tests.experiments.costing.sheets import fields

MODEL = ModelRecord(
    id="tiny", source="here", parameters=1, quantization="fp32", weights_bytes=4, context_length=64, device="cpu"
)


def arm(name: str, **medians: float) -> ArmRecord:
    measured = {key: Measure(median=one, low=one, high=one, values=[one]) for key, one in medians.items()}
    return ArmRecord(name=name, settings={}, measured=measured, predicted={})


def record(name: str, *variants: ArmRecord) -> OptimisationRecord:
    return OptimisationRecord(
        name=name, model=MODEL, request={}, cycles_asked=1, verdict="So it is.", ended="complete", environment={},
        headline=["wall_s"], baseline=arm("baseline", wall_s=1), variants=list(variants),
        noise=NoiseRecord(cycles=1, band={}, order=[]),
    )  # fmt: skip


PREFIX = record("prefix-cache", arm("other", hit_share=0.9), arm(WARM, hit_share=0.625, ttft_s=0.2))
BATCHES = record("batching", arm("2 rows", all_tokens_per_s=40, ttft_s=0.1), arm("8 rows", all_tokens_per_s=120.0))
CASCADE = record("cascade", arm("at random", large_calls_share=0.5), arm(BY_CONFIDENCE, large_calls_share=0.25))
RESPONSES = record(
    "response-cache", arm("the same text", wrong_share=0, answered_share=0.3), arm("gated", wrong_share=0,
    answered_share=0.4), arm("similar", wrong_share=0.2, answered_share=0.8),
)  # fmt: skip


@pytest.mark.parametrize(
    ("measured", "section", "name", "value", "figure"),
    [
        (PREFIX, "month", "cached_share", 0.625, "62.5%"),
        (BATCHES, "own_hardware", "throughput_tokens_per_s", 120, "120 tok/s"),
        (CASCADE, "cascade", "small_share", 0.75, "75.0%"),
        (RESPONSES, "cache", "answer_hit_rate", 0.4, "40.0%"),
    ],
)
def test_a_number_reaches_the_input_that_means_it(
    measured: OptimisationRecord, section: str, name: str, value: float, figure: str
):
    (source,) = facts_of([measured])
    fact = source.facts[name]
    assert fact.value == Decimal(str(value)) == fields().find(name).check(fact.value)
    assert "tiny fp32 on cpu" in fact.source
    drawn = VIEW.draw(Sofar(record=measured))["cost"]
    assert drawn == cost_use(measured)
    link = json.loads(drawn.value)
    assert (link["section"], link["field"], link["figure"]) == (section, name, figure)
    assert link["source"] == json.loads(json.dumps(source.to_plain()))
    assert name in section_of(section).fields
    assert drawn.plain == [f"Cost takes it as measured, in {link['panel']}: {link['label']}, {figure}."]


@pytest.mark.parametrize("measured", [
    record("kv-cache", arm("without", decode_tokens_per_s=1)), record("prefix-cache", arm("not here")),
    record("cascade", arm("small alone", large_calls_share=0)), record("response-cache", arm("similar", wrong_share=1,
    answered_share=1)), record("batching", arm("2 rows")),
], ids=lambda one: one.name)  # fmt: skip
def test_what_was_not_measured_gives_cost_nothing(measured: OptimisationRecord):
    assert facts_of([measured]) == []
    assert "cost" not in VIEW.draw(Sofar(record=measured))
