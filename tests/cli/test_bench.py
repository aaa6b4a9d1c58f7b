"""`playground bench`: what was measured is kept when it is stopped, and what was started is ended."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from playground.bench.budget import Budget
from playground.bench.page_start import ended
from playground.bench.turns import Turns
from playground.cli.bench import report
from playground.errors import PlaygroundError
from tests.bench.helpers import Hands, made_up
from tests.cli.conftest import Invoke

SIGNALS = [signal.SIGINT, signal.SIGTERM]
WAITS = [sys.executable, "-c", "import threading; threading.Event().wait(60)"]


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Ctrl+C interrupts, as in a terminal: tests that run in the background of a shell inherit that it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def turns(budget: Budget, stop: Callable[[], object]) -> Turns:
    """One measurement, one that is stopped, and one after it."""
    return Turns([made_up(budget, "first"), made_up(budget, "second", each=stop), made_up(budget, "third")], [], budget)


@pytest.mark.parametrize("number", SIGNALS)
def test_stopped_it_prints_what_was_measured_as_one_document(number: int, capsys: pytest.CaptureFixture[str]):
    budget = Budget(60, 5, Hands())
    report(turns(budget, lambda: signal.raise_signal(number)), budget, {"machine": "this"}, json=True)
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert (found["machine"], found["stopped"]) == ("this", True)
    assert [(one["name"], one["rounds"], one["is_met"]) for one in found["results"]] == [("first result", 5, True)]
    assert found["not_measured"] == [{"name": name, "why": "stopped"} for name in ("second", "third")]
    assert "[2/3] second" in shown.err


@pytest.mark.parametrize("number", SIGNALS)
def test_stopped_it_has_printed_its_lines(number: int, capsys: pytest.CaptureFixture[str]):
    budget = Budget(60, 5, Hands())
    report(turns(budget, lambda: signal.raise_signal(number)), budget, {}, json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["first", "result", "2", "1", "2.00", "1.00", "5", "tok/s;", "made", "up"]
    assert [line.split() for line in lines[2:]] == [
        [name, "not", "measured:", "stopped"] for name in ("second", "third")
    ]


def test_stopped_it_ends_what_it_started():
    started = list[subprocess.Popen[bytes]]()

    def stopped() -> None:
        with ended(subprocess.Popen(WAITS)) as process:
            started.append(process)
            signal.raise_signal(signal.SIGTERM)

    budget = Budget(60, 5, Hands())
    before = signal.getsignal(signal.SIGTERM)
    report(turns(budget, stopped), budget, {}, json=False)
    assert [process.poll() for process in started] == [-signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) is before


def test_stopped_before_anything_was_measured_it_ends_as_a_wrong_use_does(capsys: pytest.CaptureFixture[str]):
    budget = Budget(60, 5, Hands())
    with pytest.raises(PlaygroundError, match="before there was anything to keep"):
        report(
            Turns([made_up(budget, "first", before=lambda: signal.raise_signal(signal.SIGINT))], [], budget),
            budget,
            {},
            json=True,
        )
    assert capsys.readouterr().out == ""


def test_an_error_that_nobody_expected_loses_nothing_that_was_measured(capsys: pytest.CaptureFixture[str]):
    budget = Budget(60, 5, Hands())
    with pytest.raises(ZeroDivisionError):
        report(turns(budget, lambda: 1 / 0), budget, {}, json=True)
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found["results"]] == ["first result"]
    assert [one["why"] for one in found["not_measured"]] == ["an error", "an error"]
    assert not found["stopped"]


def test_what_was_not_measured_is_in_the_document(capsys: pytest.CaptureFixture[str]):
    budget = Budget(60, 5, Hands())
    report(Turns([made_up(budget, "a"), made_up(budget, "b", missing="no b here")], [], budget), budget, {}, json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["not_measured"] == [{"name": "b", "why": "no b here"}]
    assert not found["stopped"]


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "inf", "601"])
def test_minutes_are_checked_before_anything_is_fetched(playground: Invoke, minutes: str):
    result = playground("bench", "--minutes", minutes)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: --minutes must be above 0 and at most 600")
