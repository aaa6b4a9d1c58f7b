"""`playground replay`."""

import json as json_module
from dataclasses import asdict
from pathlib import Path

from playground.cli.common import with_model
from playground.cli.terminal import print_json
from playground.errors import PlaygroundError
from playground.experiments.costing.records import CostSheet
from playground.experiments.documents import read_document
from playground.experiments.replays import Outcome, replay_document, replay_sheet
from playground.runs.records import Document, ModelRecord, RunRecord
from playground.runs.replay import replay, why_sentence
from playground.runs.runner import Runner
from playground.views.terminal import safe_text


def replay_file(file: str, *, model: str | None, json: bool) -> None:
    """Run a document again and print the outcome."""
    old = read_document(Path(file))
    if isinstance(old, CostSheet):
        _replay_sheet(old, json=json)
        return
    first = _model(old)
    runner, name = with_model(model, first.quantization, preferred=first.id)
    if isinstance(old, RunRecord):
        _replay_run(old, runner, name, json=json)
    else:
        _replay_other(old, runner, name if model else None, json=json)


def _model(document: Document) -> ModelRecord:
    """The first model named in the document."""
    model = getattr(document.members()[0], "model", None)
    if not isinstance(model, ModelRecord):
        raise PlaygroundError("This file names no model, so it can't be run again.")
    return model


def _replay_run(old: RunRecord, runner: Runner, model: str, *, json: bool) -> None:
    outcome = replay(old, runner, model=model)
    if json:
        document = asdict(outcome) | {"record": json_module.loads(outcome.record.to_json())}
        print_json(json_module.dumps(document, ensure_ascii=False, indent=1))
        return
    print(safe_text(outcome.sentence(old)))
    if outcome.identical and outcome.changed:
        print(safe_text(f"Changed since then: {'; '.join(outcome.changed)}."))
    if outcome.identical and outcome.largest_logprob_change:
        print(f"Probabilities moved by up to {outcome.largest_logprob_change:.2g} (log); no token changed.")


def _replay_sheet(old: CostSheet, *, json: bool) -> None:
    """Reports prices that have changed since; they cause no difference, because the file holds its own prices."""
    outcome = replay_sheet(old)
    if json:
        _print_outcome(outcome)
        return
    for line in outcome.differences or ["identical"]:
        print(safe_text(line))
    if outcome.changed:
        print(safe_text(f"Prices since then: {'; '.join(outcome.changed)}."))


def _print_outcome(outcome: Outcome) -> None:
    print_json(json_module.dumps(asdict(outcome), ensure_ascii=False, indent=1))


def _replay_other(old: Document, runner: Runner, model: str | None, *, json: bool) -> None:
    outcome = replay_document(old, runner, model=model)
    if json:
        _print_outcome(outcome)
        return
    for line in outcome.differences or ["identical"]:
        print(safe_text(line))
    if outcome.differences:
        print(safe_text(why_sentence(outcome.changed)))
    elif outcome.changed:
        print(safe_text(f"Changed since then: {'; '.join(outcome.changed)}."))
