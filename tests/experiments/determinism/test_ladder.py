from itertools import chain
from threading import Event
from typing import Any

import pytest
import torch

from playground.errors import PlaygroundError
from playground.experiments.determinism import control as control_module
from playground.experiments.determinism import ladder as ladder_module
from playground.experiments.determinism.control import differences
from playground.experiments.determinism.experiment import LADDER, MAX_TOKENS, LadderRequest, reference_quantization
from playground.experiments.determinism.records import (
    ControlRecord,
    FixRecord,
    LadderRecord,
    ProbeRecord,
    ReferenceRecord,
    RungRecord,
)
from playground.experiments.determinism.rungs import FIXES, RUNGS
from playground.experiments.documents import parse_document
from playground.runs.request import read_request
from playground.runs.runner import Runner
from playground.runs.stages import Stage
from playground.settings import QUANTIZATIONS
from tests.experiments.determinism.conftest import MODELS, Climbs, asked, ladder
from tests.tiny_runner import of

EVERY = [*((model, "fp32") for model in MODELS), ("tiny-llama", "bf16")]
each_climb = pytest.mark.parametrize(("model", "quantization"), EVERY, ids=map("-".join, EVERY))


def rungs_of(record: LadderRecord) -> dict[str, RungRecord]:
    return {rung.name: rung for rung in record.rungs}


def climbed(record: LadderRecord) -> list[RungRecord]:
    return [rung for rung in record.rungs if not rung.skipped]


def drift(record: LadderRecord, name: str) -> float:
    largest = rungs_of(record)[name].max_abs_logit_diff
    assert largest is not None
    return largest


@each_climb
def test_the_control_repeats_itself_bit_by_bit_and_so_does_greedy_again(climbs: Climbs, model, quantization):
    record = climbs.record(model, quantization)
    assert record.control.bitwise_equal
    assert record.claims
    assert record.control.repeats == record.control.in_process == 5
    again = rungs_of(record)["greedy"]
    assert again.max_abs_logit_diff == again.kl_max == 0
    assert again.top1_agreement == 1
    assert again.token_ids == record.reference.token_ids


@each_climb
def test_every_rung_and_every_fix_is_there_measured_or_with_its_reason(climbs: Climbs, model, quantization):
    record = climbs.record(model, quantization)
    assert [rung.name for rung in record.rungs] == [rung.name for rung in RUNGS]
    assert [fix.name for fix in record.fixes] == [fix.name for fix in FIXES]
    for rung in climbed(record):
        assert rung.kl_mean is not None
        assert rung.kl_max is not None
        assert 0 <= rung.kl_mean <= rung.kl_max
        assert rung.text
        assert rung.seconds > 0
    # In a quick ladder these wait for a fresh process; everything else runs on every architecture.
    expected = {quantization, "instruction-set"} | ({"own-decoder"} if model != "tiny-llama" else set())
    assert {rung.name for rung in record.rungs if rung.skipped} == expected
    assert {fix.name for fix in record.fixes if fix.skipped} == {"strict-cnr"}


@each_climb
def test_every_fork_of_numerics_was_predicted_by_its_gap(climbs: Climbs, model, quantization):
    """A theorem: the first other token wins only if two logits moved by the gap together."""
    record = climbs.record(model, quantization)
    for rung in climbed(record):
        limit = 2 * (rung.max_abs_logit_diff or 0)
        assert rung.predicted_risky == [t for t, gap in enumerate(record.reference.gaps) if gap <= limit]
        if rung.group == "sampling":
            assert rung.was_predicted is None
        elif rung.divergence_token is None:
            assert rung.token_ids == record.reference.token_ids
        else:
            assert rung.divergence_token in rung.predicted_risky
            assert rung.was_predicted
            assert rung.token_ids[: rung.divergence_token] == record.reference.token_ids[: rung.divergence_token]
            assert rung.reference_token != rung.rung_token


@each_climb
def test_a_rung_that_changed_no_bit_says_so_and_forks_nowhere(climbs: Climbs, model, quantization):
    for rung in climbed(climbs.record(model, quantization)):
        if rung.group == "numerics":
            assert ("No effect found here" in rung.note) == (rung.max_abs_logit_diff == 0)
            assert rung.max_abs_logit_diff or rung.divergence_token is None


@pytest.mark.parametrize("model", MODELS)
def test_fewer_bits_move_logits_further_than_another_batch_does(climbs: Climbs, model):
    record = climbs.record(model, "fp32")
    moved = max(drift(record, f"batch-{rows}") for rows in (2, 8, 16))
    assert drift(record, "int4") > drift(record, "bf16") > drift(record, "fp16") > moved


