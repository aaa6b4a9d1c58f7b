"""The commands that the README names do what it says, here on a tiny model and with short answers."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from playground.cli.main import app
from tests.cli.conftest import Invoke

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
NOT_RUN = {"serve": "it never ends; test_serve.py has it", "bench": "it takes minutes"}
SHORT = {
    "--max-new-tokens": ["8"],
    "--n": ["4"],
    "--requests": ["4"],
    "--steps": ["2"],
    "--batch": ["1,2"],
    "--quick": [],
    "--only": ["seeded"],
    "--arm": ["bf16"],
}


def lines() -> list[str]:
    """Each command of the README without its comment."""
    block = README[README.index("## The command line") :].split("```")[1]
    return [line.partition("   #")[0].strip() for line in block.strip().splitlines()]


def options_of(words: list[str]) -> set[str]:
    """Of a command, which may stand in a group."""
    found = typer.main.get_command(app).commands[words[0]]  # pyrefly: ignore[missing-attribute]  # a group
    found = getattr(found, "commands", {}).get(words[1] if len(words) > 1 else "", found)
    return {name for parameter in found.params for name in parameter.opts}


def shortened(words: list[str], folder: Path) -> list[str]:
    """The same command on the tiny model, with less to do where it can be asked for less."""
    known = options_of(words)
    out = ["a" if word == " map" else word for word in words]  # one token of this model as of the README's
    for name, values in {"--model": [str(folder)], **SHORT}.items():
        if name not in known or (name == "--model" and words[0] == "cost"):
            continue
        if name in out:
            place = out.index(name)
            out[place : place + 1 + len(values)] = []
        out += [name, *values]
    return out


def test_every_command_of_the_readme_is_one_that_is_known():
    assert {line.split()[1] for line in lines()} == set(typer.main.get_command(app).commands)  # pyrefly: ignore[missing-attribute]  # a group


def test_every_command_of_the_readme_runs(
    playground: Invoke, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    made = playground("throughput", "--batch", "1,2", "--model", folder, "--json")
    (tmp_path / "throughput.json").write_text(made.stdout, "utf-8")
    failed = []
    for line in lines():
        command, _, target = line.partition(" > ")
        words = shlex.split(command)[1:]
        if words[0] in NOT_RUN:
            continue
        result = playground(*shortened(words, folder))
        if target:
            (tmp_path / target).write_text(result.stdout, "utf-8")
        if result.exit_code:
            failed.append(f"{line}: {result.output[-500:]}")
    assert failed == []


def test_what_it_installs_and_starts_is_there():
    root = Path(__file__).parents[2]
    for block in re.findall(r"```\n(pip install .*?)\n```", README, flags=re.DOTALL):
        for word in re.findall(r"python (\S+)", block):
            assert (root / word).is_file()
