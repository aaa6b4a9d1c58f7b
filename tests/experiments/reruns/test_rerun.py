"""A rerun is what its runs would be alone, and its record says what was run."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.backends.slot import ModelSlot
from playground.engine.events import PreparedPrompt
from playground.errors import PlaygroundError
from playground.experiments.documents import parse_document
from playground.experiments.reruns import run as run_module
from playground.experiments.reruns.branches import grow, walk
from playground.experiments.reruns.collect import RerunProgress
from playground.experiments.reruns.experiment import RerunRequest
from playground.experiments.reruns.records import RerunRecord, TemperatureLadderRecord
from playground.experiments.reruns.run import FORK_TOP, seeds_of, with_mentions
from playground.experiments.reruns.statistics import summarise
from playground.experiments.reruns.tree import Node, fork_tree
from playground.runs import batch as batch_module
from playground.runs.request import shown_value
from playground.runs.runner import Runner
from playground.runs.updates import BatchPlan
from tests.experiments.reruns.asked import at_temperatures, make_rerun, rerun, temperature_ladder
from tests.tiny_runner import answer, before_each_forward, ids, of, request

HOT = {"temperature": 1.0, "top_p": 0.9, "top_k": 4, "max_new_tokens": 8, "seed": 5}  # few choices: some answers agree


def asked(n: int = 8, seeds: str = "different", mentions: tuple[str, ...] = (), **settings: Any) -> RerunRequest:
    return make_rerun(request(**{**HOT, **settings}), n, seeds, mentions)


def done(runner: Runner, rerun_request: RerunRequest) -> RerunRecord:
    (record,) = of(RerunRecord, rerun(runner, rerun_request))
    return record


def answers(record: RerunRecord) -> list[list[int]]:
    return [run.token_ids for run in record.runs]


def roomy_for(rows: int, runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many rows of a rerun fit the memory."""
    (plan,) = of(BatchPlan, rerun(runner, asked(2)))
    assert runner.facts is not None
    need = 2 * plan.row_bytes + 40 * runner.facts.vocabulary
    monkeypatch.setattr(batch_module, "available_bytes", lambda device: int(rows * need / 0.8) + 1)


def test_different_seeds_give_what_single_runs_with_those_seeds_give(tiny: Runner):
    record = done(tiny, asked(8))
    assert [run.seed for run in record.runs] == list(range(5, 13))
    for run in record.runs:
        alone = answer(tiny, request(**{**HOT, "seed": run.seed}))
        assert run.token_ids == ids(alone)
        assert (run.text, run.finish_reason) == (alone.text, alone.finish_reason)
        assert run.token_texts == [token.text for token in alone.tokens]
        assert run.logprobs == pytest.approx([token.logprob for token in alone.tokens], abs=1e-4)
        assert run.entropy_bits == pytest.approx([token.entropy_bits for token in alone.tokens], abs=1e-4)
    assert record.summary.unique > 1


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_the_same_seed_gives_the_same_ids_in_a_batch_of_any_size_and_alone(tiny: Runner, temperature: float):
    alone = answer(tiny, request(**{**HOT, "temperature": temperature}))
    for n in (2, 5, 40):
        record = done(tiny, asked(n, "same", temperature=temperature))
        assert record.summary.unique == 1
        assert record.summary.tar
        assert record.forks == []
        assert answers(record) == [ids(alone)] * n


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_the_same_rows_again_give_the_same_bits(tiny: Runner, temperature: float):
    first, second = (done(tiny, asked(7, temperature=temperature)) for _ in range(2))
    assert second.runs == first.runs
    assert second.forks == first.forks


def test_greedy_runs_agree_whatever_their_seeds(tiny: Runner):
    assert done(tiny, asked(6, temperature=0)).summary.exact_match_rate == 1


def test_unseeded_runs_draw_seeds_of_their_own_that_are_recorded(tiny: Runner):
    record = done(tiny, asked(6, "none"))
    seeds = [run.seed for run in record.runs]
    assert record.settings["seed"] is None
    assert len(set(seeds)) == 6
    assert set(seeds) != set(range(5, 11))
    for run in record.runs[:2]:
        assert run.token_ids == ids(answer(tiny, request(**{**HOT, "seed": run.seed})))


def test_seeds_follow_each_other_and_begin_again_after_the_last():
    assert seeds_of(2**32 - 2, 4, "different") == [2**32 - 2, 2**32 - 1, 0, 1]
    assert seeds_of(3, 3, "same") == [3, 3, 3]


