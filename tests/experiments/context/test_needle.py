"""The needle test: prompts of the length asked for, the fact at its depth, and a score that a full pass confirms."""

import math

import pytest
import torch

from playground.data.context import shipped_haystack
from playground.engine.reading import forced_logits
from playground.engine.template import ids_of
from playground.errors import PlaygroundError
from playground.experiments.context.experiments import NEEDLE, NeedleRequest
from playground.experiments.context.haystack import code_of, hide
from playground.experiments.context.needle import score
from playground.experiments.context.records import CellRecord, NeedleRecord
from playground.experiments.documents import parse_document
from playground.experiments.replays import replay_document
from playground.runs.experiment import updates
from playground.runs.request import read_request
from playground.runs.runner import Runner
from tests.engine.helpers import tiny_module, tiny_text_model
from tests.tiny import ARCHITECTURES, tiny_tokenizer
from tests.tiny_runner import of

HAYSTACK = shipped_haystack()


@pytest.mark.parametrize("depth", [0.0, 0.3, 1.0])
def test_the_prompt_has_the_length_asked_for_and_the_fact_at_its_depth(depth: float):
    tokenizer = tiny_tokenizer()
    hidden = hide(tokenizer, HAYSTACK, 900, depth, "4711")
    text = tokenizer.decode(hidden.prompt_ids)
    longest = max(len(ids_of(tokenizer, f"{sentence} ")) for sentence in HAYSTACK.filler)
    assert 900 - longest < len(hidden.prompt_ids) <= 900
    assert text.count("4711") == 1
    assert tokenizer.decode(hidden.prompt_ids[hidden.needle_token :]).startswith(HAYSTACK.fact.format(code="4711")[:20])
    filler = text.index(HAYSTACK.question) - text.index("user")
    assert (text.index("The secret") - text.index("user")) / filler == pytest.approx(depth, abs=0.2)
    assert tokenizer.decode([*hidden.start_ids, *hidden.code_ids]) == HAYSTACK.answer.format(code="4711")
    assert "4711".startswith(tokenizer.decode(hidden.code_ids).strip())


def test_each_cell_has_a_code_of_its_own_and_the_seed_fixes_it():
    codes = [code_of(0, length, depth) for length in (128, 256) for depth in (0.0, 0.5, 1.0)]
    assert len(set(codes)) == len(codes)
    assert all(code.isdigit() and len(code) == 4 for code in codes)
    assert code_of(0, 128, 0.5) == code_of(0, 128, 0.5) != code_of(1, 128, 0.5)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_score_is_that_of_one_full_forward_pass(arch: str):
    hidden = hide(tiny_tokenizer(), HAYSTACK, 400, 0.5, "7421")
    answer = (*hidden.start_ids, *hidden.code_ids)
    said = forced_logits(tiny_text_model(arch), hidden.prompt_ids, answer, len(hidden.start_ids))
    probs, greedy = score(hidden, said)
    ids = [*hidden.prompt_ids, *hidden.start_ids, *hidden.code_ids]
    with torch.inference_mode():
        logits = tiny_module(arch)(input_ids=torch.tensor([ids])).logits[0].double()
    first = len(ids) - len(hidden.code_ids)
    rows = logits[first - 1 : -1].softmax(-1)
    expected = [float(row[right]) for row, right in zip(rows, hidden.code_ids, strict=True)]
    assert probs == pytest.approx(expected, rel=1e-3)
    likeliest = rows.argmax(-1).tolist()
    assert greedy == (likeliest == list(hidden.code_ids))


def _ask(**more) -> NeedleRequest:
    return read_request(NeedleRequest, {"model": "tiny-llama", "lengths": (200, 260), "depths": (0.0, 1.0), **more})


def test_cells_come_in_order_and_the_record_holds_them(tiny: Runner):
    came = list(updates(tiny, NEEDLE, _ask()))
    cells, (record,) = of(CellRecord, came), of(NeedleRecord, came)
    assert record.cells == cells
    assert [(cell.length, cell.depth) for cell in cells] == [(200, 0.0), (200, 1.0), (260, 0.0), (260, 1.0)]
    for cell in cells:
        assert cell.probability == pytest.approx(math.prod(cell.token_probs))
        assert cell.per_token == pytest.approx(cell.probability ** (1 / len(cell.answer_ids)))
        assert cell.prompt_tokens <= cell.length
    assert parse_document(record.to_json()) == record
    again = replay_document(record, tiny)
    assert again.identical
    changed = cells[2].model_copy(update={"probability": 0.9})
    told = replay_document(record.model_copy(update={"cells": [*cells[:2], changed]}), tiny).differences
    assert len(told) == 1
    assert told[0].startswith("260 tokens, depth 0%: 0.9000 then")


def test_a_stop_keeps_the_cells_that_are_done(tiny: Runner):
    done: list[CellRecord] = []
    record = None
    for update in updates(tiny, NEEDLE, _ask(), lambda: len(done) == 3):
        if isinstance(update, CellRecord):
            done.append(update)
        elif isinstance(update, NeedleRecord):
            record = update
    assert record is not None
    assert (record.cells, record.ended) == (done, "stopped")
    assert replay_document(record, tiny).identical


@pytest.mark.parametrize(
    ("asked", "told"),
    [({"lengths": (510,)}, "longest prompt.*answer fits"), ({"lengths": (20,)}, "Fact and question take"),
     ({"depths": (1.5,)}, "from 0 to 1"), ({"lengths": ()}, "Prompt lengths in tokens must be 1 to"),
     ({"lengths": (0,)}, "from 1"), ({"lengths": tuple(range(1, 102)), "depths": (0, 1)}, "at most 200 cells"),
     ({"lengths": tuple(range(1, 300)), "depths": (0.0,)}, "1 to 200 whole numbers")],
)  # fmt: skip
def test_what_cannot_be_hidden_is_refused_in_words(tiny: Runner, asked, told):
    with pytest.raises(PlaygroundError, match=told):
        list(updates(tiny, NEEDLE, _ask(**asked)))
