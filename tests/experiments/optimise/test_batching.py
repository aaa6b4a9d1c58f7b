"""Batching: predicted from one row and the prefill rate, the same answer in every batch, where it stops paying."""

import pytest

from playground.experiments.costing.facts import facts_of
from playground.experiments.optimise.batching import ALONE
from playground.experiments.optimise.declared.batching import BATCHING, BatchingRequest
from playground.experiments.optimise.records import OptimisationRecord
from playground.runs.experiment import updates
from playground.runs.runner import Runner
from tests.tiny_runner import of

SHORT = BatchingRequest(model="tiny-llama", prompt="Hello there", tokens=6, cycles=2, rows=(2, 8))


def test_batches_are_measured_predicted_and_usable_in_cost(tiny: Runner):
    (record,) = of(OptimisationRecord, updates(tiny, BATCHING, SHORT))
    assert [arm.name for arm in record.arms] == [ALONE, "2 rows", "8 rows"]
    for arm in record.arms:
        rows = arm.settings["rows"]
        for all_rows, each in zip(
            *(arm.measured[f"{name}_tokens_per_s"].values for name in ("all", "row")), strict=True
        ):
            assert all_rows == pytest.approx(rows * each)
        assert arm.median("kv_cache_bytes") == rows * (record.baseline.median("kv_cache_bytes") or 0)
    for arm in record.variants:  # no faster than one row's step, and no faster than arithmetic
        assert arm.predicted["all_tokens_per_s"] == pytest.approx(
            arm.settings["rows"] * arm.predicted["row_tokens_per_s"]
        )
    assert {arm.same_answer for arm in record.variants} == {True}
    (source,) = facts_of([record])
    assert source.kind == "experiment"
    assert "throughput_tokens_per_s" in source.facts