def test_without_a_seed_one_is_drawn_and_recorded(tiny: Runner):
    record = done(tiny, asked(3, seed=None))
    base = record.settings["seed"]
    assert [run.seed for run in record.runs] == [(base + step) % 2**32 for step in range(3)]


def test_waves_give_the_answers_of_one_batch(tiny: Runner, monkeypatch: pytest.MonkeyPatch):
    whole = done(tiny, asked(9))
    assert whole.rows_at_once == 9
    roomy_for(2, tiny, monkeypatch)
    waves = done(tiny, asked(9))
    assert waves.rows_at_once == 2
    assert answers(waves) == answers(whole)
    assert waves.summary == whole.summary
    assert [(fork.run, fork.index) for fork in waves.forks] == [(fork.run, fork.index) for fork in whole.forks]


def test_a_rerun_of_which_not_one_row_fits_says_so(tiny: Runner, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batch_module, "available_bytes", lambda device: 1000)
    with pytest.raises(PlaygroundError, match="shorten the prompt"):
        done(tiny, asked())


def test_stop_keeps_the_runs_that_had_ended(tiny: Runner, slot: ModelSlot, monkeypatch: pytest.MonkeyPatch):
    whole = done(tiny, asked(6))
    roomy_for(2, tiny, monkeypatch)
    passes: list[int] = []
    before_each_forward(slot, passes.append)
    updates = list(rerun(tiny, asked(6), lambda: len(passes) >= 10))  # the prompt, and 7 more for each wave of two
    (record,) = of(RerunRecord, updates)
    assert (record.asked, record.n, record.summary.n) == (6, 2, 2)
    assert answers(record) == answers(whole)[:2]
    assert record.summary == summarise(record.runs)
    assert of(RerunProgress, updates)[-1].finished == 2


def test_stopped_before_any_run_has_ended_there_is_no_record(tiny: Runner, slot: ModelSlot):
    passes: list[int] = []
    before_each_forward(slot, passes.append)
    assert of(RerunRecord, rerun(tiny, asked(4), lambda: len(passes) >= 3)) == []
    assert of(RerunRecord, rerun(tiny, asked(4), lambda: True)) == []
    assert done(tiny, asked(2)).n == 2  # the turn was given back


def test_a_rerun_closed_early_gives_the_model_back(tiny: Runner):
    updates: Any = rerun(tiny, asked(4))
    assert isinstance(next(updates), PreparedPrompt)
    updates.close()
    assert done(tiny, asked(2)).n == 2


def test_progress_only_grows_and_ends_where_the_record_does(tiny: Runner, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run_module, "PROGRESS_EVERY_S", 0.0)
    roomy_for(3, tiny, monkeypatch)
    updates = list(rerun(tiny, asked(8)))
    told, (record,) = of(RerunProgress, updates), of(RerunRecord, updates)
    assert updates[-1] is record
    for name in ("finished", "unique", "output_tokens", "elapsed_s"):
        values = [getattr(one, name) for one in told]
        assert values == sorted(values)
    assert all(one.active <= 3 and one.finished + one.active <= one.requested == 8 for one in told)
    last = told[-1]
    assert (last.finished, last.active, last.unique) == (8, 0, record.summary.unique)
    assert last.output_tokens == sum(map(len, answers(record)))
    assert last.tokens_per_s is not None


def test_forks_hold_the_models_own_distribution_where_runs_part(tiny: Runner):
    record = done(tiny, asked(12, top=1))
    assert record.settings["top"] == 1
    places = [branch for branch in walk(grow(answers(record))) if branch.is_fork]
    assert places
    assert [fork.index for fork in record.forks] == [branch.end for branch in places]
    for fork, branch in zip(record.forks, places, strict=True):
        assert fork.run in branch.runs
        alone = answer(tiny, request(**{**HOT, "seed": record.runs[fork.run].seed, "top": FORK_TOP}))
        token = alone.tokens[fork.index]
        assert [item.id for item in fork.top] == [item.id for item in token.top]
        assert [item.text for item in fork.top] == [item.text for item in token.top]
        assert [item.prob for item in fork.top] == pytest.approx([item.prob for item in token.top], abs=1e-4)
        assert fork.gap == pytest.approx(math.log(fork.top[0].prob / fork.top[1].prob))
        assert fork.entropy_bits == pytest.approx(token.entropy_bits, abs=1e-4)


def test_every_node_of_the_tree_after_which_runs_part_has_its_fork(tiny: Runner):
    record = done(tiny, asked(12))

    def check(node: Node) -> int:
        here = len(node.children) + bool(node.ended) > 1
        assert (node.fork is not None) == here
        if node.fork is not None:
            assert node.fork.run in node.runs
            assert node.fork.index == node.start + len(node.token_ids)
        return here + sum(map(check, node.children))

    assert check(fork_tree(record)) == len(record.forks)


