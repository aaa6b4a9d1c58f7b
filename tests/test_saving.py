"""Nothing acknowledged is lost: a save that is killed, or fails at any call to the system, leaves a whole file."""

import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from playground.errors import PlaygroundError
from playground.saving import sweep, sync_folder, write_atomic

CALLS = ("open", "write", "fsync", "close", "replace")
OLD, NEW = b"old" * 1000, b"new" * 2000
SAVER = """
import sys
from pathlib import Path
from playground.saving import write_atomic
number = 0
while True:
    number += 1
    write_atomic(Path(sys.argv[1]), f"{number} ".encode() * 20_000)
    print(number, flush=True)
"""


class FailsAt:
    """The operating system, whose Nth call of a save fails; a call that fails to close still closes."""

    def __init__(self, patch: pytest.MonkeyPatch, number: int, error: int):
        self.calls, self._number, self._error = list[str](), number, error
        for name in CALLS:
            patch.setattr(os, name, self._faulty(name, getattr(os, name)))

    def _faulty(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.calls.append(name)
            fails = len(self.calls) == self._number
            if fails and name != "close":
                raise OSError(self._error, os.strerror(self._error))
            result = real(*arguments, **options)
            if fails:
                raise OSError(self._error, os.strerror(self._error))
            return result

        return call


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_save_may_fail_at_any_call_and_says_so(tmp_path: Path, error: int):
    path = tmp_path / "kept"
    number, failed = 0, list[str]()
    while True:
        number += 1
        path.write_bytes(OLD)
        with pytest.MonkeyPatch.context() as patch:
            system = FailsAt(patch, number, error)
            try:
                write_atomic(path, NEW)
                refused = None
            except PlaygroundError as problem:
                refused = problem
        assert list(tmp_path.iterdir()) == [path]
        if refused is None:
            assert path.read_bytes() == NEW
            break
        failed = system.calls
        assert repr(str(path)) in str(refused)
        assert path.read_bytes() == (NEW if "replace" in failed[:-1] else OLD)  # then the folder alone was not flushed
    assert set(failed) == set(CALLS)
    assert number > len(CALLS)


def test_a_short_write_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:7]))
    write_atomic(tmp_path / "kept", NEW)
    assert (tmp_path / "kept").read_bytes() == NEW


def test_a_file_system_that_cannot_flush_a_folder_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(handle: int) -> None:
        raise OSError(errno.EINVAL, "no")

    monkeypatch.setattr(os, "fsync", refuse)
    sync_folder(tmp_path)


def _ended_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_only_what_a_process_that_is_gone_has_left_is_swept(tmp_path: Path):
    left, ours = (tmp_path / f".playground-{pid}-ab.tmp" for pid in (_ended_process(), os.getpid()))
    others = [ours, tmp_path / ".other.tmp", tmp_path / ".playground-x.tmp", tmp_path / "mine.yaml"]
    for file in (left, *others):
        file.touch()
    sweep(tmp_path)
    assert set(tmp_path.iterdir()) == set(others)
    sweep(tmp_path / "nowhere")


def test_a_killed_save_loses_nothing_that_was_acknowledged(tmp_path: Path, trials: Callable[[int, int], int]):
    draw = random.Random(1)
    for trial in range(trials(10, 200)):
        path = tmp_path / f"kept{trial}"
        child = subprocess.Popen([sys.executable, "-c", SAVER, str(path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        acknowledged = int(child.stdout.readline())
        time.sleep(draw.uniform(0, 0.05))
        child.kill()
        acknowledged = max([acknowledged, *(int(line) for line in child.stdout if line.endswith("\n"))])
        child.wait()
        child.stdout.close()
        numbers = path.read_text().split()
        assert len(set(numbers)) == 1
        assert len(numbers) == 20_000
        assert int(numbers[0]) in (acknowledged, acknowledged + 1)
        path.unlink()
    write_atomic(tmp_path / "next", NEW)
    assert [file.name for file in tmp_path.iterdir()] == ["next"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_says_so(tmp_path: Path):
    tmp_path.chmod(0o555)
    with pytest.raises(PlaygroundError, match="permission"):
        write_atomic(tmp_path / "kept", NEW)
    tmp_path.chmod(0o755)


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="limits of a process are a thing of Unix")
def test_a_file_that_cannot_grow_says_so_and_leaves_nothing(tmp_path: Path):
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000));"
        "from pathlib import Path; from playground.saving import write_atomic;"
        "write_atomic(Path(sys.argv[1]), b'x' * 100_000)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "kept")], capture_output=True, text=True)
    assert "PlaygroundError" in done.stderr
    assert list(tmp_path.iterdir()) == []
