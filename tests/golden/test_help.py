"""Every command's help: options, defaults and sentences."""

from collections.abc import Iterator

import click
import pytest
from typer.main import get_command

from playground.cli.main import app
from tests.golden.compare import same


def _helps(command: click.Command, path: str, parent: click.Context | None = None) -> Iterator[str]:
    context = click.Context(command, parent, path.rpartition(" ")[2], terminal_width=100, max_content_width=100)
    yield command.get_help(context)
    for name in sorted(getattr(command, "commands", {})):
        yield from _helps(command.commands[name], f"{path} {name}", context)


def test_every_help_is_as_agreed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "100")
    same("help.txt", "\n\n\n".join(_helps(get_command(app), "playground")) + "\n")
