"""The second pass as a document: what it holds, what it costs, and what it leaves alone."""

import json
from dataclasses import replace
from typing import Any

import pytest

from playground.backends.slot import ModelSlot
from playground.engine.lens.base import LensUnavailable
from playground.errors import PlaygroundError
from playground.experiments.documents import parse_document
from playground.experiments.lens.experiment import LENS, AttentionRecord, LensRecord, LensRequest
from playground.experiments.replays import replay_document
from playground.runs.experiment import updates
from playground.runs.records import RunRecord
from playground.runs.replay import prompt_again
from playground.runs.request import read_request
from playground.runs.runner import Runner
from tests.tiny_runner import answer, of, request

ATTENTION = replace(LENS, run="playground.experiments.lens.run:attention")
every_model = pytest.mark.parametrize("model", ["tiny-llama", "tiny-gpt2", "tiny-gemma3"])


def asked_of(prompt: str = "Hello there", **values: Any) -> LensRequest:
    return read_request(LensRequest, {"model": "tiny-llama", "prompt": prompt, "settings": {"seed": 7}, **values})


def of_run(run: RunRecord, **values: Any) -> LensRequest:
    ids = tuple(token.id for token in run.tokens)
    recorded = prompt_again(run.prompt_token_ids)
    return asked_of(run.prompt, model=run.model.id, recorded=recorded, answer_ids=ids, **values)


def looked(runner: Runner, asked: LensRequest) -> LensRecord:
    (record,) = of(LensRecord, updates(runner, LENS, asked))
    return record


def attended(runner: Runner, asked: LensRequest) -> AttentionRecord:
    (record,) = of(AttentionRecord, updates(runner, ATTENTION, asked))
    return record


@every_model
def test_a_look_into_a_run_has_its_tokens_and_its_last_layer_says_what_the_run_said(runner: Runner, model: str):
    run = answer(runner, request(model=model, temperature=0, top=3))
    record = looked(runner, of_run(run, positions=12, layer=2))
    layers = len(record.layers)
    assert record.token_ids == run.prompt_token_ids + [token.id for token in run.tokens]
    assert record.positions == list(range(len(record.token_ids)))[-12:]
    assert len(record.cells) == (layers + 1) * 12
    assert record.last_layer_diff < 1e-4
    last = {cell.position: cell for cell in record.cells if cell.layer == layers}
    for number, token in enumerate(run.tokens[1:]):
        said = last[len(run.prompt_token_ids) + number]
        assert said.top_id == token.id
        assert said.top_prob == pytest.approx(token.top[0].prob, abs=1e-4)
        assert said.final_rank == 1
    assert all((cell.update_norm is None) == (cell.layer == 0) for cell in record.cells)
    assert [layer.layer for layer in record.layers] == list(range(1, layers + 1))
    assert all(layer.seconds > 0 and layer.update_norm > 0 for layer in record.layers)
    assert sum(layer.seconds for layer in record.layers) < record.cost.pass_s
    assert record.cost.extra_bytes == record.cost.kv_bytes + record.cost.state_bytes + record.cost.logits_bytes
    assert record.attention is not None
    assert (record.attention.layer, record.attention.query) == (2, len(record.token_ids) - 1)
    assert parse_document(record.to_json()) == record
    assert replay_document(record, runner).identical


def test_a_prompt_alone_gets_a_greedy_answer_first(tiny: Runner):
    run = answer(tiny, request(temperature=0, max_new_tokens=5))
    record = looked(tiny, asked_of(answer_tokens=5, positions=64))
    assert record.token_ids == run.prompt_token_ids + [token.id for token in run.tokens]
    alone = looked(tiny, asked_of(answer_tokens=0))
    assert alone.token_ids == alone.prompt_token_ids == run.prompt_token_ids


@every_model
def test_attention_of_a_run_reuses_what_the_run_has_read_and_is_the_same_as_from_the_beginning(
    runner: Runner, slot: ModelSlot, model: str
):
    run = answer(runner, request(prompt="a b c", model=model, max_new_tokens=6))
    query = len(run.prompt_token_ids) + 3
    asked = of_run(run, layer=1, query=query)
    kept = attended(runner, asked)
    assert slot.backend is not None
    slot.backend.kept.clear()
    anew = attended(runner, asked)
    assert kept.reused_tokens in (query, 0)  # a window that has slid can't be wound back
    assert model == "tiny-gemma3" or kept.reused_tokens == query
    assert (anew.reused_tokens, anew.read_tokens) == (0, query + 1)
    for one, other in zip(kept.heads, anew.heads, strict=True):
        assert one == pytest.approx(other, abs=1e-4)
        assert len(one) == query + 1
    assert kept.row_sums == pytest.approx([1.0] * len(kept.heads), abs=1e-5)
    assert kept.first_token_share == pytest.approx(sum(head[0] for head in kept.heads) / len(kept.heads), abs=1e-5)


