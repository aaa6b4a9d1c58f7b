"""What the sampler's section is given and says, as values."""

import json
from dataclasses import replace

from playground.backends.base import Loading
from playground.backends.job import Queued
from playground.ui.rooms.inside.sampler import step_values
from playground.views.sampler import answer_view, step_text
from tests.ui.compare_samples import HOSTILE, made_run


def test_the_picker_gets_the_answer_and_begins_with_its_most_open_token():
    run = made_run(["a", " b", "<end>"])
    tokens = [run.tokens[0], replace(run.tokens[1], entropy_bits=5.0), run.tokens[2]]
    written = answer_view(run.model_copy(update={"tokens": tokens}), ready=True)
    assert "<" not in written
    answer = json.loads(written)
    assert answer["tokens"] == ["a", " b", ""]
    assert (answer["first"], answer["ready"], answer["prompt"]) == (1, True, HOSTILE)


def test_of_a_long_prompt_its_end_is_shown():
    run = made_run(["a"]).model_copy(update={"prompt": "x" * 5_000 + " the end"})
    prompt = json.loads(answer_view(run, ready=False))["prompt"]
    assert prompt.startswith("…")
    assert prompt.endswith(" the end")
    assert len(prompt) < 300


def test_another_run_with_the_same_words_is_another_answer():
    one, other = (made_run(["a"], seed=seed) for seed in (1, 2))
    assert answer_view(one, ready=True) != answer_view(other, ready=True)


def test_a_step_that_waits_or_loads_says_so_and_the_drawing_stays():
    for update, words in (
        (Queued(2, 0.1), "waiting, 2 runs before this"),
        (Loading("tiny", "fp32", "reading", 0.5), "loading tiny fp32: reading 50%"),
    ):
        drawing, line, news = step_values(update)
        assert line == f"This step: {words}"
        assert drawing == {"__type__": "update"}
        assert news == {}
    assert step_values(("{}", step_text(1, 40, 0.05))) == (
        "{}", "Logits computed again in 50.0 ms: 1 token read, 40 came from the KV cache.", {},
    )  # fmt: skip
