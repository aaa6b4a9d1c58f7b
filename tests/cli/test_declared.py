"""A complete experiment from a folder of one file: its command, with help, JSON, file, report and replay."""

from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from playground.cli.command import add_experiments
from playground.experiments.documents import parse_document, read_document
from tests.cli.conftest import Invoke

OWN = Path(__file__).parents[1] / "declared"
WORDS = ("--words", "a,bc", "--times", 2)


@pytest.fixture
def width(monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.setenv("PLAYGROUND_EXPERIMENTS", str(OWN))
    app = typer.Typer()
    add_experiments(app)

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["width", *map(str, arguments)], catch_exceptions=False)

    return invoke


def test_help_tells_label_sentence_and_default_of_each_field(width: Invoke):
    text = " ".join(width("--help").stdout.split())
    for words in (
        "How many tokens a repeated word has.",
        "Each becomes a text of its own.",
        "3 if not given",
        "--spaced",
    ):
        assert words in text


def test_json_is_the_document_that_is_saved_and_it_replays(
    width: Invoke, playground: Invoke, folder: Path, tmp_path: Path
):
    saved = tmp_path / "w.json"
    result = width("--model", folder, *WORDS, "--json", "--save", saved)
    assert result.exit_code == 0, result.output
    assert read_document(saved) == parse_document(result.stdout)
    outcome = playground("replay", saved, "--model", folder)
    assert outcome.exit_code == 0, outcome.output
    assert "dentical" in outcome.stdout


def test_a_person_reads_the_panels_and_takes_the_report_along(width: Invoke, folder: Path, tmp_path: Path):
    result = width("--model", folder, *WORDS, "--html", tmp_path / "w.html")
    assert result.exit_code == 0, result.output
    report = (tmp_path / "w.html").read_text("utf-8")
    for figure in ("a", "bc", "tokens"):
        assert figure in result.stdout
        assert figure in report


def test_bad_input_ends_with_one_line_before_a_model_is_loaded(width: Invoke):
    for flags in (("--times", "0"), ("--words", ""), ("--model", "nosuch"), ("--save", "no/such/folder.json")):
        result = width(*flags)
        assert result.exit_code == 2
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1