def test_a_short_text_gives_every_query_of_a_head_or_of_their_mean(tiny: Runner):
    run = answer(tiny, request(max_new_tokens=6))
    mean = attended(tiny, of_run(run, layer=1, matrix=True))
    heads = [attended(tiny, of_run(run, layer=1, matrix=True, head=head + 1)).matrix for head in range(len(mean.heads))]
    assert mean.matrix is not None
    for number, row in enumerate(mean.matrix.rows):
        assert len(row) == number + 1
        assert sum(row) == pytest.approx(1, abs=1e-3)
        of_heads = [one.rows[number] for one in heads if one is not None]
        assert row == pytest.approx([sum(all_heads) / 4 for all_heads in zip(*of_heads, strict=True)], abs=1e-4)
    assert mean.matrix.rows[-1] == pytest.approx(
        [sum(weights) / 4 for weights in zip(*mean.heads, strict=True)], abs=1e-4
    )


def test_a_long_text_gives_rows_only(tiny: Runner):
    asked = asked_of(recorded=prompt_again([1] * 257), matrix=True)
    assert attended(tiny, asked).matrix is None


def test_a_look_leaves_the_continuation_of_a_run_as_it_was(tiny: Runner, slot: ModelSlot):
    run = answer(tiny, request(temperature=0, max_new_tokens=9))
    ids = [token.id for token in run.tokens]
    assert slot.backend is not None
    prompt = tuple(run.prompt_token_ids)
    before = slot.backend.logits_before(prompt, ids)
    looked(tiny, of_run(run, layer=1))
    after = slot.backend.logits_before(prompt, ids)
    assert before is not None
    assert after is not None
    assert before.logits.equal(after.logits)


def test_the_prompt_of_a_look_is_kept_so_that_the_next_question_reads_little(tiny: Runner, slot: ModelSlot):
    asked = asked_of("x" * 300, answer_tokens=0)
    looked(tiny, asked)
    found = attended(tiny, asked_of(asked.prompt, answer_tokens=0, query=250))
    assert (found.reused_tokens, found.read_tokens) == (250, 1)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"positions": 0}, "Last positions to show must be a whole number from 1 to 64; got 0"),
        ({"answer_tokens": 257}, "Greedy tokens to generate first must be a whole number from 0 to 256"),
        ({"layer": 3}, "Layer of attention must be from 1 to 2; got 3"),
        ({"query": 99}, "The query position must be from 0 to 7; got 99"),
        ({"matrix": True, "head": 5}, "Head of attention must be from 1 to 4; got 5"),
        ({"recorded": prompt_again([1, 5000])}, "Token id 5,000 is outside .* tiny-llama"),
        ({"recorded": prompt_again([1] * 600)}, "have 600 tokens"),
    ],
)
def test_what_is_not_there_is_refused(tiny: Runner, asked: dict, said: str):
    given = {"recorded": prompt_again(range(8)), "answer_tokens": 0}
    with pytest.raises(PlaygroundError, match=said):
        looked(tiny, asked_of(**{**given, **asked}))


def test_stopped_it_gives_no_record_and_the_model_is_free(tiny: Runner):
    assert of(LensRecord, updates(tiny, LENS, asked_of(), lambda: True)) == []
    asked = [0]

    def soon() -> bool:
        asked[0] += 1
        return asked[0] > 15

    assert of(LensRecord, updates(tiny, LENS, asked_of("y" * 400), soon)) == []
    assert looked(tiny, asked_of())


def test_a_changed_record_does_not_replay(tiny: Runner):
    record = looked(tiny, asked_of(layer=1))
    plain = json.loads(record.to_json())
    plain["cells"][3]["top_prob"] += 0.2
    plain["attention"]["heads"][0][0] += 0.2
    outcome = replay_document(parse_document(json.dumps(plain)), tiny)
    assert len(outcome.differences) == 2


def test_a_model_that_hides_its_layers_is_named(runner: Runner, slot: ModelSlot):
    list(runner.load("tiny-gpt2", "fp32"))
    assert slot.backend is not None
    slot.backend.loaded.module.transformer.h = None
    with pytest.raises(LensUnavailable, match="gpt2 does not keep its 2 layers in one list"):
        looked(runner, asked_of(model="tiny-gpt2", recorded=prompt_again([1, 2])))
