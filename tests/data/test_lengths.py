"""Lengths of real answers: what ships is whole, what is wrong is refused by name, and a real run agrees."""

from pathlib import Path

import pytest

from playground.data.lengths import LengthList
from playground.data.presets import load_list
from playground.errors import PlaygroundError
from playground.experiments.reruns.records import RerunRecord
from playground.paths import presets_dir
from playground.runs.updates import RunRequest
from playground.settings import make_settings
from tests.experiments.reruns.asked import make_rerun, rerun
from tests.tiny_runner import make_runner, make_slot, of

SHIPPED = presets_dir() / "lengths.yaml"


def test_each_shipped_set_has_the_runs_that_its_command_asks_for():
    listed = load_list(LengthList, SHIPPED)
    assert len({one.id for one in listed.lengths}) >= 3
    for one in listed.lengths:
        assert f"--n {len(one.output_tokens)} " in one.command
        assert f"--seed {listed.settings['seed']}" in one.command
        assert f"--max-new-tokens {listed.settings['max_new_tokens']} " in one.command
        assert one.source.startswith(f"{len(one.output_tokens)} runs of ")
        assert (f"{one.cut} of them cut" in one.source) == bool(one.cut)
        assert len(set(one.output_tokens)) > 1  # a distribution, not one constant
        assert ("cut" in one.title) == (one.cut > len(one.output_tokens) / 2)  # the limit says more than the model


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("cut: 2", "cut: 3", "question: no answer is longer"),
        ("max_new_tokens: 400", "max_new_tokens: 300", "question: no answer is longer"),
        ("temperature: 0.8", "temperature: 8", "temperature"),
        ("input_tokens: 36", "input_tokens: 0", "lengths.0.input_tokens"),
        ("output_tokens: [", "output_tokens: [-1, ", "lengths.0.output_tokens.0"),
        ("id: list", "id: question", "'question' appears twice"),
        ("threads:", "thread:", "unknown key 'thread'"),
        ("schema: 1", "schema: 2", "schema must be 1"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path: Path, right: str, wrong: str, says: str):
    text = SHIPPED.read_text(encoding="utf-8")
    assert right in text
    path = tmp_path / "lengths.yaml"
    path.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(PlaygroundError) as refused:
        load_list(LengthList, path)
    assert says in str(refused.value)
    assert "lengths.yaml" in str(refused.value)


@pytest.mark.slow
@pytest.mark.real_model
def test_the_first_seeds_write_answers_like_those_in_the_file():
    listed = load_list(LengthList, SHIPPED)
    shipped = next(one for one in listed.lengths if one.id == "summary")
    run = RunRequest(shipped.prompt, listed.model, listed.quantization, make_settings(**listed.settings))
    (record,) = of(RerunRecord, rerun(make_runner(make_slot()), make_rerun(run, 3)))
    assert len(record.prompt_token_ids) == shipped.input_tokens
    lengths = [len(one.token_ids) for one in record.runs]
    shortest, longest = min(shipped.output_tokens), max(shipped.output_tokens)
    assert all(shortest / 2 <= length <= longest * 2 for length in lengths)  # last bits differ between processors
    assert len(set(lengths)) > 1
