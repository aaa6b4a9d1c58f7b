"""Continuous batching: a row says what it says alone, whatever comes and goes beside it."""

from functools import cache

import torch

from playground.engine.continuous import Continuous
from playground.engine.decoder import Decoder
from playground.models.llama import take_weights
from tests.engine.helpers import random_ids
from tests.tiny import tiny_relative


@cache
def _decoder() -> Decoder:
    return Decoder(take_weights(tiny_relative("llama")))


def _alone(prompt: list[int], tokens: int) -> list[int]:
    cache_, ids = _decoder().new_cache(), list(prompt)
    logits = _decoder().forward(torch.tensor([ids]), cache_)
    for _ in range(tokens):
        ids.append(int(logits[0].argmax()))
        logits = _decoder().forward(torch.tensor([ids[-1:]]), cache_)
    return ids[len(prompt) :]


def test_rows_that_come_and_go_say_what_they_say_alone():
    prompts = {n: random_ids(length, n) for n, length in enumerate((5, 40, 12, 3, 290))}
    joins, lengths = (
        {0: [0, 1], 3: [2], 6: [3], 9: [4]},
        {0: 4, 1: 20, 2: 9, 3: 30, 4: 12},
    )  # 290 is more than all before
    rows, said = Continuous(_decoder()), dict[int, list[int]]()
    for step in range(60):
        for row in joins.get(step, ()):
            said[row] = [rows.join(row, prompts[row])]
        for row, token in rows.step().items():
            said[row].append(token)
        rows.leave([row for row in rows.rows if len(said[row]) >= lengths[row]])
    assert rows.rows == []
    assert said == {row: _alone(prompts[row], lengths[row]) for row in prompts}


def test_its_bytes_are_those_of_what_the_rows_hold():
    rows = Continuous(_decoder())
    rows.join(0, random_ids(10, 0))
    one = rows.nbytes
    rows.join(1, random_ids(20, 1))
    assert rows.nbytes == 3 * one
    rows.leave([1])
    assert rows.nbytes == one
    rows.leave([0])
    assert (rows.nbytes, rows.step()) == (0, {})
