"""Every kind of document runs again, identical, and says so when it was changed."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from playground.engine.recall import MOVED
from playground.errors import PlaygroundError
from playground.experiments.agents.experiment import AGENT, AgentRequest
from playground.experiments.agents.records import AgentRecord
from playground.experiments.compare.experiment import COMPARE, SWEEP
from playground.experiments.compare.records import CompareRecord, SweepRecord
from playground.experiments.context.experiments import CURVE, NEEDLE, CurveRequest, NeedleRequest
from playground.experiments.context.records import ContextRecord, NeedleRecord
from playground.experiments.context.tokens import tokens_of as text_in_tokens
from playground.experiments.determinism.experiment import LADDER, LOAD, LoadRequest, ladder_differences
from playground.experiments.determinism.records import LadderRecord, LoadRecord
from playground.experiments.documents import kinds, parse_document
from playground.experiments.inspection.describe import step_record
from playground.experiments.inspection.records import StepRecord
from playground.experiments.inspection.step import at_step
from playground.experiments.lens.experiment import LENS, LensRecord, LensRequest
from playground.experiments.optimise.declared.kv_cache import KV_CACHE, KVCacheRequest
from playground.experiments.optimise.records import OptimisationRecord
from playground.experiments.replays import replay_document
from playground.experiments.reruns.records import RerunRecord, TemperatureLadderRecord
from playground.experiments.throughput.experiment import THROUGHPUT, ThroughputRecord, ThroughputRequest
from playground.experiments.training.experiment import TRAINING, TrainingRecord, TrainingRequest
from playground.runs.experiment import updates
from playground.runs.records import Document
from playground.runs.runner import Runner
from tests.experiments.branching.made import grown, run_tree
from tests.experiments.compare.helpers import compare_request, sweep_request
from tests.experiments.costing.sheets import sheet
from tests.experiments.determinism.conftest import asked as ladder_request
from tests.experiments.reruns.asked import make_rerun, rerun, temperature_ladder
from tests.tiny_runner import TIMED, answer, make_runner, make_slot, of, request


def _tokens(runner: Runner):
    list(runner.load("tiny-llama", "fp32"))
    backend = runner.loaded("tiny-llama")
    assert backend is not None
    return backend.tokenize(lambda tokenizer: text_in_tokens(tokenizer, "tiny-llama", "Hello there"))


_CURVE, _NEEDLE = (
    CurveRequest(model="tiny-llama", lengths=(8, 16, 24)),
    NeedleRequest(model="tiny-llama", lengths=(200,), depths=(0.0, 1.0)),
)
_BATCHES = ThroughputRequest(model="tiny-llama", batches=(1, 2), input_tokens=8, output_tokens=3)
_LOOP = AgentRequest(
    model="tiny-llama", prompt="Read it.", document="the ants ate the bread", settings=request().settings, steps=2
)
_CACHES = KVCacheRequest(model="tiny-llama", prompt="Hello there", tokens=8, cycles=2)
_STEP = TrainingRequest(model="tiny-llama", settings=request().settings, sentence="A cat sat.", learning_rate=0.01)
_LOOK = LensRequest(model="tiny-llama", prompt="Hello there", settings=request().settings, answer_tokens=3, positions=4)
_INSIDE = {
    "agent": lambda runner: of(AgentRecord, updates(runner, AGENT, _LOOP))[0],
    "context": lambda runner: of(ContextRecord, updates(runner, CURVE, _CURVE))[0],
    "needle": lambda runner: of(NeedleRecord, updates(runner, NEEDLE, _NEEDLE))[0],
    "tokens": _tokens,
    "branch": lambda runner: grown(runner, run_tree(runner), 0, 3, how="greedy")[0],
    "lens": lambda runner: of(LensRecord, updates(runner, LENS, _LOOK))[0],
    "cost": lambda _: sheet(),
    "throughput": lambda runner: of(ThroughputRecord, updates(runner, THROUGHPUT, _BATCHES))[0],
    "experiment": lambda runner: of(OptimisationRecord, updates(runner, KV_CACHE, _CACHES))[0],
    "training": lambda runner: of(TrainingRecord, updates(runner, TRAINING, _STEP))[0],
}


def made(runner: Runner, kind: str):
    base = request(temperature=1.0, max_new_tokens=6)
    if kind == "run":
        return answer(runner, base)
    if kind in ("compare", "compare as one batch"):
        panes = ({}, {"temperature": 0.0}, {"temperature": 1.5, "seed": 9})
        asked = compare_request(base, *panes, together="batch" in kind)
        return of(CompareRecord, updates(runner, COMPARE, asked))[0]
    if kind == "sweep":
        return of(SweepRecord, updates(runner, SWEEP, sweep_request(base, "temperature", (0.0, 0.7))))[0]
    if kind == "rerun":
        return of(RerunRecord, rerun(runner, make_rerun(base, 4, "none")))[0]
    if kind == "temperature-ladder":
        return of(TemperatureLadderRecord, temperature_ladder(runner, make_rerun(base, 2), (0.0, 1.0)))[0]
    if kind == "ladder":
        asked = ladder_request(6, temperature=1.0, only=("seeded", "batch-2", "seed"))
        return of(LadderRecord, updates(runner, LADDER, asked))[0]
    if kind in _INSIDE:
        return _INSIDE[kind](runner)
    asked = LoadRequest(model=base.model, prompt=base.prompt, requests=4, max_new_tokens=5, ways=("bf16", "fp32"))
    return of(LoadRecord, updates(runner, LOAD, asked))[0]


@pytest.fixture(scope="session")
def kept(folders: list[Path]) -> Callable[[str], Document]:
    """A document of each kind, made when it is first needed."""
    return cache(lambda kind: made(make_runner(make_slot(*folders)), kind))


ALL = [*(kind for kind in kinds() if kind != "step"), "compare as one batch"]


def test_a_step_belongs_to_a_run_and_says_that_it_is_the_run_that_can_be_replayed(runner: Runner):
    run = answer(runner, request())
    (step,) = of(StepRecord, at_step(runner, run, 2, lambda step: step_record(step, {})))
    assert parse_document(step.to_json()) == step
    with pytest.raises(PlaygroundError, match="replay the run"):
        replay_document(step, runner)


@pytest.mark.parametrize("kind", ALL)
def test_a_document_of_each_kind_reads_back_and_runs_again_identically(
    runner: Runner, kept: Callable[[str], Document], kind: str
):
    again = parse_document(kept(kind).to_json())
    assert again == kept(kind)
    outcome = replay_document(again, runner)
    assert outcome.identical, outcome.differences
    assert outcome.changed == []


RENDERED = ("compare as one batch", "sweep", "rerun", "temperature-ladder", "branch")
RENDERED_SLOWLY = ("ladder", "load", "training")


@pytest.mark.parametrize(
    "kind", [*RENDERED, "lens", *(pytest.param(kind, marks=pytest.mark.slow) for kind in RENDERED_SLOWLY)]
)
def test_a_document_whose_template_writes_the_time_runs_again_identically(
    tiny: Runner, set_template: Callable[[str | None], None], kind: str
):
    set_template(TIMED)
    outcome = replay_document(made(tiny, kind), tiny)
    assert outcome.identical, outcome.differences
    assert outcome.changed == [MOVED] * (kind != "lens")  # a look between the layers renders no template


def _other(ids: list[int]) -> None:
    ids[2] = (ids[2] + 1) % 200


@pytest.mark.parametrize("kind", ALL)
def test_a_document_that_was_changed_says_where_it_differs(runner: Runner, kept: Callable[[str], Document], kind: str):
    document = json.loads(kept(kind).to_json())
    where = {
        "run": lambda: document["tokens"][2].update(id=(document["tokens"][2]["id"] + 1) % 200),
        "rerun": lambda: _other(document["runs"][1]["token_ids"]),
        "temperature-ladder": lambda: _other(document["rungs"][1]["runs"][0]["token_ids"]),
        "ladder": lambda: _other(document["reference"]["token_ids"]),
        "load": lambda: _other(document["arms"][0]["answers"][0]["token_ids"]),
        "sweep": lambda: document["runs"][1]["tokens"][2].update(id=1),
        "agent": lambda: _other(document["steps"][1]["calls"][0]["token_ids"]),
        "throughput": lambda: document["batches"][1].update(ids_blake2b="another"),
        "context": lambda: document["points"][1].update(kv_bytes=1),
        "needle": lambda: document["cells"][1].update(probability=0.5),
        "tokens": lambda: document["tokens"][2].update(id=1),
        "branch": lambda: document["branches"][0]["tokens"][2].update(id=1),
        "lens": lambda: document["cells"][1].update(top_prob=0.999),
        "training": lambda: document["copy"].update(loss_after=0.5),
        "experiment": lambda: _other(document["variants"][0]["token_ids"]),
        "cost": lambda: document["sections"]["month"]["figures"].update(base_usd=1),
    }.get(kind, lambda: document["panes"][1]["tokens"][2].update(id=1))
    where()
    outcome = replay_document(parse_document(json.dumps(document)), runner)
    assert not outcome.identical
    assert len(outcome.differences) == 1


def test_another_prompt_than_the_recorded_tokens_is_refused(runner: Runner):
    document = json.loads(made(runner, "rerun").to_json())
    document["prompt"] = "Something else entirely"
    with pytest.raises(PlaygroundError, match="splits into different tokens"):
        replay_document(parse_document(json.dumps(document)), runner)


def test_a_batch_whose_panes_were_cut_short_is_compared_as_far_as_it_went(runner: Runner):
    document = json.loads(made(runner, "compare as one batch").to_json())
    pane = document["panes"][1]
    pane["tokens"], pane["finish_reason"] = pane["tokens"][:3], "cancelled"
    assert replay_document(parse_document(json.dumps(document)), runner).identical


def test_a_rung_that_does_not_run_again_is_no_identical_replay(runner: Runner):
    old = made(runner, "ladder")
    without = old.model_copy(update={"rungs": [rung for rung in old.rungs if rung.name != "batch-2"]})
    assert list(ladder_differences(old, without)) == ["Batch of 2: did not run again: no result"]


@pytest.mark.parametrize("kind", ["compare as one batch", "temperature-ladder"])
def test_a_batch_with_another_prompt_is_refused_before_it_answers(runner: Runner, kind: str):
    document = json.loads(made(runner, kind).to_json())
    for part in document.get("rungs", [document]):
        part["prompt"] = "Something else entirely"
    with pytest.raises(PlaygroundError, match="splits into different tokens"):
        replay_document(parse_document(json.dumps(document)), runner)
