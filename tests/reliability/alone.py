"""The page's server in a process of its own, so that what it holds is measured without its clients.

Run as a program with a folder, it serves until its input ends; for each line of input it drops the script's notes and
says how many runs are at work or wait.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.reliability.crowd import Address, serving
from tests.scripted import Script

_ROOT = Path(__file__).parents[2]


class Alone:
    """A server in another process.

    Attributes:
        address: Where it is.
        process: What it uses.
    """

    def __init__(self, child: "subprocess.Popen[str]"):
        self._child = child
        self.address = Address(**json.loads(self._line()))
        self.process = psutil.Process(child.pid)

    def runs(self) -> int:
        """How many are at work or wait; the script's notes go."""
        assert self._child.stdin is not None
        print(file=self._child.stdin, flush=True)
        return int(self._line())

    def _line(self) -> str:
        assert self._child.stdout is not None
        return self._child.stdout.readline()


@contextmanager
def serving_alone(folder: Path) -> Iterator[Alone]:
    """A server of the page in another process, until the block ends."""
    command = [sys.executable, "-m", "tests.reliability.alone", str(folder)]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield Alone(child)
            assert child.stdin is not None
            child.stdin.close()
            assert child.wait(timeout=60) == 0
        finally:
            child.kill()


def _serve(folder: Path) -> None:
    with serving(folder, Script(count=4000, tokens_per_s=400)) as site:
        print(json.dumps({"url": site.url, "generate": site.generate}), flush=True)
        for _ in sys.stdin:
            site.runner.answers.clear()
            print(site.runner._slot.turns.count, flush=True)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
