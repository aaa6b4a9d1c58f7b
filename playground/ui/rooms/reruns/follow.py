"""A rerun or a ladder of them, followed by a page: its status and updates; its record is kept for the page."""

import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from playground.errors import PlaygroundError
from playground.experiments.reruns.records import TemperatureLadderRecord
from playground.experiments.reruns.run import with_mentions
from playground.runs.records import Document
from playground.ui.rooms.reruns.controls import parse_mentions
from playground.ui.rooms.reruns.progress import Progress
from playground.ui.shell.live import failure
from playground.ui.shell.pages import Slot, Ticket
from playground.ui.shell.work import follow_work
from playground.views.rerun_charts import ladder_chart

T = TypeVar("T")
Start = Callable[[Callable[[], bool]], Iterator[Any]]
"""Makes the work; gets the flag to ask whether it should stop."""
_log = logging.getLogger(__name__)


async def follow_rerun(
    slot: Slot, session: str, ask: Callable[[], tuple[Start, Progress]], kind: type[Document]
) -> AsyncGenerator[tuple[dict[str, Any], list[Any]]]:
    """The status, and what came since the last one, until it has ended. Closing this stops the work.

    Args:
        slot: Where the page's record goes; one that brings no record leaves the page the one before.
        session: The page.
        ask: Checks what the page asks for and says how to start it; may raise a PlaygroundError.
        kind: Of the record that the work ends with.
    """
    try:
        start, progress = ask()
    except PlaygroundError as error:
        yield failure(error), []
        return
    before, ticket = slot.last(session), slot.begin(session)
    yield progress.value, []
    try:
        async with aclosing(follow_work(_keeping(start, ticket, kind), ticket)) as handfuls:
            async for updates in handfuls:
                for update in updates:
                    progress.add(update)
                if slot.last(session) is ticket:  # else the page shows something newer already
                    yield progress.value, updates
        if ticket.record is None:
            progress.stopped()
        value = progress.value
    except Exception as error:  # the page must say so, whatever it was
        if not isinstance(error, PlaygroundError):
            _log.exception("a rerun failed")
        value = failure(error)
    if ticket.record is None and before is not None:
        ticket.record = before.record
    if slot.last(session) is ticket:
        yield value, []


def _keeping(start: Start, ticket: Ticket, kind: type[Document]) -> Start:
    """The same work; its record reaches the ticket from the work's own thread, also when the page has closed."""

    def work(should_stop: Callable[[], bool]) -> Iterator[Any]:
        for update in start(should_stop):
            if isinstance(update, kind):
                ticket.record = update
            yield update

    return work


def shown_ladder(slot: Slot, session: str, mentions: Any) -> str:
    """The chart of the page's last ladder with these words counted; kept so, that a saved file is as shown."""
    ticket = slot.last(session)
    if ticket is None or not isinstance(ticket.record, TemperatureLadderRecord):
        return ""
    with suppress(PlaygroundError):  # the field says so itself; what was counted before stays
        words, record = parse_mentions(mentions), ticket.record
        ticket.record = record.model_copy(update={"rungs": [with_mentions(rung, words) for rung in record.rungs]})
    return ladder_chart(ticket.record.rungs)
