"""What each open page owns: the runs it started, by kind, and their documents. No page reaches another's."""

import threading
import time
from dataclasses import dataclass, field
from weakref import WeakSet

from playground.runs.records import Document
from playground.ui.components.feed import Feed, Feeds
from playground.ui.shell.listeners import Everybody, Listened, Listeners

MAX_SESSIONS = 500  # beyond this many, pages that never reported closing are dropped, oldest first


@dataclass(eq=False)
class Ticket:
    """One run of one page, begun at a reading of `monotonic`.

    `record` arrives from the run's thread, also after the page has stopped looking. `feeds` are held for the page,
    which asks for their lines by name. `is_replaced`: the page has a newer run of this kind, or has closed.
    `listener`: who sent for it, without whom it neither starts nor goes on.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    record: Document | None = None
    feeds: list[Feed] = field(default_factory=list)
    begun_s: float = field(default_factory=time.monotonic)
    is_replaced: bool = False
    listener: Listened = field(default_factory=Everybody)

    def should_stop(self) -> bool:
        """Whether it was stopped, or its listener has left."""
        if self.listener.has_left():
            self.stop.set()
        return self.stop.is_set()

    def replace(self) -> None:
        """The page is gone: stop."""
        self.is_replaced = True
        self.stop.set()


def ticket_for(listeners: Listeners | None, *names: str) -> Ticket:
    """One whose listener is who reads a stream of one of these names; without `listeners`, anybody."""
    return Ticket() if listeners is None else Ticket(listener=listeners.of(*names))


class Slot:
    """The newest run of one kind of every page, by the page's session hash."""

    def __init__(self, listeners: Listeners | None = None) -> None:
        self._listeners = listeners
        self._tickets: dict[str, Ticket] = {}  # the oldest first
        self._lock = threading.Lock()

    def ticket(self, session: str) -> Ticket:
        """For work that this page listens to, but that is not its run."""
        return ticket_for(self._listeners, session)

    def begin(self, session: str) -> Ticket:
        """A new run of this page; the one before it is stopped, since a page shows one."""
        ticket = self.ticket(session)
        with self._lock:
            before = self._tickets.pop(session, None)
            self._tickets[session] = ticket
            self._drop_oldest()
        if before is not None:
            before.replace()
        return ticket

    def keep(self, session: str, document: Document | None = None) -> Ticket:
        """A document from elsewhere, such as a file, in place of the page's run, which stops."""
        ticket = self.begin(session)
        ticket.record = document
        ticket.ended.set()
        return ticket

    def _drop_oldest(self) -> None:
        ended = (session for session, ticket in self._tickets.items() if ticket.ended.is_set())
        for session in list(ended)[: max(0, len(self._tickets) - MAX_SESSIONS)]:
            del self._tickets[session]

    def tickets(self) -> list[Ticket]:
        """The newest run of every page."""
        with self._lock:
            return list(self._tickets.values())

    def sessions(self) -> set[str]:
        """Every page that has a ticket."""
        with self._lock:
            return set(self._tickets)

    def last(self, session: str) -> Ticket | None:
        """The page's newest run."""
        with self._lock:
            return self._tickets.get(session)

    def stop(self, session: str) -> None:
        """Stop the page's run; nothing happens if it has none."""
        ticket = self.last(session)
        if ticket is not None:
            ticket.stop.set()

    def forget(self, session: str) -> None:
        """The page has closed: stop its run and keep nothing."""
        with self._lock:
            ticket = self._tickets.pop(session, None)
        if ticket is not None:
            ticket.replace()


class Pages:
    """A slot for each kind of document that a page makes or opens: a run in one never stops or replaces another's.

    Work starts and goes on only while its page listens; without `listeners`, each one counts as listening.

    Attributes:
        feeds: What the pages' runs stream.
    """

    def __init__(self, listeners: Listeners | None = None) -> None:
        self.listeners = listeners
        self.feeds = Feeds()
        self._slots: dict[str, Slot] = {}
        self._loose: WeakSet[Ticket] = WeakSet()
        self._lock = threading.Lock()

    def slot(self, name: str) -> Slot:
        """The slot of this name, the same one each time."""
        with self._lock:
            return self._slots.setdefault(name, Slot(self.listeners))

    def sessions(self) -> set[str]:
        """Every page of which anything is kept."""
        with self._lock:
            slots = list(self._slots.values())
        return {session for slot in slots for session in slot.sessions()}

    def documents(self, session: str, *names: str) -> list[Document]:
        """The page's documents in the slots of these names, in all without names; the newest run first."""
        with self._lock:
            slots = [slot for name, slot in self._slots.items() if not names or name in names]
        tickets = [ticket for slot in slots if (ticket := slot.last(session)) is not None]
        tickets.sort(key=lambda ticket: -ticket.begun_s)
        return [ticket.record for ticket in tickets if ticket.record is not None]

    def newest(self, session: str, *names: str) -> tuple[str, Ticket] | None:
        """The page's newest run, after the name of its slot: of the slots of these names, of all without names."""
        with self._lock:
            slots = [(name, slot) for name, slot in self._slots.items() if not names or name in names]
        tickets = [(name, ticket) for name, slot in slots if (ticket := slot.last(session)) is not None]
        return max(tickets, key=lambda one: one[1].begun_s, default=None)

    def publish(self, feed: Feed, ticket: Ticket) -> None:
        """From now on the page may request the feed, as long as the ticket lives."""
        if feed not in ticket.feeds:
            ticket.feeds.append(feed)
            self.feeds.add(feed)

    def loose(self, *names: str) -> Ticket:
        """A ticket of no page, for a program's run; its listener reads a stream of one of these names."""
        ticket = ticket_for(self.listeners, *names)
        with self._lock:
            self._loose.add(ticket)
        return ticket

    def stop_all(self) -> list[Ticket]:
        """Stop every run of everybody; those that were going and will end at their next token or chunk."""
        with self._lock:
            slots, tickets = list(self._slots.values()), list(self._loose)
        tickets += [ticket for slot in slots for ticket in slot.tickets()]
        going = [ticket for ticket in tickets if not ticket.ended.is_set()]
        for ticket in going:
            ticket.stop.set()
        return going

    def forget(self, session: str) -> None:
        """The page has closed: stop its runs and keep nothing."""
        with self._lock:
            slots = list(self._slots.values())
        for slot in slots:
            slot.forget(session)
