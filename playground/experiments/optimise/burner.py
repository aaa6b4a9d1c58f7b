"""A process that keeps one processor busy until its parent ends it.

It imports nothing heavy, so it starts at once; what it computes is of no use to anybody.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from playground.tether import end, tethered

_MOST_S = 300  # it ends by itself, whatever happens to its parent
_MODULE = "playground.experiments.optimise.burner"


@contextmanager
def burning(count: int) -> Iterator[None]:
    """This many processes compute beside the block; all of them spin when it begins, and none does after it."""
    children = list[subprocess.Popen[bytes]]()
    try:
        for _ in range(count):
            children.append(tethered(_MODULE, stdout=subprocess.PIPE))
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()
        yield
    finally:
        for child in children:
            end(child)
            if child.stdout is not None:
                child.stdout.close()


def _burn() -> None:
    print("spinning", flush=True)
    until = time.monotonic() + _MOST_S
    while time.monotonic() < until:
        pass


if __name__ == "__main__":
    _burn()
