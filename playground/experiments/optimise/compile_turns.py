"""The child that compiles, driven turn by turn, and ended with everything that it has started."""

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import psutil

from playground.errors import PlaygroundError
from playground.experiments.determinism.process import last_line, parsed, read_lines
from playground.experiments.optimise.compile_child import CompileJob
from playground.runs.stages import ShouldStop, Stage, Steps, obey
from playground.tether import end, tethered

MODULE = "playground.experiments.optimise.compile_child"
_LOOK_S = 0.1


class TooLong(Exception):
    """A turn took longer than its limit; the child is of no further use."""


def no_compiler() -> str:
    """Why torch.compile can't work here, in a sentence; empty if there is a C++ compiler."""
    name = os.environ.get("CXX") or {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")
    if shutil.which(name):
        return ""
    return f"torch.compile needs a C++ compiler, and {name} was not found: install it, or name another one in CXX."


class Turns:
    """A child that is ready."""

    def __init__(
        self, child: "subprocess.Popen[str]", folder: Path, lines: "queue.SimpleQueue[str | None]", errors: Any
    ):
        self._child, self._folder, self._lines, self._errors, self._next = child, folder, lines, errors, 0

    def take(
        self, name: str, should_stop: ShouldStop, doing: str, most_s: float | None = None
    ) -> Steps[dict[str, Any]]:
        """One turn of this arm; its answer, or why it failed. Yields a stage while it waits, if `doing` says of what.

        Raises:
            TooLong: It took longer than `most_s`.
            PlaygroundError: The child ended.
            Stopped: `should_stop` said so.
        """
        half = self._folder / "half"
        half.write_text(name)
        half.rename(self._folder / str(self._next))  # it appears whole
        self._next += 1
        return (yield from self.wait(should_stop, doing, most_s))

    def wait(self, should_stop: ShouldStop, doing: str, most_s: float | None = None) -> Steps[dict[str, Any]]:
        """The next message; raises as `take` does."""
        begun_s = time.monotonic()
        while True:
            obey(should_stop)
            spent_s = time.monotonic() - begun_s
            if most_s is not None and spent_s > most_s:
                raise TooLong
            try:
                line = self._lines.get(timeout=_LOOK_S)
            except queue.Empty:
                if doing:
                    yield Stage(doing, None if most_s is None else spent_s / most_s)
                continue
            if line is None:
                obey(should_stop)  # Ctrl+C in a terminal ends the child as well
                raise PlaygroundError(f"The process that compiles has ended: {last_line(self._errors)}")
            if message := parsed(line):
                return message


@contextmanager
def turns(job: CompileJob) -> Iterator[Turns]:
    """A child for this job, in its own folders: what is compiled is not kept, so the warm-up is always a whole one."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place, tempfile.TemporaryFile() as errors:
        folder = Path(place) / "turns"
        folder.mkdir()
        variables = {
            "HF_HUB_OFFLINE": "1", "TORCHINDUCTOR_CACHE_DIR": str(Path(place) / "compiled"),
            "TORCHINDUCTOR_COMPILE_THREADS": "1",  # no pool of processes that would outlive it
        }  # fmt: skip
        child = tethered(
            MODULE, json.dumps(asdict(replace(job, turns=str(folder)))), env=variables,
            stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8", errors="replace",
        )  # fmt: skip
        assert child.stdout is not None
        lines = queue.SimpleQueue[str | None]()
        reader = threading.Thread(target=read_lines, args=(child.stdout, lines), name="compiling", daemon=True)
        reader.start()
        try:
            yield Turns(child, folder, lines, errors)
        finally:
            _end_all(child)
            reader.join()
            child.stdout.close()


def _end_all(child: "subprocess.Popen[str]") -> None:
    """The child, and the compiler that it may be waiting for."""
    with suppress(psutil.Error):
        for one in psutil.Process(child.pid).children(recursive=True):
            with suppress(psutil.Error):
                one.kill()
    end(child)
