"""Small against large, and a cascade: what each rule hands on, and what that is worth; its document and its replay."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from playground.engine.decoder import Decoder
from playground.engine.drafters import first_layers
from playground.errors import PlaygroundError
from playground.experiments.documents import parse_document
from playground.experiments.optimise.cascade_shown import CASCADE, LARGE, LENGTH, RANDOM, SMALL
from playground.experiments.optimise.declared.cascade import CASCADE as EXPERIMENT
from playground.experiments.optimise.declared.cascade import CascadeRequest
from playground.experiments.optimise.deferring import (
    Answered,
    at_random,
    by_confidence,
    calibration_error,
    curve,
    threshold_of,
)
from playground.experiments.optimise.records import OptimisationRecord
from playground.experiments.registry import experiment_of
from playground.experiments.replays import replay_document
from playground.runs.experiment import updates
from playground.runs.runner import Runner
from playground.views.optimise import VIEW
from playground.views.panels import Sofar
from tests.engine.helpers import random_ids, tiny_language_model
from tests.tiny_runner import of

SHORT = CascadeRequest(model="tiny-llama", prompt="Where is it?", tokens=4, cycles=2)
questions = st.lists(
    st.builds(Answered, st.floats(0, 1), st.integers(1, 50), st.booleans(), st.booleans(), st.booleans()),
    min_size=1, max_size=20,
)  # fmt: skip


@given(questions, st.floats(0.1, 1))
def test_every_rule_ends_at_full_agreement_and_the_threshold_reaches_what_is_wanted(
    answered: list[Answered], wanted: float
):
    line, own = at_random(answered), curve(by_confidence(answered))
    assert (line[0], line[-1]) == (pytest.approx(own[0]), pytest.approx(1))
    assert own == sorted(own)
    threshold = threshold_of(answered, wanted)
    agreeing = [one.agrees or one.confidence < threshold for one in answered]
    assert sum(agreeing) / len(answered) >= wanted or len({one.confidence for one in answered}) < len(answered)


def test_a_confidence_that_is_as_often_right_as_it_says_has_no_error():
    assert calibration_error([(0.5, True), (0.5, False)]) == 0
    assert calibration_error([(1.0, False)] * 4) == 1


def test_the_first_layers_leave_what_the_whole_model_passes_on():
    whole = tiny_language_model("llama by our decoder")
    assert isinstance(whole, Decoder)
    few, ids, states = Decoder(first_layers(whole.weights, 1)), torch.tensor([random_ids(9)]), dict[int, torch.Tensor]()
    whole.hidden(ids, whole.new_cache(), watch=states.__setitem__)
    assert torch.equal(few.hidden(ids, few.new_cache()), states[1])
    assert len(whole.weights.layers) == 2


@pytest.fixture
def record(tiny: Runner) -> OptimisationRecord:
    (record,) = of(OptimisationRecord, updates(tiny, EXPERIMENT, SHORT))
    return record


def test_each_rule_hands_on_what_it_says(record: OptimisationRecord):
    calls = {arm.name: arm.median("large_calls_share") for arm in record.arms}
    assert (calls[LARGE], calls[SMALL]) == (1, 0)
    assert calls[CASCADE] == calls[LENGTH] == calls[RANDOM]
    agrees = {arm.name: arm.median("agreement_share") for arm in record.arms}
    assert agrees[LARGE] == 1
    assert all(agrees[name] >= agrees[SMALL] for name in (CASCADE, LENGTH, RANDOM))
    small = next(arm for arm in record.arms if arm.name == SMALL)
    assert small.same_answer is not None
    assert len(small.token_ids) == SHORT.length


def test_a_file_of_it_reads_back_is_drawn_and_runs_again(tiny: Runner, record: OptimisationRecord):
    again = parse_document(record.to_json())
    assert again == record
    assert experiment_of(again) is EXPERIMENT
    assert {"verdict", "bars-1", "bars-2", "figure-1", "figure-2", "grid-1", "table"} <= VIEW.draw(
        Sofar(record=again)
    ).keys()
    outcome = replay_document(again, tiny)
    assert outcome.identical, outcome.differences


def test_a_small_model_that_is_not_smaller_and_one_without_layers_of_ours_are_refused(runner: Runner):
    for changes, words in (({"layers": 2}, "fewer"), ({"model": "tiny-gpt2"}, "Llama")):
        with pytest.raises(PlaygroundError, match=words):
            list(updates(runner, EXPERIMENT, SHORT.model_copy(update=changes)))
