import json
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from playground.cli import conduct as conduct_module
from playground.engine.events import TokenEvent
from playground.experiments.compare.records import CompareRecord, SweepRecord
from playground.experiments.compare.table import metric_rows
from playground.experiments.documents import parse_document, read_document
from playground.runs.records import RunRecord
from playground.views.format import format_percent
from playground.views.terminal import safe_text
from tests.cli.conftest import Invoke
from tests.cli.test_run import refused
from tests.tiny_runner import endless_folder, ids


@pytest.fixture
def compare(playground: Invoke, folder: Path) -> Invoke:
    """`playground compare` on the tiny model."""
    return lambda *flags, stdin=None: playground(
        "compare", "hello", "--model", folder, "--max-new-tokens", 6, *flags, stdin=stdin
    )


@pytest.fixture
def sweep(playground: Invoke, folder: Path) -> Invoke:
    """`playground sweep` on the tiny model."""
    return lambda *flags, stdin=None: playground(
        "sweep", "hello", "--model", folder, "--max-new-tokens", 6, *flags, stdin=stdin
    )


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return parse_document(result.stdout)


def sets(*panes: str) -> list[str]:
    return [word for pane in panes for word in ("--set", pane)]


def interrupt_at(pane: int, index: int) -> Callable[..., Any]:
    """In place of `watch`: the person presses Ctrl+C at this token."""
    real = conduct_module.watch

    def watched(updates: Iterator[Any]) -> Iterator[Any]:
        for update in updates:
            yield update
            event = getattr(update, "update", None)
            if isinstance(event, TokenEvent) and (update.pane, event.index) == (pane, index):
                signal.raise_signal(signal.SIGINT)

    return lambda came, *rest, **options: real(watched(came), *rest, **options)


@pytest.mark.parametrize("flags", [[], ["--together"]])
def test_json_is_one_document_of_whole_runs(compare: Invoke, run: Invoke, flags: list[str]):
    result = compare(*sets("temperature=0.2", "temperature=1.2"), "--seed", 7, "--json", *flags)
    record = document(result)
    assert isinstance(record, CompareRecord)
    plain = json.loads(result.stdout)
    assert (plain["kind"], plain["mode"]) == ("compare", "batch" if flags else "turns")
    assert len(plain["panes"]) == 2
    assert len(plain["diffs"]) == 1
    for pane, temperature in zip(record.panes, (0.2, 1.2), strict=True):
        alone = parse_document(run("hello", "--temperature", temperature, "--json").stdout)
        assert isinstance(alone, RunRecord)
        assert ids(pane) == ids(alone)
        assert pane.settings == alone.settings


@pytest.mark.parametrize("flags", [[], ["--together"]])
def test_people_see_each_answer_under_its_title_then_metrics_and_differences(compare: Invoke, flags: list[str]):
    panes = ["temperature=0,seed=1", "temperature=2,seed=2,top_p=1", "temperature=0,seed=3"]
    result = compare(*sets(*panes), "--reference", 3, *flags)
    record = document(compare(*sets(*panes), "--reference", 3, "--json", *flags))
    assert result.exit_code == 0
    shown = result.stdout
    places = [shown.index(f"pane {n + 1}: temperature = ") for n in range(3)]
    assert places == sorted(places)
    assert "top_p = 1.0" in shown[places[1] : places[2]]
    texts = [safe_text(run.text).strip() for run in record.panes]
    assert all(text in shown for text in texts)
    for row in metric_rows(record.panes):
        assert f"\n{row.name} " in shown
    assert "pane 1 against pane 3: identical" in shown
    first = record.diffs[1].first_difference
    assert f"pane 2 against pane 3: token {first} differs" in shown
    assert format_percent(record.diffs[1].reference_top[0].prob) in shown.split("differs")[1]
    assert ("one batch" if flags else "One after the other") in result.stderr


def test_the_best_is_marked(compare: Invoke, folder: Path):
    result = compare(*sets("", "quantization=int8", "seed=1"), "--json")
    weights = next(row for row in metric_rows(document(result).panes) if row.name == "weights")
    assert weights.best == 1
    shown = compare(*sets("", "quantization=int8", "seed=1")).stdout
    (line,) = [line for line in shown.splitlines() if line.startswith("weights ")]
    assert [cell.endswith("✓") for cell in line.replace(" kB", "kB").replace(" ✓", "✓").split()[1:]] == [
        False,
        True,
        False,
    ]


def test_panes_may_name_models_by_path(compare: Invoke, folder: Path, tmp_path: Path):
    other = shutil.copytree(folder, tmp_path / "other")
    result = compare(*sets(f"model={other}", "quantization=bf16", f"model={other},seed=3"), "--together", "--json")
    record = document(result)
    assert [run.model.id for run in record.panes] == ["other", folder.name, "other"]
    assert record.changes[0] == {"model": "other"}
    assert record.mode == "turns"
    assert "different models" in result.stderr


