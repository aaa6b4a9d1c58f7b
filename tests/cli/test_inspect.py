"""`playground inspect`, in this process."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke


@pytest.fixture
def saved(playground: Invoke, folder: Path, tmp_path: Path) -> Path:
    file = tmp_path / "run.json"
    done = playground("run", "Hello there", "--model", folder, "--max-new-tokens", 6, "--seed", 3, "--save", file)
    assert done.exit_code == 0
    return file


def test_a_step_of_a_saved_run_is_one_json_document(playground: Invoke, folder: Path, saved: Path):
    done = playground("inspect", saved, "--step", 4, "--top", 3, "--model", folder, "--json")
    assert done.exit_code == 0
    step, run = json.loads(done.stdout), json.loads(saved.read_text("utf-8"))
    assert (step["kind"], step["step"], step["steps"]) == ("step", 4, 6)
    assert step["draw"]["id"] == step["chosen"]["id"] == run["tokens"][4]["id"]
    assert step["agreement"]["agrees"] is True
    assert [len(stage["top"]) for stage in step["stages"]] == [3] * 6


def test_settings_given_take_the_place_of_the_runs_own(playground: Invoke, folder: Path, saved: Path):
    cut = ("--top-k", 5, "--temperature", 1.5, "--order", "llama.cpp")
    done = playground("inspect", saved, "--step", 0, "--model", folder, *cut)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert any(line.split()[:3] == ["top-k", "5", "5"] for line in lines)
    assert done.stdout.index("top-k") < done.stdout.index("temperature 1.5")
    assert "the logits agree with the run" in done.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--step", 6), "step must be from 0 to 5, as the run has 6 tokens; got 6."),
        (("--step", "two"), "step must be a whole number; got 'two'."),
        (("--step", 0, "--top", 5000), "top must be a whole number from 0 to 1,000; got 5,000."),
        (("--step", 0, "--temperature", 9), "temperature must be a number from 0 to 2; got '9'."),
        (("--step", 0, "--order", "llama"), "Unknown order 'llama'"),
    ],
)
def test_bad_input_ends_in_one_clear_line(playground: Invoke, saved: Path, given: tuple[object, ...], said: str):
    done = playground("inspect", saved, *given)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_file_that_is_no_run_is_refused(playground: Invoke, tmp_path: Path):
    file = tmp_path / "other.json"
    file.write_text('{"kind": "sweep"}', encoding="utf-8")
    done = playground("inspect", file, "--step", 0)
    assert done.exit_code == 2
    assert "Not a run record" in done.stderr
