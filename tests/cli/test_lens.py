"""`playground lens` and `playground train` on a tiny model."""

import json
from pathlib import Path

import pytest

from playground.experiments.documents import parse_document, read_document
from playground.experiments.lens.experiment import LensRecord
from playground.experiments.training.experiment import TrainingRecord
from tests.cli.conftest import Invoke
from tests.cli.test_run import refused


@pytest.fixture
def lens(playground: Invoke, folder: Path) -> Invoke:
    return lambda prompt, *flags, stdin=None: playground("lens", prompt, "--model", folder, *flags, stdin=stdin)


@pytest.fixture
def train(playground: Invoke, folder: Path) -> Invoke:
    return lambda sentence, *flags: playground(
        "train", sentence, "--model", folder, "--max-new-tokens", 4, "--learning-rate", 0.01, *flags
    )


def test_a_look_is_one_json_document(lens: Invoke, tmp_path: Path):
    file = tmp_path / "lens.json"
    result = lens("-", "--json", "--layer", 1, "--answer-tokens", 3, "--positions", 5, "--save", file, stdin="hello")
    assert result.exit_code == 0, result.output
    record = parse_document(result.stdout)
    assert isinstance(record, LensRecord)
    assert record == read_document(file)
    assert len(record.token_ids) == len(record.prompt_token_ids) + 3
    assert len(record.positions) == 5
    assert record.attention is not None
    assert json.loads(result.stdout)["kind"] == "lens"


def test_a_look_for_people_is_a_grid(lens: Invoke):
    result = lens("hello there", "--head", 2)
    assert result.exit_code == 0, result.output
    for words in ("layer", "update", "head 2", "Rows sum to", "attention sink", "A second pass over"):
        assert words in result.stdout
    rows = [line.split()[0] for line in result.stdout.splitlines() if line[:6].strip().isdigit()]
    assert rows[:3] == ["2", "1", "0"]


def test_training_is_one_json_document_and_two_sides_for_people(train: Invoke):
    result = train("the end is near", "--json")
    assert result.exit_code == 0, result.output
    record = parse_document(result.stdout)
    assert isinstance(record, TrainingRecord)
    assert record.copy_.loss_after < record.copy_.loss_before
    shown = train("the end is near")
    for words in (
        "no weight changed",
        "loss",
        "weights changed",
        "The copy was discarded",
        "the weights it had, bit for bit",
    ):
        assert words in shown.stdout


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--layer", "0"), "Layer of attention must be a whole number from 1; got '0'"),
        (("--layer", "9"), "Layer of attention must be from 1 to 2; got 9"),
        (("--head", "many"), "Head of attention must be a whole number from 1; got 'many'"),
        (("--head", "9"), "Head of attention must be from 1 to 4; got 9"),
        (("--positions", "65"), "Last positions to show must be a whole number from 1 to 64"),
        (("--save", "/no/such/folder/file.json"), "folder does not exist"),
    ],
)
def test_a_wrong_look_is_refused_in_one_line(lens: Invoke, flags: tuple[str, ...], said: str):
    assert said in refused(lens("hello", *flags))


def test_a_wrong_step_is_refused_in_one_line(train: Invoke):
    assert "Learning rate must be a number from 1e-08 to 1" in refused(train("the end", "--learning-rate", "7"))
