"""The command line in this process, with a tiny model."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from playground.cli.main import app
from tests.tiny_runner import endless_folder

Invoke = Callable[..., Result]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return endless_folder(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def playground() -> Invoke:
    """`playground(*arguments, stdin=None)`: what the command does; an error that is no exit is raised."""

    def invoke(*arguments: object, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(app, [str(each) for each in arguments], input=stdin, catch_exceptions=False)

    return invoke


@pytest.fixture
def run(playground: Invoke, folder: Path) -> Invoke:
    """`playground run` on the tiny model, short and with a fixed seed unless told otherwise."""
    return lambda prompt, *flags, stdin=None: playground(
        "run", prompt, "--model", folder, "--seed", 7, "--max-new-tokens", 6, *flags, stdin=stdin
    )
