"""A step of a finished run, computed again: it is what the run recorded."""

from dataclasses import replace
from pathlib import Path

import pytest

from playground.errors import PlaygroundError
from playground.experiments.documents import parse_document
from playground.experiments.inspection.compact import step_payload
from playground.experiments.inspection.describe import step_record
from playground.experiments.inspection.records import StepRecord
from playground.experiments.inspection.step import TOLERANCE, Step, at_step
from playground.runs.records import RunRecord
from playground.runs.runner import Runner
from tests.tiny import ARCHITECTURES
from tests.tiny_runner import answer, endless_folder, make_runner, make_slot, of, request

SETTINGS = {"temperature": 0.9, "top_k": 40, "top_p": 0.9, "min_p": 0.01, "repetition_penalty": 1.1}


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    parent = tmp_path_factory.mktemp("four")
    return make_runner(make_slot(*(endless_folder(parent, arch) for arch in ARCHITECTURES)))


def looked(runner: Runner, record: RunRecord, index: int, **overrides: float) -> StepRecord:
    """The step as a document; the model is loaded if it is not in memory."""
    (found,) = of(StepRecord, at_step(runner, record, index, lambda step: step_record(step, overrides)))
    return found


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("given", [SETTINGS, {"temperature": 0}], ids=["sampled", "greedy"])
def test_a_step_gives_what_the_run_recorded(four: Runner, arch: str, given: dict[str, float]):
    record = answer(four, request(model=f"tiny-{arch}", **given))
    for index in (0, 5, len(record.tokens) - 1):
        step, token = looked(four, record, index), record.tokens[index]
        assert step.draw.id == token.id
        assert step.draw.prob == pytest.approx(token.sampled_prob)
        assert step.stages[-1].kept == token.kept
        assert step.stages[0].entropy_bits == pytest.approx(token.entropy_bits, abs=1e-4)
        assert step.agreement.agrees
        assert step.agreement.recomputed_logprob == pytest.approx(token.logprob, abs=TOLERANCE)
        assert [one.prob for one in step.stages[0].top] == pytest.approx([one.prob for one in token.top], rel=1e-3)
        assert (step.draw.noise is None) is (given["temperature"] == 0)
        assert step.reused_tokens + step.computed_tokens == len(record.prompt_token_ids) + index


def test_a_step_is_a_document_that_reads_back(tiny: Runner):
    step = looked(tiny, answer(tiny, request(**SETTINGS)), 3)
    assert parse_document(step.to_json()) == step


def test_other_settings_race_the_same_random_numbers(tiny: Runner):
    record = answer(tiny, request(**SETTINGS))
    own, hot = looked(tiny, record, 4), looked(tiny, record, 4, temperature=2.0, top_p=1, top_k=0, min_p=0)
    assert hot.stages[-1].kept == hot.vocabulary > own.stages[-1].kept
    assert hot.overrides["temperature"] == 2.0
    assert hot.settings["temperature"] == 0.9
    forced = looked(tiny, record, 4, top_k=1)
    assert forced.stages[-1].kept == 1
    assert forced.draw.prob == 1
    assert forced.draw.runner_up is None


def test_a_step_that_is_not_there_is_refused_with_the_limit(tiny: Runner):
    record = answer(tiny, request())
    for index in (-1, 12):
        with pytest.raises(PlaygroundError, match=f"from 0 to 11, as the run has 12 tokens; got {index}"):
            at_step(tiny, record, index, lambda step: step)


def test_a_run_of_another_model_of_the_same_name_is_refused_or_told(tiny: Runner):
    record = answer(tiny, request())
    with pytest.raises(PlaygroundError, match="ids that 'tiny-llama' does not have"):
        list(at_step(tiny, record.model_copy(update={"prompt_token_ids": [10**6]}), 2, lambda step: step))
    token = replace(record.tokens[2], logprob=record.tokens[2].logprob - 0.5)
    tokens = [*record.tokens[:2], token, *record.tokens[3:]]
    moved = record.model_copy(update={"tokens": tokens, "environment": {**record.environment, "torch": "1.0"}})
    agreement = looked(tiny, moved, 2).agreement
    assert not agreement.agrees
    assert any("torch: '1.0' then" in change for change in agreement.changed)
    missing = record.model_copy(update={"model": record.model.model_copy(update={"id": "nobody"})})
    with pytest.raises(PlaygroundError, match="nobody"):
        at_step(tiny, missing, 2, lambda step: step)


def test_a_run_without_a_seed_is_refused(tiny: Runner):
    record = answer(tiny, request())
    unseeded = record.model_copy(update={"settings": {**record.settings, "seed": None}})
    with pytest.raises(PlaygroundError, match="has no seed"):
        at_step(tiny, unseeded, 0, lambda step: step)


def test_a_step_that_is_stopped_gives_nothing(tiny: Runner):
    record = answer(tiny, request())
    assert of(Step, at_step(tiny, record, 3, lambda step: step, lambda: True)) == []


def test_the_page_gets_every_token_of_a_small_vocabulary(tiny: Runner, folders: list[Path]):
    record = answer(tiny, request(**SETTINGS))
    (payload,) = of(dict, at_step(tiny, record, 6, step_payload))
    assert sorted(payload["ids"]) == list(range(payload["vocabulary"]))
    assert payload["logits"] == sorted(payload["logits"], reverse=True)
    assert payload["tail"] == {"at": [0], "high": [], "low": []}
    seen = {payload["ids"][place] for place in payload["seen"]}
    assert seen == {*record.prompt_token_ids, *(token.id for token in record.tokens[:6])}
    assert payload["chosen"]["id"] == record.tokens[6].id
