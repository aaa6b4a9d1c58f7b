"""Requests answered as they arrive, by continuous batching; what each of them waited for."""

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from playground.engine.continuous import Continuous
from playground.engine.decoder import Decoder
from playground.experiments.optimise.arrivals import Arrival, Traffic, sent, times_of
from playground.runs.stages import ShouldStop, Stage, Steps, obey

_IDLE_S = 0.002
_MOST_S = 120  # of one run; what is not answered by then has failed


@dataclass
class Served:
    """A request and what became of it; times are readings of the system's monotonic clock, None where it never came."""

    arrival: Arrival
    begun_s: float | None = None
    first_s: float | None = None
    ended_s: float | None = None
    ids: list[int] = field(default_factory=list)

    @property
    def queue_s(self) -> float | None:
        """Until its prompt was read."""
        return None if self.begun_s is None else self.begun_s - self.arrival.sent_s

    @property
    def prefill_s(self) -> float | None:
        """Reading its prompt."""
        return None if self.first_s is None or self.begun_s is None else self.first_s - self.begun_s

    @property
    def ttft_s(self) -> float | None:
        """Until its first token."""
        return None if self.first_s is None else self.first_s - self.arrival.sent_s

    @property
    def e2e_s(self) -> float | None:
        """Until its last token."""
        return None if self.ended_s is None else self.ended_s - self.arrival.sent_s

    @property
    def tpot_s(self) -> float | None:
        """Mean time of a token after the first; None for answers of one token."""
        if self.ended_s is None or self.first_s is None or len(self.ids) < 2:
            return None
        return (self.ended_s - self.first_s) / (len(self.ids) - 1)

    def meets(self, ttft_s: float, tpot_s: float) -> bool:
        """Whether it was answered within both targets."""
        return self.ttft_s is not None and self.ended_s is not None and self.ttft_s <= ttft_s and (
            self.tpot_s or 0.0) <= tpot_s  # fmt: skip


@dataclass(frozen=True)
class Run:
    """Every request that arrived.

    Attributes:
        begun_s: The beginning of the window in which they arrive; None if none did.
        window_s: How long the window is.
        inside_s: Requests in the system, counted between steps, times how long each count held.
    """

    requests: list[Served]
    begun_s: float | None
    window_s: float
    inside_s: float

    @property
    def ended(self) -> list[Served]:
        """Those that were answered."""
        return [one for one in self.requests if one.ended_s is not None]

    @property
    def took_s(self) -> float:
        """From the beginning of the window to its end, or to the end of the last answer."""
        ends = [
            one.ended_s - self.begun_s for one in self.ended if one.ended_s is not None and self.begun_s is not None
        ]
        return max([self.window_s, *ends])

    @property
    def inside(self) -> float:
        """How many were in the system on average."""
        return self.inside_s / self.took_s


def serve(
    model: Decoder,
    prompts: Callable[[int], Sequence[int]],
    lengths: Callable[[int], int],
    traffic: Traffic,
    most_rows: int,
    should_stop: ShouldStop,
) -> Steps[Run]:
    """Answer everything that arrives: between two steps, one waiting prompt is read.

    Args:
        model: Answers, greedily.
        prompts: Ids of a request's prompt, by its number.
        lengths: Tokens of its answer.
        traffic: What arrives.
        most_rows: At once.
        should_stop: Called before every forward pass.

    Raises:
        Stopped: The person pressed stop.
    """
    rows, requests, waiting = Continuous(model), dict[int, Served](), list[int]()
    limit_s, more = time.monotonic() + _MOST_S, True
    looked_s, inside, inside_s, due = time.monotonic(), 0, 0.0, times_of(traffic)
    with sent(traffic) as arrivals:
        while (more or waiting or rows.rows) and time.monotonic() < limit_s:
            obey(should_stop)
            more = _take(arrivals, requests, waiting) and more
            now_s = time.monotonic()
            inside_s += (now_s - looked_s) * inside
            looked_s, inside = now_s, len(waiting) + len(rows.rows)
            if waiting and len(rows.rows) < most_rows:
                one = requests[waiting.pop(0)]
                one.begun_s = time.monotonic()
                one.ids.append(rows.join(one.arrival.number, prompts(one.arrival.number)))
                one.first_s = time.monotonic()
            elif not rows.rows:
                time.sleep(_IDLE_S)
            for number, token in rows.step().items():
                requests[number].ids.append(token)
            if ended := _end(rows, requests, lengths):
                yield Stage(f"{ended} of {traffic.requests} answered", ended / traffic.requests)
    begun_s = next((one.arrival.due_s - due[one.arrival.number] for one in requests.values()), None)
    return Run(list(requests.values()), begun_s, traffic.window_s, inside_s)


def _take(
    arrivals: "queue.SimpleQueue[Arrival | None]", requests: dict[int, Served], waiting: list[int]
) -> bool:  # fmt: skip
    """Put what has arrived into the queue; whether more may come."""
    while not arrivals.empty():
        if (one := arrivals.get()) is None:
            return False
        requests[one.number] = Served(one)
        waiting.append(one.number)
    return True


def _end(rows: Continuous, requests: dict[int, Served], lengths: Callable[[int], int]) -> int:
    """Rows whose answers are as long as they should be leave; how many have left so far, 0 if none leaves now."""
    done = [number for number in rows.rows if len(requests[number].ids) >= lengths(number)]
    now_s = time.monotonic()
    for number in done:
        requests[number].ended_s = now_s
        del requests[number].ids[lengths(number) :]
    rows.leave(done)
    return sum(one.ended_s is not None for one in requests.values()) if done else 0
