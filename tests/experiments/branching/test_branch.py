"""Laws of branches: the token that was there gives what was there, and nothing is read or drawn twice."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from playground.backends.base import StepLogits
from playground.backends.slot import ModelSlot
from playground.engine.beam import BeamProgress
from playground.engine.events import Token, TokenEvent
from playground.errors import PlaygroundError
from playground.experiments.branching.alternatives import MOST, alternatives
from playground.experiments.branching.records import BranchesRecord, BranchRecord
from playground.experiments.branching.request import BranchRequest
from playground.experiments.branching.run import BranchStart, start_branch
from playground.experiments.branching.tree import as_run, tokens_of, total_logprob
from playground.runs.runner import Runner
from playground.settings import make_settings
from playground.views.branch_words import against, beam_sentence, saving_sentence
from playground.views.format import format_seconds
from tests.experiments.branching.made import grown, run_tree
from tests.tiny_runner import endless_folder, make_runner, make_slot, of

GREEDY = {"temperature": 0.0}
SAMPLED = {"temperature": 1.0, "top_p": 0.95, "seed": 11}
ARCHITECTURES = ("llama", "gpt2", "qwen3", "gemma3")


@pytest.fixture(scope="module")
def slot(tmp_path_factory: pytest.TempPathFactory) -> ModelSlot:
    parent = tmp_path_factory.mktemp("tiny")
    return make_slot(*(endless_folder(parent, arch) for arch in ARCHITECTURES))


@pytest.fixture
def runner(slot: ModelSlot) -> Runner:
    return make_runner(slot)


@pytest.fixture
def tree(runner: Runner) -> BranchesRecord:
    return run_tree(runner, **GREEDY)


def bits(tokens: list[Token]) -> list[Token]:
    """All but the clock."""
    return [replace(token, time_s=0.0) for token in tokens]


def ids(tree: BranchesRecord, id: int = 0) -> list[int]:
    return [token.id for token in tokens_of(tree, id)]


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("settings", [GREEDY, SAMPLED], ids=["greedy", "drawn"])
def test_taking_the_token_that_was_there_gives_the_original_bit_for_bit(runner: Runner, arch: str, settings: dict):
    tree = run_tree(runner, f"tiny-{arch}", **settings)
    for at in (0, 6, len(tree.run.tokens) - 1):
        tree, (branch,) = grown(runner, tree, 0, at, tree.run.tokens[at].id)
        assert bits(tokens_of(tree, branch.id)) == bits(tree.run.tokens)
        assert (branch.text, branch.finish_reason) == (tree.run.text, tree.run.finish_reason)
        assert branch.total_logprob == total_logprob(tree.run.tokens)
        everything = len(tree.run.prompt_token_ids) + at
        assert branch.computed_tokens + branch.reused_tokens == everything
        slid = arch == "gemma3"  # what a window has forgotten is read again
        assert branch.computed_tokens == (everything if slid or at == 0 else 1)
        rate = tree.run.timing.prefill_tokens_per_s
        assert branch.saved_s == pytest.approx(branch.reused_tokens / (rate or 0))


@pytest.mark.parametrize("how", ["greedy", "beam"])
def test_going_on_greedily_from_anywhere_is_greedy_and_a_beam_has_it_beside(runner: Runner, tree, how: str):
    tree, made = grown(runner, tree, 0, 4, how=how)
    if how == "greedy":
        assert bits(tokens_of(tree, 1)) == bits(tree.run.tokens)
    assert [branch.how for branch in made] == [how]  # the run itself is greedy's answer
    drawn = run_tree(runner, **SAMPLED)
    drawn, made = grown(runner, drawn, 0, 4, how=how)
    assert [branch.how for branch in made] == ["greedy", "beam"][: len(made)]
    assert len(made) == (1 if how == "greedy" else 2)
    assert ids(drawn, 1)[:4] == ids(drawn)[:4]
    _, made = grown(runner, drawn, 0, 4, how="beam", width=2)
    assert len(made) == 1  # greedy's is there


def test_a_beam_tells_its_steps_and_then_the_answer_it_found(runner: Runner, tree: BranchesRecord):
    updates = list(start_branch(runner, tree, BranchRequest(0, 3, how="beam", width=3)))
    assert of(BranchStart, updates) == [BranchStart(0, 3, "beam", 3)]
    steps, told = of(BeamProgress, updates), of(TokenEvent, updates)
    assert [step.tokens for step in steps] == list(range(4, 15))
    (branch,) = of(BranchRecord, updates)
    assert [event.id for event in told] == [token.id for token in branch.tokens]
    assert branch.total_logprob == pytest.approx(total_logprob(tree.run.tokens[:3]) + steps[-1].logprob, abs=1e-3)
    assert (branch.width, branch.settings["temperature"], branch.settings["repetition_penalty"]) == (3, 0, 1)


def test_sampling_draws_another_seed_and_the_same_seed_draws_the_same(runner: Runner):
    tree = run_tree(runner, **SAMPLED)
    tree, (other,) = grown(runner, tree, 0, 5, how="sample")
    assert other.settings["seed"] != 11
    tree, (same,) = grown(runner, tree, 0, 5, how="sample", changes={"seed": 11})
    assert bits(tokens_of(tree, same.id)) == bits(tree.run.tokens)
    assert ids(tree, other.id)[:5] == ids(tree)[:5]


def test_a_branch_of_a_branch_reuses_both(runner: Runner, tree: BranchesRecord):
    tree, _ = grown(runner, tree, 0, 4, (tree.run.tokens[4].id + 1) % 200)
    tree, (child,) = grown(runner, tree, 1, 9, 5)
    assert child.computed_tokens == 1
    assert ids(tree, 2)[:9] == ids(tree, 1)[:9]
    assert ids(tree, 2)[9] == 5
    assert [token.index for token in tokens_of(tree, 2)] == list(range(14))
    assert as_run(tree, 2).text == child.text
    assert child.mean_logprob == pytest.approx(total_logprob(tokens_of(tree, 2)) / 14)
    times = [token.time_s for token in child.tokens]
    assert all(a <= b for a, b in pairwise(times))


def test_a_text_of_several_tokens_is_forced_whole_and_told_with_its_chances(runner: Runner, tree: BranchesRecord):
    tree, (branch,) = grown(runner, tree, 0, 6, " of zebras", several=True)
    assert branch.forced > 1
    assert " of zebras" in branch.text
    assert all(token.sampled_prob in (0.0, 1.0) for token in branch.tokens[: branch.forced])
    assert branch.name == "“of zebras”"


@pytest.mark.parametrize(
    ("at", "asked", "words"),
    [
        (2, {"token": "zebra"}, r"'zebra' is 5 tokens of this model \(\d+ 'z'"),
        (2, {"token": 288}, "Token 288 .* from 0 to 287"),
        (2, {"token": -1}, "Token -1 "),
        (2, {"token": ""}, "1 to 2,000 characters"),
        (15, {"token": 3}, "token 0 to 14"),
        (-1, {"token": 3}, "token 0 to 14"),
        (14, {"how": "greedy"}, "max_new_tokens is 14"),
        (2, {}, "Say which token"),
        (2, {"how": "beam", "width": 9}, "from 2 to 8; got 9"),
        (2, {"how": "sample"}, "temperature above 0"),
        (2, {"how": "sample", "changes": {"temperature": 3}}, "temperature must be"),
        (2, {"token": 3, "changes": {"context_length": 10_000}}, "at most 512"),
    ],
)
def test_what_cant_be_made_is_refused_in_words(runner: Runner, tree: BranchesRecord, at: int, asked: dict, words: str):
    with pytest.raises(PlaygroundError, match=words):
        grown(runner, tree, 0, at, **asked)


def test_a_file_of_another_model_is_refused(runner: Runner, tree: BranchesRecord):
    run = tree.run.model_copy(update={"prompt_token_ids": [1, 400]})
    with pytest.raises(PlaygroundError, match="token ids outside the vocabulary of"):
        grown(runner, tree.model_copy(update={"run": run}), 0, 2, 5)


def test_an_answer_that_the_model_ended_goes_on_from_before_its_end_only(tmp_path: Path):
    from tests.tiny import tiny_folder  # noqa: PLC0415  only this test needs a model with an end

    runner = make_runner(make_slot(tiny_folder(tmp_path)))
    tree = run_tree(runner, **GREEDY)
    tree, (ended,) = grown(runner, tree, 0, 3, 287)
    assert (ended.finish_reason, len(ended.tokens)) == ("eos", 1)
    with pytest.raises(PlaygroundError, match="token 0 to 3, as its last token ends it"):
        grown(runner, tree, ended.id, 4, 9)
    tree, made = grown(runner, tree, 0, 3, 287, how="beam")
    beam = made[-1]
    assert (beam.finish_reason, len(beam.tokens)) == ("eos", 1)


def test_a_branch_that_is_stopped_keeps_what_it_has(runner: Runner, tree: BranchesRecord):
    seen: list[Any] = []
    for update in start_branch(runner, tree, BranchRequest(0, 2, 7), lambda: len(of(TokenEvent, seen)) >= 3):
        seen.append(update)
    (branch,) = of(BranchRecord, seen)
    assert (branch.finish_reason, len(branch.tokens)) == ("cancelled", 3)
    assert of(BranchRecord, start_branch(runner, tree, BranchRequest(0, 2, 7), lambda: True)) == []


def step_of(runner: Runner, tree: BranchesRecord, at: int, act: Callable[[Any, StepLogits], Any]) -> Any:
    def work(backend):
        step = backend.logits_before(tree.run.prompt_token_ids, ids(tree)[:at])
        yield act(backend, step)

    return list(runner.holding("tiny-llama", "fp32", work))[-1]


@pytest.mark.parametrize("settings", [GREEDY, SAMPLED, {**SAMPLED, "top_k": 5, "repetition_penalty": 1.3}])
def test_alternatives_are_what_the_record_says_and_what_the_sampler_left(runner: Runner, settings: dict):
    tree = run_tree(runner, **settings, top=50)
    token = tree.run.tokens[5]
    seen = [*tree.run.prompt_token_ids, *ids(tree)[:5]]
    found = step_of(
        runner, tree, 5,
        lambda backend, step: alternatives(
            backend.piece, step.logits, seen, make_settings(**tree.run.settings), token.id
        ),
    )  # fmt: skip
    assert found.entropy_bits == pytest.approx(token.entropy_bits, abs=1e-5)
    likeliest = [one for one in found.items if one.rank <= MOST]
    assert [(one.id, one.prob) for one in likeliest[:MOST]] == [
        (one.id, pytest.approx(one.prob, rel=1e-5)) for one in token.top[:MOST]
    ]
    (taken,) = [one for one in found.items if one.taken]
    assert (taken.id, taken.rank) == (token.id, token.rank)
    assert taken.drawn_prob == pytest.approx(token.sampled_prob, rel=1e-5)
    if "top_k" in settings:
        assert sum(one.drawn_prob > 0 for one in found.items) <= 5


def test_words_say_only_what_is_so(runner: Runner):
    tree = run_tree(runner, **SAMPLED)
    tree, (greedy, beam) = grown(runner, tree, 0, 4, how="beam", width=4)
    said = beam_sentence(tree, beam)
    assert f"total {beam.total_logprob:.2f}; greedy: {greedy.total_logprob:.2f}" in said
    assert ("greedy missed" in said) == (beam.total_logprob > greedy.total_logprob + 1e-3)
    assert beam_sentence(tree, greedy) == ""
    for one, other in ((1, 2), (0, 1), (0, 2)):
        a, b = tokens_of(tree, one), tokens_of(tree, other)
        first = next((n for n in range(14) if a[n].id != b[n].id), None)
        if first is None:
            continue
        gaps = a[first].logprob - b[first].logprob, total_logprob(a) - total_logprob(b)
        said = against(tree, one, other)
        assert ("less likely word led to the more likely sentence" in said) == (gaps[0] * gaps[1] < 0)
        assert f"token {first + 1} " in said
    assert "The same tokens" in against(tree, 1, 1)
    assert f"saved about {format_seconds(greedy.saved_s)} " in saving_sentence(tree, greedy)
