"""Requests that arrive at their own times, whatever the server does: a process of its own sends them (open loop).

Run as `python -m playground.experiments.optimise.arrivals JSON`: a line for each request, at its time. Its clock is the
monotonic one of the system, so its readings and the parent's can be compared.
"""

import json
import queue
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Literal

from playground.tether import end, tethered

Pattern = Literal["poisson", "bursty", "constant"]
MODULE = "playground.experiments.optimise.arrivals"
START_S = 0.2  # from the first line of the child to its first request
_BURST = 4  # requests that come together, in bursty traffic


@dataclass(frozen=True)
class Traffic:
    """What arrives: a number of requests at a mean rate, in a pattern, by a seed."""

    rate_per_s: float
    requests: int
    pattern: Pattern
    seed: int

    @property
    def window_s(self) -> float:
        """How long they need to arrive at that rate."""
        return self.requests / self.rate_per_s


@dataclass(frozen=True)
class Arrival:
    """A request: when it was due, and when it was sent, in seconds of the system's monotonic clock."""

    number: int
    due_s: float
    sent_s: float

    @property
    def lag_s(self) -> float:
        """How late the generator itself was."""
        return self.sent_s - self.due_s


def times_of(traffic: Traffic) -> list[float]:
    """When each request is due, in seconds from the beginning of the window.

    A Poisson process with a known number of arrivals is that many independent uniform times, in order: so a few
    requests have the requested rate as well.
    """
    if traffic.pattern == "constant":
        return [number / traffic.rate_per_s for number in range(traffic.requests)]
    draw, size = random.Random(traffic.seed), _BURST if traffic.pattern == "bursty" else 1
    bursts = sorted(draw.uniform(0, traffic.window_s) for _ in range(-(-traffic.requests // size)))
    return [at for at in bursts for _ in range(size)][: traffic.requests]


@contextmanager
def sent(traffic: Traffic) -> Iterator["queue.SimpleQueue[Arrival | None]"]:
    """Requests as they are sent, None at their end; the process that sends them ends with this block."""
    child = tethered(MODULE, json.dumps(asdict(traffic)), stdout=subprocess.PIPE, text=True)
    arrivals: queue.SimpleQueue[Arrival | None] = queue.SimpleQueue()
    assert child.stdout is not None
    lines = child.stdout

    def read() -> None:
        for line in lines:
            arrivals.put(Arrival(**json.loads(line)))
        arrivals.put(None)

    reader = threading.Thread(target=read, name="arrivals", daemon=True)
    reader.start()
    try:
        yield arrivals
    finally:
        end(child)
        reader.join()
        lines.close()


def main() -> None:
    """Send what the command line describes."""
    traffic = Traffic(**json.loads(sys.argv[1]))
    begun = time.monotonic() + START_S
    for number, at in enumerate(times_of(traffic)):
        time.sleep(max(0.0, begun + at - time.monotonic()))
        print(json.dumps({"number": number, "due_s": begun + at, "sent_s": time.monotonic()}), flush=True)


if __name__ == "__main__":
    main()
