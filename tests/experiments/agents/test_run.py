"""The loop really run: what is counted is what was read, whatever the history, on every architecture."""

from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Any

import pytest

from playground.engine.chat import Turn, prepare_chat
from playground.errors import PlaygroundError
from playground.experiments.agents.experiment import AGENT, AgentRequest
from playground.experiments.agents.records import AgentPlan, AgentRecord, AgentStepRecord
from playground.experiments.documents import parse_document
from playground.experiments.replays import replay_document
from playground.metrics.formulas.agents import closed_form_input
from playground.metrics.formulas.tokens import usage_cost
from playground.metrics.prices import rates
from playground.runs.experiment import updates
from playground.runs.request import read_request
from playground.runs.runner import Runner
from playground.settings import make_settings
from tests.tiny import ARCHITECTURES
from tests.tiny_runner import endless_folder, make_runner, make_slot, of

DOCUMENT = "one fish lived in the well. two ants ate the bread. three goats stood on the road. four boats came home."


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A runner over every tiny architecture, with positions enough for a loop."""
    parent = tmp_path_factory.mktemp("every")
    return make_runner(
        make_slot(*(endless_folder(parent, arch, max_position_embeddings=2048) for arch in ARCHITECTURES))
    )


def asked(**more: Any) -> AgentRequest:
    settings = {"seed": 5, "top": 0, **more.pop("settings", {})}
    short = {"prompt": "Read it.", "document": DOCUMENT, "steps": 4, "answer_tokens": 6, "passage_tokens": 12}
    return read_request(AgentRequest, {"model": "tiny-llama", "settings": settings, **short, **more})


def loop(runner: Runner, request: AgentRequest, should_stop: Callable[[], bool] = lambda: False) -> AgentRecord:
    (record,) = of(AgentRecord, updates(runner, AGENT, request, should_stop))
    return record


def prompt_ids(runner: Runner, record: AgentRecord, turns: list[Turn], newest: str) -> list[int]:
    """The chat rendered here, from what the record says was said."""
    backend = runner.loaded(record.model.id)
    assert backend is not None
    settings = make_settings(**record.settings)
    return list(backend.tokenize(lambda one: prepare_chat(one, turns, newest, settings, 10**6)).ids)


def common(one: list[int], other: list[int]) -> int:
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_step_reads_the_whole_history_and_computes_only_what_the_cache_lacks(every: Runner, arch: str):
    record = loop(every, asked(model=f"tiny-{arch}", settings={"system": "Be brief." if arch != "gemma3" else ""}))
    assert [step.number for step in record.steps] == [1, 2, 3, 4]
    turns: list[Turn] = []
    newest, held = record.task, list[int]()
    for step in record.steps:
        (call,) = step.calls
        ids = prompt_ids(every, record, turns, newest)
        assert call.prompt_tokens == len(ids) == call.cached_tokens + call.computed_tokens
        assert call.held_tokens == len(held)
        possible = min(common(held, ids), len(ids) - 1)
        assert call.cached_tokens == possible or (arch == "gemma3" and call.cached_tokens == 0)
        assert call.plain_prefill_s is not None and call.plain_prefill_s > 0  # noqa: PT018 - narrows the type
        assert 0 < call.prefill_s <= (call.ttft_s or 0) <= call.e2e_s
        held = [*ids, *call.token_ids[:-1]]  # the last token is drawn and not read
        turns.append(Turn(newest, call.text))
        newest = step.tool_text
    assert record.ended == "complete"
    if arch != "gemma3":  # its sliding window can't forget its end, so it reuses nothing
        assert all(step.calls[0].cached_tokens > 0 for step in record.steps[1:])


def test_prices_are_those_of_the_measured_tokens(every: Runner):
    record = loop(every, asked())
    of_model = rates(record.reference_model).plain()
    for call in (call for step in record.steps for call in step.calls):
        new = call.prompt_tokens - call.cached_tokens
        resent = usage_cost(call.prompt_tokens, 0, 0, call.output_tokens, of_model)["total_usd"]
        cached = usage_cost(call.prompt_tokens, call.cached_tokens, new, call.output_tokens, of_model)["total_usd"]
        assert (call.resent_usd, call.cached_usd) == (resent, cached)


def test_the_prediction_is_of_the_plan_and_exact_where_every_step_is_as_planned(every: Runner):
    came = list(updates(every, AGENT, asked()))
    (told,), (record,) = of(AgentPlan, came), of(AgentRecord, came)
    assert told.plan == record.plan
    assert told.forecast == record.forecast
    assert record.forecast[-1].cumulative_input_tokens == closed_form_input(record.plan)
    assert record.plan["system_tokens"] + record.plan["task_tokens"] == record.steps[0].calls[0].prompt_tokens
    assert record.plan["output_tokens"] == 6
    read = accumulate(sum(call.prompt_tokens for call in step.calls) for step in record.steps)
    for total, one in zip(read, record.forecast, strict=True):
        assert total == pytest.approx(one.cumulative_input_tokens, rel=0.25)  # random answers are read as other tokens


def test_a_truncated_history_has_the_last_steps_only(every: Runner):
    record = loop(every, asked(strategy="truncated", keep_steps=1))
    before, last = record.steps[2], record.steps[3]
    ids = prompt_ids(every, record, [Turn(record.task, before.calls[0].text)], before.tool_text)
    assert last.calls[0].prompt_tokens == len(ids)
    assert last.calls[0].cached_tokens < last.calls[0].held_tokens
    assert [one.cached_usd for one in record.forecast] == [None] * 4


def test_a_summary_is_written_by_the_model_and_stands_in_place_of_the_history(every: Runner):
    record = loop(every, asked(strategy="summarised", summary_every=2, summary_tokens=5))
    assert [[call.purpose for call in step.calls] for step in record.steps] == [
        ["answer"], ["answer"], ["summary", "answer"], ["answer"],
    ]  # fmt: skip
    summary, answer = record.steps[2].calls
    assert summary.output_tokens == 5
    first = f"{record.task}\n\nSummary of the steps so far:\n{summary.text}"
    assert answer.prompt_tokens == len(prompt_ids(every, record, [], first))
    assert summary.prompt_tokens > record.steps[1].calls[0].prompt_tokens


def test_a_prompt_that_no_longer_fits_ends_the_loop_and_says_so(every: Runner):
    whole = loop(every, asked())
    limit = whole.steps[2].calls[0].prompt_tokens  # room for step 2 and its answer, not for step 3
    record = loop(every, asked(settings={"context_length": limit}))
    assert (record.ended, len(record.steps)) == ("context", 2)
    assert "step 3 needs" in record.ended_words
    assert f"{limit:,}" in record.ended_words
    assert parse_document(record.to_json()) == record


def test_a_stop_keeps_the_steps_that_are_done(every: Runner):
    steps: list[AgentStepRecord] = []
    record = None
    for update in updates(every, AGENT, asked(), lambda: len(steps) == 2):
        if isinstance(update, AgentStepRecord):
            steps.append(update)
        elif isinstance(update, AgentRecord):
            record = update
    assert record is not None
    assert (record.ended, record.steps, record.ended_words) == ("stopped", steps, "stopped in step 3")
    assert replay_document(record, every).identical
    assert not of(AgentRecord, updates(every, AGENT, asked(), lambda: True))


def test_a_replay_is_identical_and_tells_the_first_step_that_differs(every: Runner):
    record = loop(every, asked(tool="search", without_cache=False))
    assert all(step.calls[0].plain_ttft_s is None for step in record.steps)
    assert parse_document(record.to_json()) == record
    assert replay_document(record, every).identical
    second = record.steps[1]
    wrong = second.model_copy(update={"calls": [second.calls[0].model_copy(update={"token_ids": [1]})]})
    changed = record.model_copy(update={"steps": [record.steps[0], wrong, *record.steps[2:]]})
    assert replay_document(changed, every).differences == ["step 2: the answer differs."]


def test_each_step_draws_by_its_own_seed(every: Runner):
    record = loop(every, asked(settings={"seed": 2**32 - 2}))
    assert [step.seed for step in record.steps] == [2**32 - 2, 2**32 - 1, 0, 1]
    assert all(one.seed != other.seed for one, other in pairwise(record.steps))


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"steps": 9}, "Steps must be a whole number from 1 to 8"), ({"steps": True}, "Steps"), ({"steps": 2.5}, "Steps"),
     ({"answer_tokens": float("nan")}, "Longest answer, in tokens"), ({"passage_tokens": 0}, "Tokens of a passage"),
     ({"prompt": " "}, "empty"), ({"document": ""}, "document is empty"), ({"document": "x" * 1_000_001}, "1,000,000"),
     ({"tool": "web"}, "tool"), ({"strategy": "none"}, "history"), ({"model": "no"}, "no"),
     ({"settings": {"temperature": 9}}, "temperature")],
)  # fmt: skip
def test_what_cannot_be_run_is_refused_in_words(every: Runner, changes: dict[str, Any], told: str):
    with pytest.raises(PlaygroundError, match=told):
        list(updates(every, AGENT, asked(**changes)))
