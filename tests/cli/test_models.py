import json
from pathlib import Path

import pytest

from playground.cli import models as models_module
from playground.errors import PlaygroundError
from playground.models.catalogue import Catalogue
from playground.paths import presets_dir
from tests.cli.conftest import Invoke


def test_the_list_is_the_catalogue_and_marks_its_default(playground: Invoke):
    catalogue = Catalogue.load(presets_dir(), [])
    rows = json.loads(playground("models", "--json").stdout)
    assert [row["id"] for row in rows] == [entry.id for entry in catalogue.entries]
    assert [row["id"] for row in rows if row["default"]] == [catalogue.default.id]
    for line, row in zip(playground("models").stdout.splitlines(), rows, strict=True):
        assert row["id"] in line
        assert row["about"] in line
        assert ("not fetched" in line) == (not row["ready"])


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Every model comes at once."""

    def fetch(entry, progress=lambda _stage, _fraction: None):
        progress(f"Downloading {entry.title}", 0.5)
        progress(f"Checking {entry.title}", None)
        return tmp_path

    monkeypatch.setattr(models_module, "fetch", fetch)
    return tmp_path


@pytest.mark.parametrize("arguments", [("models", "fetch", "gpt2", "--json"), ("models", "--json", "fetch", "gpt2")])
def test_fetching_prints_one_json_document_and_its_stages_elsewhere(playground: Invoke, fetched: Path, arguments):
    result = playground(*arguments)
    assert json.loads(result.stdout) == {"id": "gpt2", "path": str(fetched)}
    assert [line.split()[0] for line in result.stderr.splitlines()] == ["Downloading", "Checking"]


def test_fetching_says_where_the_model_is(playground: Invoke, fetched: Path):
    assert playground("models", "fetch", "gpt2").stdout.endswith(f" is in {fetched}\n")


def test_an_unknown_model_is_one_clear_line(playground: Invoke):
    for flags in ((), ("--json",)):
        result = playground("models", "fetch", "gpt3", *flags)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == "error: Unknown model 'gpt3': did you mean 'gpt2'?\n"


def test_a_fetch_that_fails_is_one_clear_line(playground: Invoke, monkeypatch: pytest.MonkeyPatch):
    def fetch(entry, progress):
        progress("Downloading", None)
        raise PlaygroundError("There is no network:\nconnect and try again.")

    monkeypatch.setattr(models_module, "fetch", fetch)
    result = playground("models", "fetch", "gpt2", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[1:] == ["error: There is no network: connect and try again."]
