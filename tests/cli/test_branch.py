import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from playground.experiments.branching.records import BranchesRecord
from playground.experiments.branching.tree import tokens_of, total_logprob
from playground.experiments.documents import parse_document, read_document
from playground.runs.records import RunRecord
from tests.cli.conftest import Invoke
from tests.cli.test_run import refused


@pytest.fixture(scope="module")
def saved(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved greedy run of the tiny model."""
    from typer.testing import CliRunner  # noqa: PLC0415  a fixture of this module only

    from playground.cli.main import app  # noqa: PLC0415  it is slow to import

    file = tmp_path_factory.mktemp("run") / "run.json"
    flags = ["--model", str(folder), "--temperature", "0", "--max-new-tokens", "10", "--save", str(file)]
    assert CliRunner().invoke(app, ["run", "hello there", *flags]).exit_code == 0
    return file


@pytest.fixture
def branch(playground: Invoke, folder: Path, saved: Path) -> Invoke:
    def invoke(*flags: object, file: Path = saved) -> Result:
        return playground("branch", file, "--model", folder, *flags)

    return invoke


def made(result: Any) -> BranchesRecord:
    assert result.exit_code == 0, result.output
    document = parse_document(result.stdout)
    assert isinstance(document, BranchesRecord)
    return document


def test_the_token_that_was_there_gives_the_saved_answer(branch: Invoke, saved: Path):
    run = read_document(saved)
    assert isinstance(run, RunRecord)
    tree = made(branch("--at", 4, "--token", run.tokens[4].id, "--json"))
    assert [t.id for t in tokens_of(tree, 1)] == [t.id for t in run.tokens]
    assert tree.run == run
    assert tree.branches[0].total_logprob == total_logprob(run.tokens)


def test_text_settings_and_ways_reach_the_branch(branch: Invoke):
    tree = made(branch("--at", 3, "--token", "th", "--temperature", 1.5, "--max-new-tokens", 7, "--json"))
    (one,) = tree.branches
    assert (one.tokens[0].text[-2:], one.at, one.how) == ("th", 3, "choice")  # bytes before it may wait for their end
    assert (one.settings["temperature"], one.at + len(one.tokens)) == (1.5, 7)
    (drawn,) = made(branch("--at", 3, "--how", "sample", "--temperature", 1, "--seed", 5, "--json")).branches
    assert (drawn.how, drawn.settings["seed"], drawn.forced) == ("sample", 5, 0)
    (beam,) = made(branch("--at", 3, "--how", "beam", "--width", 3, "--json")).branches
    assert (beam.how, beam.width) == ("beam", 3)
    (seven,) = made(branch("--at", 3, "--token", '"7"', "--json")).branches
    assert seven.tokens[0].text.endswith("7")


def test_what_is_shown_is_what_the_document_has(branch: Invoke, tmp_path: Path):
    file = tmp_path / "branches.json"
    shown = branch("--at", 3, "--token", "th", "--save", file)
    assert shown.exit_code == 0, shown.output
    tree = read_document(file)
    assert isinstance(tree, BranchesRecord)
    (one,) = tree.branches
    assert one.text in shown.stdout.replace("▸", "")
    assert "“th”; leaves the run at token 3" in shown.stdout
    assert f"total {one.total_logprob:.2f}" in shown.stdout
    assert f"total {total_logprob(tree.run.tokens):.2f}" in shown.stdout
    assert f"read all {one.computed_tokens} tokens" in shown.stdout  # a new process has no cache
    two = made(branch("--at", 5, "--token", "he", "--from", 1, "--json", file=file))
    assert [(b.id, b.parent) for b in two.branches] == [(1, 0), (2, 1)]
    beam = branch("--at", 3, "--how", "beam")
    assert "Beam search of width 4: total" in beam.stdout


def test_a_file_of_branches_runs_again(branch: Invoke, playground: Invoke, folder: Path, tmp_path: Path):
    file = tmp_path / "branches.json"
    for flags in (["--at", 3, "--token", "th"], ["--at", 2, "--how", "sample", "--temperature", 1]):
        assert branch(*flags, "--save", file, **({"file": file} if file.exists() else {})).exit_code == 0
    again = playground("replay", file, "--model", folder)
    assert (again.exit_code, again.stdout.splitlines()[0]) == (0, "identical")
    document = json.loads(file.read_text())
    document["branches"][1]["tokens"][3]["id"] += 1
    file.write_text(json.dumps(document))
    told = playground("replay", file, "--model", folder)
    assert "branch 2 (sample, seed" in told.stdout
    assert "token 5 differs" in told.stdout


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--at", "x", "--token", "th"], "--at must be a whole number; got 'x'"),
        (["--at", "3"], "Give --token, or --how"),
        (["--at", "3", "--token", "zebra"], "is 5 tokens of this model"),
        (["--at", "3", "--token", "9" * 5000], "Token 1000"),
        (["--at", "3", "--token", "288"], "from 0 to 287"),
        (["--at", "11", "--token", "th"], "token 0 to 10"),
        (["--at", "3", "--how", "bean"], "did you mean 'beam'"),
        (["--at", "3", "--how", "beam", "--width", "12"], "from 2 to 8; got 12"),
        (["--at", "3", "--token", "th", "--width", "3"], "give --how beam too"),
        (["--at", "3", "--token", "th", "--from", "4"], "no branch 4"),
        (["--at", "3", "--token", "th", "--temperature", "9"], "temperature must be"),
        (["--at", "3", "--token", "th", "--save", "/nonexistent/b.json"], "folder does not exist"),
        (["--at", "3", "--how", "sample"], "temperature above 0"),
    ],
    ids=lambda value: " ".join(value)[:34] if isinstance(value, list) else "",
)
def test_a_wrong_flag_is_one_clear_line(branch: Invoke, flags: list[str], words: str):
    assert words in refused(branch(*flags, "--json"))


def test_a_file_without_branches_is_refused(playground: Invoke, tmp_path: Path):
    file = tmp_path / "x.json"
    file.write_text('{"kind": "nothing"}')
    assert "Unknown kind" in refused(playground("branch", file, "--at", 1, "--token", 3))
    assert "does not exist" in refused(playground("branch", tmp_path / "y.json", "--at", 1, "--token", 3))
