"""`playground branch`: another continuation from a token of a saved answer."""

import json as json_module
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from rich.console import Console
from rich.live import Live
from rich.text import Text

from playground.backends.job import Queued
from playground.cli.common import give, stop_on_interrupt, with_model
from playground.engine.beam import BeamProgress
from playground.engine.events import TokenEvent
from playground.errors import PlaygroundError, nearest
from playground.experiments.branching.records import BranchesRecord, BranchRecord, How
from playground.experiments.branching.request import DEFAULT_WIDTH, BranchRequest, check_branch
from playground.experiments.branching.run import BranchUpdate, start_branch
from playground.experiments.branching.tree import add
from playground.experiments.documents import read_document
from playground.runs.records import RunRecord
from playground.views.branch_text import branch_text


def run_branch(
    file: str, values: dict[str, Any], *, at: str, token: str | None, how: str | None, width: str | None, leaving: str,
    model: str | None, save: str | None, json: bool,
) -> None:  # fmt: skip
    """Make a branch of a saved answer; `values` are the settings that were given."""
    tree = _tree(file)
    request = BranchRequest(
        _whole("from", leaving), _whole("at", at), parse_token(token),
        how=_how(how, token), width=DEFAULT_WIDTH if width is None else _whole("width", width), changes=values,
    )  # fmt: skip
    if width is not None and request.how != "beam":
        raise PlaygroundError("--width applies to a beam search only: give --how beam too.")
    check_branch(tree, request)
    runner, name = with_model(model, tree.run.model.quantization, preferred=tree.run.model.id, save=save)
    before = len(tree.branches)
    with stop_on_interrupt() as stopped:
        tree = _follow(tree, start_branch(runner, tree, request, stopped.is_set, model=name))
    if len(tree.branches) == before:
        raise PlaygroundError("Stopped before the branch had a token.")
    give(tree, branch_text(tree, tree.branches[-1]), save, json)


def _tree(file: str) -> BranchesRecord:
    document = read_document(Path(file))
    if isinstance(document, RunRecord):
        return BranchesRecord(run=document, branches=[])
    if isinstance(document, BranchesRecord):
        return document
    kind = type(document).model_fields["kind"].default
    raise PlaygroundError(f"A file of kind {kind} has no branches: give a saved run, or one of kind branch.")


def parse_token(token: str | None) -> int | str | None:
    """A number is an id, anything else a text; a text that is a number goes in double quotes: '"7"'."""
    if token is None:
        return None
    if token.isascii() and token.isdigit():
        return int(token) if len(token) < 20 else 10**20  # no vocabulary has it
    if len(token) > 1 and token[0] == token[-1] == '"':
        try:
            return str(json_module.loads(token))
        except ValueError:  # the quotes belong to the text
            return token
    return token


def _how(how: str | None, token: str | None) -> How:
    if how is None:
        if token is None:
            raise PlaygroundError("Give --token, or --how greedy, sample or beam.")
        return "choice"
    ways = [way for way in get_args(How) if way != "choice"]
    if how not in ways:
        raise PlaygroundError(f"Unknown way to continue, {how[:60]!r}: {nearest(how, ways)}")
    return next(way for way in get_args(How) if way == how)


def _whole(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise PlaygroundError(f"--{name} must be a whole number; got {value[:60]!r}.")
    return int(value)


def _follow(tree: BranchesRecord, updates: Iterator[BranchUpdate]) -> BranchesRecord:
    """Consume the updates of a branch, with progress on standard error; returns the tree that includes it."""
    console, count = Console(stderr=True), 0
    with Live(console=console, transient=True, auto_refresh=False) as live:
        for update in updates:
            if isinstance(update, Queued):
                print("waiting", file=sys.stderr)
            elif isinstance(update, BranchRecord):
                tree, count = add(tree, update), 0
            elif isinstance(update, TokenEvent | BeamProgress) and console.is_terminal:
                count = update.tokens if isinstance(update, BeamProgress) else update.index + 1
                live.update(Text(f"{count} tokens"), refresh=True)
    return tree