def test_quantized_weights_are_another_model_and_not_noise(climbs: Climbs):
    groups = {rung.name: rung.group for rung in climbs.record("tiny-llama", "fp32").rungs}
    assert {name for name, group in groups.items() if group == "another-model"} == {"int8", "int4"}


def test_a_ladder_of_packed_weights_has_an_fp32_reference_and_keeps_the_model_in_memory(climbs: Climbs):
    runner = climbs.runner()
    *said, record = list(ladder(runner, asked(4, quantization="int8", only=("int8",))))
    assert isinstance(record, LadderRecord)
    assert record.model.quantization == "fp32" == reference_quantization("int8")
    assert any("fp32" in one.text for one in said if isinstance(one, Stage))  # said before, not only in the result
    for quantization in QUANTIZATIONS:  # and before the run
        assert f" {reference_quantization(quantization)}" in LADDER.before(asked(4, quantization=quantization))
    assert "fp32" in record.reference.name
    assert not rungs_of(record)["int8"].skipped
    assert runner.facts is not None
    assert runner.facts.quantization == "int8"


def test_everything_is_told_as_soon_as_it_is_known_and_progress_never_goes_back(climbs: Climbs):
    updates = climbs.updates("tiny-llama", "fp32")
    kinds = [type(update) for update in updates]
    first = [kinds.index(kind) for kind in (ReferenceRecord, ControlRecord, ProbeRecord, RungRecord, FixRecord)]
    assert first == sorted(first)
    record = climbs.record("tiny-llama", "fp32")
    assert record.host_probe == of(ProbeRecord, updates)
    assert record.rungs == of(RungRecord, updates)
    fractions = [stage.fraction for stage in of(Stage, updates) if stage.fraction]
    assert fractions == sorted(fractions)
    assert fractions[-1] <= 1


def test_the_record_survives_its_file(climbs: Climbs):
    record = climbs.record("tiny-gemma3", "fp32")
    assert parse_document(record.to_json()) == record


def test_the_drawn_rungs_tell_a_seed_from_none(climbs: Climbs):
    record = climbs.record("tiny-llama", "fp32")
    rungs = rungs_of(record)
    assert "gave the same answer" in rungs["seeded"].note
    assert rungs["seeded"].max_abs_logit_diff == rungs["unseeded"].max_abs_logit_diff == 0
    fixes = {fix.name: fix for fix in record.fixes}
    assert "diverged" in fixes["seed"].before  # two hot draws of 24 tokens
    assert fixes["seed"].works
    assert fixes["greedy"].works


@pytest.mark.parametrize("model", MODELS)
def test_a_cure_works_where_a_difference_was_and_is_gone(climbs: Climbs, model):
    """Whether products are all that differs in a batch, the host decides; `test_parts` has the law for products."""
    (fix,) = [fix for fix in climbs.record(model, "fp32").fixes if fix.name == "fixed-tile"]
    was_equal, is_equal = ("bitwise equal" in words for words in (fix.before, fix.after))
    assert fix.works == (None if was_equal else is_equal)
    assert fix.tokens_per_s_before
    assert fix.tokens_per_s_after


def test_no_setting_of_the_process_is_left_changed(climbs: Climbs):
    before = torch.get_num_threads()
    seen = set()
    for update in ladder(climbs.runner(), asked(3, only=("threads",))):
        seen.add(torch.get_num_threads())  # not even between two steps
        assert update
    assert seen == {before}


def test_where_the_reference_does_not_repeat_itself_nothing_is_claimed(climbs: Climbs, monkeypatch):
    calls: list[Any] = []

    def drifting(name: str, first: list[str], other: list[str]) -> list[str]:
        calls.append(name)
        return differences(name, first, [*other[:-1], "other bits"])

    monkeypatch.setattr(control_module, "differences", drifting)
    record = list(ladder(climbs.runner(), asked(4)))[-1]
    assert isinstance(record, LadderRecord)
    assert not record.claims
    assert not record.control.bitwise_equal
    assert len(calls) == len(record.control.differing) == 4
    assert "the first at token 3" in record.control.differing[0]
    assert record.rungs == record.fixes == record.host_probe == []


def stopped_after(runner: Runner, kind: type) -> list[Any]:
    updates, stop = [], Event()
    for update in ladder(runner, asked(8), stop.is_set):
        updates.append(update)
        if isinstance(update, kind):
            stop.set()
    return updates


