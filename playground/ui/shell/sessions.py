"""What each open page owns: the stop flag of its run, and its last record. No page reaches another's."""

import threading
import time
from dataclasses import dataclass, field

from playground.runs.records import Document
from playground.ui.shell.feed import Feed

MAX_SESSIONS = 500  # pages that closed without a word are dropped, oldest first, beyond this many


@dataclass
class Ticket:
    """One run of one page, begun at a reading of `monotonic`.

    `record` arrives from the run's thread, also after the page has stopped looking. `feeds` are held for the page,
    which asks for their lines by name.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    record: Document | None = None
    feeds: list[Feed] = field(default_factory=list)
    begun_s: float = field(default_factory=time.monotonic)


class Sessions:
    """Tickets by the page's session hash: made by `begin`, dropped by `forget` when the page closes."""

    def __init__(self) -> None:
        self._tickets: dict[str, Ticket] = {}  # the oldest first
        self._lock = threading.Lock()

    def begin(self, session: str) -> Ticket:
        """A new run of this page; the one before it is told to stop, since a page shows one."""
        ticket = Ticket()
        with self._lock:
            before = self._tickets.pop(session, None)
            self._tickets[session] = ticket
            self._drop_oldest()
        if before is not None:
            before.stop.set()
        return ticket

    def _drop_oldest(self) -> None:
        ended = (session for session, ticket in self._tickets.items() if ticket.ended.is_set())
        for session in list(ended)[: max(0, len(self._tickets) - MAX_SESSIONS)]:
            del self._tickets[session]

    def last(self, session: str) -> Ticket | None:
        """The page's newest run."""
        with self._lock:
            return self._tickets.get(session)

    def stop(self, session: str) -> None:
        """Tell the page's run to stop; nothing happens if it has none."""
        ticket = self.last(session)
        if ticket is not None:
            ticket.stop.set()

    def forget(self, session: str) -> None:
        """The page has closed: stop its run and keep nothing."""
        with self._lock:
            ticket = self._tickets.pop(session, None)
        if ticket is not None:
            ticket.stop.set()