def test_a_pane_that_fails_is_told_and_the_others_keep_their_numbers(compare: Invoke):
    panes = sets("context_length=17", "seed=1", "seed=2")
    record = document(compare(*panes, "--json"))
    assert [one.pane for one in record.failed] == [0]
    result = compare(*panes)
    assert result.exit_code == 0
    assert "pane 1: context_length = 17 failed: " in result.stderr
    assert "pane 3 against pane 2" in result.stdout
    assert "no room" in refused(compare(*sets("context_length=17", "context_length=18")))


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "Give --set 2 to 4 times, once for each pane; got 0"),
        (sets("seed=1"), "got 1"),
        (sets(*["seed=1"] * 5), "got 5"),
        (sets("seed=1", "sead=2"), "Unknown setting 'sead': did you mean 'seed'"),
        (sets("seed=1", "temperature=9"), "temperature must be a number from 0 to 2; got '9'"),
        (sets("seed=1", "quantization=int9"), "Unknown quantization 'int9'"),
        (sets("seed=1", "model=smollm2-135"), "did you mean 'smollm2-135m'"),
        (sets("seed=1", "model=./nowhere"), "No model at './nowhere'"),
        (sets("seed=1", "hello"), "A pane is name=value"),
        ([*sets("seed=1", "seed=2"), "--reference", "3"], "The reference must be one of the 2 panes; got pane 3"),
        ([*sets("seed=1", "seed=2"), "--reference", "one"], "got 'one'"),
        ([*sets("seed=1", "seed=2"), "--reference", "0"], "from 1; got '0'"),
        ([*sets("seed=1", "seed=2"), "--save", "/nowhere/x.json"], "its folder does not exist"),
        ([*sets("seed=1", "seed=2"), "--temperature", "hot"], "temperature must be"),
    ],
)
def test_what_cannot_be_compared_is_one_clear_line(compare: Invoke, flags: list[str], words: str):
    assert words in refused(compare(*flags))


def test_ctrl_c_keeps_what_came(compare: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(conduct_module, "watch", interrupt_at(1, 2))
    before, file = signal.getsignal(signal.SIGINT), tmp_path / "c.json"
    result = compare(*sets("seed=1", "seed=2", "seed=3"), "--save", file, "--json")
    record = document(result)
    assert [run.finish_reason for run in record.panes] == ["length", "cancelled"]
    assert [one.pane for one in record.failed] == [2]
    assert read_document(file) == record
    assert signal.getsignal(signal.SIGINT) is before


def test_a_sweep_is_one_document_and_a_line_for_each_value(sweep: Invoke, tmp_path: Path):
    file = tmp_path / "s.json"
    flags = ["--vary", "temperature=0,0.5,1.5", "--seed", 7, "--save", file]
    record = document(sweep(*flags, "--json"))
    assert isinstance(record, SweepRecord)
    assert (record.name, record.values) == ("temperature", [0.0, 0.5, 1.5])
    assert [run.settings["temperature"] for run in record.runs] == record.values
    assert read_document(file) == record
    result = sweep(*flags)
    assert "12 runs, at most 72 tokens of answer" in result.stderr  # three times, the first one twice over
    for n, run in enumerate(record.runs):
        assert f"{n + 1} of 3: temperature = {record.values[n]}" in result.stdout
        assert safe_text(run.text).strip() in result.stdout
    lines = result.stdout.splitlines()
    head = next(n for n, line in enumerate(lines) if line.split()[:2] == ["temperature", "output"])
    table = lines[head : head + 4]
    assert [line.split()[0] for line in table] == ["temperature", "0", "0.5", "1.5"]


def test_a_seed_that_was_drawn_for_all_runs_is_told(sweep: Invoke):
    result = sweep("--vary", "temperature=0.5,1", "--json")
    (seed,) = {run.settings["seed"] for run in document(result).runs}
    assert f"All runs use seed {seed}." in result.stderr
    assert "draw with seed" not in sweep("--vary", "seed=1,2", "--json").stderr


def test_a_sweep_may_go_over_models_by_path(sweep: Invoke, folder: Path, tmp_path: Path):
    other = endless_folder(tmp_path, "gpt2")
    record = document(sweep("--vary", f"model={folder},{other}", "--json"))
    assert record.values == [folder.name, other.name] == [run.model.id for run in record.runs]


@pytest.mark.parametrize(
    ("vary", "words"),
    [
        ("temperature=0", "2 to 50 values"),
        ("temperature=0,3", "temperature must be a number from 0 to 2; got '3'"),
        ("system=a,b", "system can't be swept"),
        ("temperature", "A sweep varies name=value"),
        ("model=gpt2,nowhere", "Unknown model 'nowhere'"),
        ("context_length=16,17", "no room"),
    ],
)
def test_what_cannot_be_swept_is_one_clear_line(sweep: Invoke, vary: str, words: str):
    assert words in refused(sweep("--vary", vary))


def test_a_long_sweep_asks_on_a_terminal_and_needs_yes_without_one(sweep: Invoke, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("playground.runs.speed.LONG_S", 0)
    flags = ["--vary", "seed=1,2", "--json"]
    assert "give --yes" in refused(sweep(*flags))
    assert document(sweep(*flags, "--yes")).values == [1, 2]
    monkeypatch.setattr("playground.cli.confirm.can_ask", lambda: True)
    assert document(sweep(*flags, stdin="y\n")).values == [1, 2]
    declined = sweep(*flags, stdin="n\n")
    assert (declined.exit_code, declined.stdout) == (1, "")
    assert "Run it?" in declined.stderr


def test_ctrl_c_keeps_the_runs_of_a_sweep_that_had_ended(sweep: Invoke, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(conduct_module, "watch", interrupt_at(1, 2))
    record = document(sweep("--vary", "seed=1,2,3", "--json"))
    assert (record.values, record.asked) == ([1], [1, 2, 3])
    monkeypatch.setattr(conduct_module, "watch", interrupt_at(0, 2))
    assert "stopped before" in sweep("--vary", "seed=1,2,3", "--json").stderr


def test_the_prompt_of_both_can_come_from_standard_input(playground: Invoke, folder: Path):
    flags = ["--model", folder, "--max-new-tokens", 2, "--json"]
    compared = playground("compare", "-", *sets("seed=1", "seed=2"), *flags, stdin="from a pipe")
    assert document(compared).prompt == "from a pipe"
    assert document(playground("sweep", "-", "--vary", "seed=1,2", *flags, stdin="from a pipe")).prompt == "from a pipe"
