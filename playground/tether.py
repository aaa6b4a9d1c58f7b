"""Runs a module in a child that ends with its parent: `python -m playground.tether MODULE ...`.

The parent holds a pipe to the child's standard input and writes nothing. The system closes it when the parent is gone,
also by kill -9, on every platform. A child that only gets a signal could miss it.
"""

import os
import runpy
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PARENT_GONE = 75
_LOOK_S = 0.1


def tethered(module: str, *arguments: str, env: dict[str, str] | None = None, **options: Any) -> subprocess.Popen[Any]:
    """A child process that runs the module and ends with this one.

    Args:
        module: What `python -m` would run.
        arguments: Its command line.
        env: Environment variables beyond this process's own.
        options: Of `subprocess.Popen`, except for its standard input, which must stay open and unused.
    """
    root = str(Path(__file__).parents[1])  # it must find this package also in a checkout that is not installed
    found = (env or {}).get("PYTHONPATH") or os.environ.get("PYTHONPATH", "")
    path = os.pathsep.join(filter(None, [root, found]))
    command = [sys.executable, "-m", "playground.tether", module, *arguments]
    environment = {**os.environ, **(env or {}), "PYTHONPATH": path}
    return subprocess.Popen(command, stdin=subprocess.PIPE, env=environment, **options)


def end(child: subprocess.Popen[Any]) -> None:
    """Kill the child if it still runs, and let go of it."""
    if child.poll() is None:
        child.kill()
    child.wait()
    if child.stdin is not None:
        child.stdin.close()


def wait(child: subprocess.Popen[Any], going: Callable[[], object]) -> None:
    """Until the child ends; `going` is called several times a second, and an error that it raises ends the child."""
    try:
        while child.poll() is None:
            going()
            time.sleep(_LOOK_S)
    finally:
        end(child)


def _watch(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    os._exit(_PARENT_GONE)  # at once: nothing that it could still do is of use to anybody


def _main() -> None:
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # the module finds an empty standard input
    os.close(nothing)
    threading.Thread(target=_watch, args=(pipe,), name="tether", daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
