"""The prefix cache: what is counted, where a beginning breaks, and which bits change; its document and its replay."""

import pytest

from playground.data.optimise import shipped_prefix
from playground.experiments.documents import parse_document
from playground.experiments.optimise.declared.prefix_cache import PREFIX_CACHE, WARM, PrefixCacheRequest
from playground.experiments.optimise.prefix_shown import MIDDLE, TIME
from playground.experiments.optimise.records import OptimisationRecord
from playground.experiments.registry import experiment_of
from playground.experiments.replays import replay_document
from playground.runs.experiment import late, updates
from playground.runs.runner import Runner
from playground.views.optimise import VIEW
from playground.views.panels import Sofar
from tests.tiny_runner import of

SHORT = PrefixCacheRequest(model="tiny-llama", prompt="Where is it?", tokens=4, cycles=2)


@pytest.fixture
def record(tiny: Runner) -> OptimisationRecord:
    (record,) = of(OptimisationRecord, updates(tiny, PREFIX_CACHE, SHORT))
    return record


def _median(record: OptimisationRecord, name: str, quantity: str) -> float:
    value = next(arm for arm in record.arms if arm.name == name).median(quantity)
    assert value is not None
    return value


def test_what_is_read_and_what_comes_from_the_cache_are_the_prompt_and_every_arm_says_the_same(
    record: OptimisationRecord,
):
    names = [arm.name for arm in record.arms]
    cached = {name: _median(record, name, "cached_prompt_tokens") for name in names}
    assert len({cached[name] + _median(record, name, "computed_prompt_tokens") for name in names}) == 1
    assert 0 == cached[record.baseline.name] < cached[TIME] < cached[MIDDLE] < cached[WARM]
    usd = {name: _median(record, name, "input_usd") for name in names}
    assert usd[record.baseline.name] > usd[TIME] > usd[MIDDLE] > usd[WARM]
    assert all(arm.same_answer for arm in record.variants)
    assert all(arm.predicted["ttft_s"] > 0 for arm in record.arms)


def test_the_pointer_stands_at_the_token_that_broke_the_beginning(record: OptimisationRecord):
    data = shipped_prefix()
    for traced, name in zip(record.texts, (TIME, MIDDLE), strict=True):
        kept, broke, read = traced.pieces
        assert [kept.kind, broke.kind, read.kind] == list(traced.kinds)
        assert str(int(_median(record, name, "cached_prompt_tokens")) + 1) in traced.title
        assert data.time in kept.text + broke.text + read.text
    assert record.texts[0].pieces[1].text in data.time


def test_bits_are_compared_at_a_border_and_within_a_chunk(record: OptimisationRecord):
    bits = record.grids[1]
    assert len(bits.rows) == 2
    border, within = bits.rows
    assert border[-2:] == ["same", "same"]  # the shapes of a run without reuse
    assert within[-1] == "same"
    assert border[1] == 256
    changes = {arm.name: arm.median("logit_change") for arm in record.variants}
    assert changes[WARM] == pytest.approx(float(str(within[2])), rel=0.1)
    assert all(change is not None and change < 1e-3 for change in changes.values())


def test_a_file_of_it_reads_back_is_drawn_and_runs_again(tiny: Runner, record: OptimisationRecord):
    again = parse_document(record.to_json())
    assert again == record
    assert experiment_of(again) is PREFIX_CACHE
    assert {"verdict", "bars-1", "figure-1", "grid-1", "grid-2", "texts", "table"} <= VIEW.draw(
        Sofar(record=again)
    ).keys()
    (source,) = late(PREFIX_CACHE.facts)(again)
    assert 0 < source.facts["cached_share"].value < 1
    outcome = replay_document(again, tiny)
    assert outcome.identical, outcome.differences


@pytest.mark.parametrize("model", ["tiny-gemma3", "tiny-gpt2"])
def test_where_no_beginning_can_be_kept_it_is_said(runner: Runner, model: str):
    request = SHORT.model_copy(update={"model": model})
    (record,) = of(OptimisationRecord, updates(runner, PREFIX_CACHE, request))
    warm = next(arm for arm in record.variants if arm.name == WARM)
    assert bool(warm.not_here) == (model == "tiny-gemma3")
    assert record.verdict