def test_stop_keeps_what_is_done(climbs: Climbs):
    runner = climbs.runner()
    updates = stopped_after(runner, RungRecord)
    record = updates[-1]
    assert isinstance(record, LadderRecord)
    assert [rung.name for rung in record.rungs] == [RUNGS[0].name]
    assert record.claims
    at = next(number for number, update in enumerate(updates) if isinstance(update, RungRecord))
    assert len(updates) - at <= 3  # at most a step more, then the record
    assert record == parse_document(record.to_json())
    # The turn is free again.
    assert isinstance(list(ladder(runner, asked(2, only=("greedy",))))[-1], LadderRecord)


def test_stop_within_the_control_claims_nothing(climbs: Climbs):
    updates = stopped_after(climbs.runner(), Stage)
    assert not of(LadderRecord, updates)
    assert not of(ControlRecord, updates)


def test_leaving_the_ladder_gives_model_and_turn_back(climbs: Climbs):
    runner = climbs.runner()
    climb = ladder(runner, asked(8))
    next(update for update in climb if isinstance(update, RungRecord))
    climb.close()
    assert of(LadderRecord, ladder(runner, asked(2, only=("greedy",))))


def test_only_names_rungs_and_fixes_in_the_ladder_s_order(climbs: Climbs):
    record = list(ladder(climbs.runner(), asked(3, only=("fixed-tile", "batch-2", "unseeded"))))[-1]
    assert isinstance(record, LadderRecord)
    assert [rung.name for rung in record.rungs] == ["unseeded", "batch-2"]
    assert [fix.name for fix in record.fixes] == ["fixed-tile"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"only": "batch-9"}, r"Unknown rung or fix 'batch-9': did you mean"),
        ({"tokens": MAX_TOKENS + 1}, f"Tokens of the answer must be a whole number from 1 to {MAX_TOKENS}; got 513"),
        ({"tokens": 3.5}, "Tokens of the answer"),
        ({"tokens": "many"}, "Tokens of the answer"),
        ({"tokens": True}, "Tokens of the answer"),
        ({"prompt": " "}, "empty"),
    ],
)
def test_a_request_that_can_not_be_met_is_refused_in_words(changes: dict[str, Any], said: str):
    with pytest.raises(PlaygroundError, match=said):
        read_request(LadderRequest, {"model": "m", "prompt": "Hello", **changes})


def test_the_likeliest_two_tokens_of_each_step_are_told_whatever_top_is(climbs: Climbs):
    record = list(ladder(climbs.runner(), asked(3, only=("greedy",), top=0)))[-1]
    assert isinstance(record, LadderRecord)
    for token, top, gap in zip(record.reference.token_ids, record.reference.top, record.reference.gaps, strict=True):
        assert top[0].id == token or gap == 0
        assert top[0].prob >= top[1].prob
    assert "".join(chain(record.reference.token_texts))


def test_a_fresh_process_computes_the_same_bits(climbs: Climbs, monkeypatch):
    monkeypatch.setattr(ladder_module, "FRESH", 1)  # each takes seconds of imports
    climb = ladder(climbs.runner(), asked(6, quick=False))
    control = next(update for update in climb if isinstance(update, ControlRecord))
    climb.close()
    assert (control.in_process, control.fresh_processes, control.repeats) == (5, 1, 6)
    assert control.bitwise_equal, control.differing


@pytest.mark.slow
def test_fresh_processes_compute_the_same_bits_and_another_instruction_set_is_labelled(climbs: Climbs, monkeypatch):
    """The one test that pays for all fresh processes: control, instruction set, strict CNR and the probe's child."""
    assert ladder_module.FRESH == 3
    monkeypatch.setattr(ladder_module, "FRESH", 1)  # each takes seconds of imports
    record = list(ladder(climbs.runner(), asked(6, only=("instruction-set", "strict-cnr"), quick=False)))[-1]
    assert isinstance(record, LadderRecord)
    assert (record.control.in_process, record.control.fresh_processes, record.control.repeats) == (5, 1, 6)
    assert record.control.bitwise_equal, record.control.differing
    (rung,), (fix,) = record.rungs, record.fixes
    assert rung.skipped or "emulates another machine" in rung.note
    assert fix.skipped or "MKL_CBWR=" in fix.after
    asked_here = [probe for probe in record.host_probe if probe.knob == "instruction set"]
    assert asked_here
    assert all("emulates another machine" in probe.note or "Not asked" in probe.note for probe in asked_here)
