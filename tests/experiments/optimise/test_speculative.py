"""Speculative decoding as a panel: predicted before it is measured, the same answer, every token's origin."""

from pathlib import Path

import pytest

from playground.experiments.documents import parse_document
from playground.experiments.optimise.declared.speculative import PROMPTS, SPECULATIVE, SpeculativeRequest
from playground.experiments.optimise.records import ArmRecord, OptimisationRecord
from playground.experiments.optimise.speculative_costs import SIZES
from playground.experiments.optimise.speculative_draft import guest
from playground.experiments.optimise.speculative_ground import EXACT, LOOKUP
from playground.experiments.registry import experiment_of
from playground.experiments.replays import replay_document
from playground.runs.experiment import Lab, updates
from playground.runs.runner import Runner
from playground.settings import Settings
from playground.views.optimise import VIEW
from playground.views.panels import Sofar
from tests.tiny_runner import make_runner, make_slot, of

MODEL, ITSELF = "tiny-llama", "draft model tiny-llama"
SHORT = SpeculativeRequest(
    model=MODEL, prompt="a b c a b c a b", tokens=16, cycles=2, quick=True, draft=MODEL, draft_length=3
)


def _measured(runner: Runner, request: SpeculativeRequest = SHORT) -> OptimisationRecord:
    (record,) = of(OptimisationRecord, updates(runner, SPECULATIVE, request))
    return record


@pytest.fixture(scope="module")
def own(folders: list[Path]) -> Runner:
    return make_runner(make_slot(*folders))


@pytest.fixture(scope="module")
def record(own: Runner) -> OptimisationRecord:
    return _measured(own)


def _arm(record: OptimisationRecord, name: str) -> ArmRecord:
    return next(arm for arm in record.variants if arm.name == name)


def test_every_way_says_what_plain_decoding_says(record: OptimisationRecord):
    assert [arm.name for arm in record.variants] == [LOOKUP, EXACT, "first 1 of 2 layers", ITSELF]
    assert {arm.same_answer for arm in record.variants} == {True}
    assert len(record.baseline.token_ids) == 16


def test_exact_verification_changes_no_logit_and_the_other_changes_last_bits(record: OptimisationRecord):
    assert _arm(record, EXACT).median("logit_change") == 0
    assert 0 < (_arm(record, LOOKUP).median("logit_change") or 0) < 1e-4


def test_the_passes_of_prompt_lookup_are_those_of_the_replay(record: OptimisationRecord):
    for name in (LOOKUP, EXACT):
        arm = _arm(record, name)
        assert arm.predicted["tokens_per_pass"] == arm.median("tokens_per_pass")


def test_a_model_that_drafts_for_itself_is_always_right(record: OptimisationRecord):
    arm = _arm(record, ITSELF)
    drafted = arm.settings["draft_length"]
    assert arm.predicted["tokens_per_pass"] == drafted + 1
    assert arm.median("tokens_per_pass") == 15 / -(-15 // (drafted + 1))


def test_every_token_has_an_origin(record: OptimisationRecord):
    (text,) = record.texts
    kept = [piece.kind for piece in text.pieces if piece.kind != "rejected"]
    assert len(kept) == 16
    assert set(kept) <= set(text.kinds)
    passes = 15 - kept.count("accepted")
    assert _arm(record, LOOKUP).median("tokens_per_pass") == pytest.approx(15 / passes)


def test_costs_prompts_and_layers_are_shown(record: OptimisationRecord):
    assert [line.xs for line in record.figures[0].lines] == [list(map(float, SIZES))] * 3
    kinds, layers = record.grids
    assert (len(kinds.rows), len(layers.rows)) == (PROMPTS + 3, 1)  # your own, and two rows over all
    assert {row[-1] for row in kinds.rows[:-2]} == {"yes"}  # verified exactly
    drawn = VIEW.draw(Sofar(record=record))
    assert {"verdict", "bars-1", "bars-2", "figure-1", "grid-1", "grid-2", "texts", "table"} <= drawn.keys()


def test_a_file_of_it_reads_back_and_runs_again(own: Runner, record: OptimisationRecord):
    again = parse_document(record.to_json())
    assert again == record
    assert experiment_of(again) is SPECULATIVE
    outcome = replay_document(again, own)
    assert outcome.identical, outcome.differences


@pytest.mark.parametrize("draft", ["", "gpt2", "tiny-gemma3"])  # not named, not on this machine, not on the decoder
def test_a_draft_model_that_can_not_be_used_is_not_here(own: Runner, draft: str):
    list(own.load(MODEL, "fp32"))
    lab = Lab(own, own.loaded(MODEL), lambda: False)
    with guest(lab, SHORT.model_copy(update={"draft": draft})) as found:
        assert found.decoder is None
        assert found.why


def test_sampled_answers_are_not_compared(own: Runner):
    settings = Settings(temperature=1.0, seed=3)
    record = _measured(own, SHORT.model_copy(update={"sampled": True, "settings": settings, "tokens": 8}))
    assert {arm.same_answer for arm in record.variants} == {None}
    assert {row[-1] for row in record.grids[0].rows[:-2]} == {None}
    drafted = _arm(record, ITSELF).settings["draft_length"]
    assert _arm(record, ITSELF).predicted["tokens_per_pass"] == pytest.approx(drafted + 1, rel=1e-3)


def test_a_model_that_does_not_run_on_the_decoder_is_measured_alone(own: Runner):
    record = _measured(own, SHORT.model_copy(update={"model": "tiny-gpt2", "draft": ""}))
    assert record.baseline.median("decode_tokens_per_s")
    assert all(arm.not_here for arm in record.variants)
