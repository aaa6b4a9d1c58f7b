"""Long work of an experiment, followed by a page: in a thread of its own, its updates by the handful."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import TypeVar

from playground.ui.shell.pages import Ticket
from playground.ui.shell.pump import Pump

T = TypeVar("T")
_FRAMES_PER_S = 8
_QUIET_S = 0.5  # a frame at least so often, so that a closed page is noticed


async def follow_work(
    start: Callable[[Callable[[], bool]], Iterator[T]], ticket: Ticket, *, frames_per_s: float = _FRAMES_PER_S
) -> AsyncGenerator[list[T]]:
    """What came since the last frame, maybe nothing, until the work has ended. Closing this stops it.

    Args:
        start: Makes the work; gets the flag to ask whether it should stop.
        ticket: Stops the work, and is told when it has really ended.
        frames_per_s: How often to look.

    Raises:
        BaseException: Whatever ended the work, after its last updates were yielded.
    """
    pump = Pump(_ending(start, ticket), name="page-work")
    quiet = 0.0
    try:
        while True:
            await asyncio.sleep(1 / frames_per_s)
            quiet += 1 / frames_per_s
            items, ended = pump.drain()
            if items or quiet >= _QUIET_S:
                quiet = 0.0
                yield items
            if ended:
                if pump.error is not None:
                    raise pump.error
                return
    finally:  # also when the page is closed in the middle
        ticket.stop.set()


def _ending(start: Callable[[Callable[[], bool]], Iterator[T]], ticket: Ticket) -> Iterator[T]:
    try:
        yield from start(ticket.stop.is_set)
    finally:
        ticket.ended.set()
