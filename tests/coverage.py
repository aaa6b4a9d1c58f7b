"""Share of the lines of `playground/` that the whole suite runs, with a floor; parts of the suite are not measured.

Slipcover's own plugin measures in each process and merges; this switches it on and reads what it found.
"""

import json
import os
import shutil
from pathlib import Path

import pytest

FLOOR_PERCENT = 90.0
_PACKAGE = Path(__file__).parents[1] / "playground"


def is_whole(config: pytest.Config) -> bool:
    """Whether this process leads a run of all tests in several processes."""
    chosen = config.option.file_or_dir or config.option.keyword or config.option.markexpr or config.option.lf
    return bool(config.option.numprocesses) and not hasattr(config, "workerinput") and not chosen


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Processes of the run read these while they start."""
    if is_whole(config):
        os.environ.update(SLIPCOVER_ENABLED="1", SLIPCOVER_SOURCE=str(_PACKAGE))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run that covers too little fails."""
    found = covered_percent() if is_whole(session.config) else None
    if found is not None and found < FLOOR_PERCENT and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say the share, and the files that hold most of the rest."""
    if not is_whole(config) or (found := covered_percent()) is None:
        return
    files = {name.rpartition("playground/")[2]: one for name, one in _merged()["files"].items()}
    worst = sorted(files, key=lambda name: -len(files[name]["missing_lines"]))[:5]
    rest = ", ".join(f"{name} {len(files[name]['missing_lines'])}" for name in worst)
    terminalreporter.write_line(f"{found:.1f} % of the lines of playground/ ran, at least {FLOOR_PERCENT:g} % must.")
    terminalreporter.write_line(f"Most lines that did not run: {rest}.")


def pytest_unconfigure(config: pytest.Config) -> None:
    """What was measured is not kept."""
    if is_whole(config):
        shutil.rmtree(os.environ.pop("SLIPCOVER_COVERAGE_DIR", ""), ignore_errors=True)


def covered_percent() -> float | None:
    """Lines that ran in any process; None if nothing was measured."""
    merged = _merged()
    return merged["summary"]["percent_covered"] if merged else None


def _merged() -> dict:
    file = Path(os.environ.get("SLIPCOVER_COVERAGE_DIR", "")) / "merged.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
