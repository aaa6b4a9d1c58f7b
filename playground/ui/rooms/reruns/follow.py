"""A rerun or a ladder of them, followed by a page: its status; its record is kept for the page."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from playground.errors import PlaygroundError
from playground.experiments.reruns.records import TemperatureLadderRecord
from playground.experiments.reruns.run import with_mentions
from playground.runs.records import Document
from playground.ui.rooms.reruns.controls import parse_mentions
from playground.ui.rooms.reruns.progress import Progress
from playground.ui.shell.follow import Start, failure, follow
from playground.ui.shell.pages import Slot
from playground.views.rerun_charts import ladder_chart

P = TypeVar("P", bound=Progress)


async def follow_rerun(
    slot: Slot, session: str, ask: Callable[[], tuple[Start[Any], P]], keeps: type[Document]
) -> AsyncGenerator[tuple[dict[str, Any], P | None]]:
    """Its status and its progress, again and again until it has ended. Closing this stops the work.

    Args:
        slot: Where the page's record goes; work that brings no record leaves the page the one before.
        session: The page.
        ask: Checks what the page asks for and says how to start it; may raise a PlaygroundError.
        keeps: Kind of the record that the work ends with.
    """
    try:
        start, progress = ask()
    except PlaygroundError as error:
        yield failure(error), None
        return
    before, ticket = slot.last(session), slot.begin(session)
    async with aclosing(follow(progress, start, ticket, keeps=keeps)) as frames:
        async for _ in frames:
            yield progress.value, progress
    if ticket.record is None and before is not None:
        ticket.record = before.record


def shown_ladder(slot: Slot, session: str, mentions: Any) -> str:
    """The chart of the page's last ladder with these words counted; kept so, that a saved file is as shown."""
    ticket = slot.last(session)
    if ticket is None or not isinstance(ticket.record, TemperatureLadderRecord):
        return ""
    with suppress(PlaygroundError):  # the field says so itself; what was counted before stays
        words, record = parse_mentions(mentions), ticket.record
        ticket.record = record.model_copy(update={"rungs": [with_mentions(rung, words) for rung in record.rungs]})
    return ladder_chart(ticket.record.rungs)