def test_the_record_is_a_document_and_its_numbers_are_a_recount(tiny: Runner):
    record = done(tiny, asked(8, mentions=("the", " e ")))
    assert parse_document(record.to_json()) == record
    assert record.summary == summarise(record.runs, ["the", "e"])
    assert record.cost.output_tokens == sum(map(len, answers(record)))
    assert record.throughput_tokens_per_s == pytest.approx(record.cost.output_tokens / record.wall_s)
    assert record.settings["context_length"] == 512
    assert all(run.text == "".join(run.token_texts) for run in record.runs)


def test_mentions_can_be_counted_again_without_a_run(tiny: Runner):
    record = done(tiny, asked(6))
    again = with_mentions(record, ["a", "the "])
    assert again.summary.mentions == summarise(record.runs, ["a", "the"]).mentions
    assert again.model_copy(update={"summary": record.summary}) == record
    with pytest.raises(PlaygroundError):
        with_mentions(record, [""])


def test_each_temperature_is_the_rerun_at_that_temperature(tiny: Runner):
    updates = list(temperature_ladder(tiny, asked(4, seed=None, mentions=("the",)), (0, 1.5)))
    *_, ladder = updates
    assert isinstance(ladder, TemperatureLadderRecord)
    assert parse_document(ladder.to_json()) == ladder
    shares = [one.fraction for one in of(RerunProgress, updates)]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert of(RerunProgress, updates)[-1].text == "temperature 1.5 (2 of 2): running, 4 of 4 finished"
    assert of(RerunRecord, updates) == ladder.rungs
    assert ladder.temperatures == [rung.settings["temperature"] for rung in ladder.rungs] == [0, 1.5]
    assert [run.seed for run in ladder.rungs[0].runs] == [run.seed for run in ladder.rungs[1].runs]
    assert ladder.rungs[0].summary.unique == 1
    alone = done(tiny, asked(4, temperature=1.5, seed=ladder.rungs[1].settings["seed"]))
    assert answers(alone) == answers(ladder.rungs[1])


def test_a_stopped_ladder_keeps_what_was_done(tiny: Runner):
    stop: list[bool] = []
    updates = []
    for update in temperature_ladder(tiny, asked(3), (0, 0.5, 1), lambda: bool(stop)):
        updates.append(update)
        if isinstance(update, RerunRecord):
            stop.append(True)
    assert of(TemperatureLadderRecord, updates)[0].temperatures == [0]
    assert list(temperature_ladder(tiny, asked(3), (0, 0.5), lambda: True)) == []


@pytest.mark.parametrize("n", [1, 0, -3, 201, "1", "x", "", None, 2.5, True, math.nan, math.inf, "9" * 5000])
def test_a_number_of_runs_that_cannot_be_is_refused(n: Any):
    with pytest.raises(PlaygroundError, match=r"^Runs (must be a whole number from 2 to 200|is not a number)"):
        make_rerun(request(), n)


@pytest.mark.parametrize("n", [2, 200, "16", 16.0])
def test_a_number_of_runs_may_come_as_text(n: Any):
    assert make_rerun(request(), n).n == int(n)


def test_what_cannot_be_run_is_refused_at_once(tiny: Runner):
    with pytest.raises(PlaygroundError, match="did you mean 'different'"):
        make_rerun(request(), 2, "differnt")
    with pytest.raises(PlaygroundError, match="empty"):
        make_rerun(request(" "), 2)
    with pytest.raises(PlaygroundError, match="Unknown model"):
        list(temperature_ladder(tiny, make_rerun(request(model="nope"), 2), (0.5,)))
    for temperatures in ((), "", "0, nan", "warm", [True], (0.1,) * 13, (3,), ("x",), (0.5, 0.5), None):
        with pytest.raises(PlaygroundError, match="emperature"):
            at_temperatures(asked(2), temperatures)


def test_temperatures_are_read_as_a_person_types_them():
    assert at_temperatures(asked(2), "1.5, 0 0.2").temperatures == (1.5, 0, 0.2)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]),
                        min_size=1, max_size=9).filter(lambda word: any(char.isalnum() for char in word)),
                unique=True, max_size=5))  # fmt: skip
def test_mentions_are_read_as_they_are_written(words: list[str]):
    for text in (shown_value(tuple(words)), "\n".join(words) + "\n\n "):
        assert make_rerun(request(), 2, mentions=text).mentions == tuple(words)
    assert make_rerun(request(), 2, mentions=words).mentions == tuple(words)
