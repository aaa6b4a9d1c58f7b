"""A child ends with its parent, however the parent ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from playground.tether import end, tethered

PATIENCE_S = 30
PARENT = """
import sys
from playground.tether import tethered
child = tethered("sleeper")
print(child.pid, flush=True)
child.wait()
"""
SLEEPER = "import time\nwhile True:\n    time.sleep(0.01)\n"


def _gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM"])
def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path, number: str):
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert not _gone(child)
    os.kill(parent.pid, getattr(signal, number, signal.SIGTERM))
    parent.wait()
    parent.stdout.close()
    until_s = time.monotonic() + PATIENCE_S
    while not _gone(child):
        assert time.monotonic() < until_s
        time.sleep(0.02)


def test_a_child_runs_its_module_with_its_own_arguments_and_an_empty_standard_input(tmp_path: Path):
    (tmp_path / "child.py").write_text(
        "import sys\nprint(__name__, sys.argv[1:], repr(sys.stdin.read()))\nsys.exit(3)\n"
    )
    child = tethered("child", "a", "b", env={"PYTHONPATH": str(tmp_path)}, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child.stdout:
        said = child.stdout.read()
    assert child.wait() == 3
    end(child)
    assert said == "__main__ ['a', 'b'] ''\n"
