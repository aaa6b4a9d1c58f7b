"""What the page's events take, and which streams there are: what does not fit never reaches Gradio, which would print a
traceback.
"""

import re
from dataclasses import dataclass
from typing import Any

import gradio as gr

from playground.ui.server.answers import Refused
from playground.ui.shell.common import WORK

_INDEX = re.compile(rb'"fn_index"\s*:\s*(\d{1,9})(?!\d)')  # within a text its quotes would be escaped


@dataclass(frozen=True)
class Event:
    """What the page, or a program, calls.

    Attributes:
        index: Its number in the page.
        counts: How many values it takes: from a page that many or more, from a program one of these.
        is_work: It waits for the model, and has it for a while.
        opens_file: One of its values is a whole file.
    """

    index: int
    counts: frozenset[int]
    is_work: bool
    opens_file: bool


class Events:
    """The events of a page, and what Gradio's queue holds of them."""

    def __init__(self, demo: gr.Blocks):
        self._blocks, self._queue = demo.blocks, demo._queue
        sized = {place for place, block in demo.blocks.items() if "max_bytes" in (getattr(block, "props", None) or {})}
        called = {index: fn for index, fn in demo.fns.items() if fn.fn is not None}
        self._events = {
            index: Event(
                index,
                frozenset({len(fn.inputs), sum(not part.skip_api for part in fn.inputs)}),
                fn.concurrency_id == WORK["concurrency_id"],
                any(part._id in sized for part in fn.inputs),
            )
            for index, fn in called.items()
        }
        self._by_name = {fn.api_name: self._events[index] for index, fn in reversed(called.items())}

    def of_body(self, body: bytes) -> Event:
        """The event that an unparsed body is for.

        Raises:
            Refused: There is no such event.
        """
        found = _INDEX.search(body, max(0, body.rfind(b'"fn_index"')))  # behind a large text, where the page puts it
        return self._known(self._events.get(int(found[1])) if found else None)

    def of_name(self, name: str) -> Event:
        """The event of this name.

        Raises:
            Refused: There is no such event.
        """
        return self._known(self._by_name.get(name))

    def check(self, event: Event, sent: Any, *, by_name: bool) -> None:
        """Refuse a body that does not fit its event.

        Raises:
            Refused: It is for another event than it seemed, or has too few values, or more than a value each.
        """
        value = sent if isinstance(sent, dict) else {}
        index, data = value.get("fn_index"), value.get("data")
        if not by_name and (index != event.index or isinstance(index, bool)):
            raise Refused(400, "fn_index must be a whole number, written once and plainly.")
        if not isinstance(data, list):
            raise Refused(400, "data must be a list of values.")
        if len(data) not in event.counts if by_name else len(data) < max(event.counts):
            raise Refused(400, f"data must have {max(event.counts)} values; got {len(data)}.")
        if any(value.get(key) for key in ("batched", "event_id", "oauth_token")):
            raise Refused(400, "batched, event_id and oauth_token are not taken here.")

    def check_part(self, sent: Any) -> None:
        """Refuse a call of a component's own function that does not exist.

        Raises:
            Refused: There is no such function.
        """
        value = sent if isinstance(sent, dict) else {}
        place, name = value.get("component_id"), value.get("fn_name")
        part = self._blocks.get(place) if isinstance(place, int) else None
        if part is None or not isinstance(name, str) or not hasattr(getattr(part, name, None), "_is_server_fn"):
            raise Refused(404, "No such function of the page.")

    def is_going(self, name: str) -> bool:
        """Whether this event was sent, its end has not been read, and its client has not left."""
        event = self._queue.event_ids_to_events.get(name)
        return (
            event is not None
            and event.alive
            and name in self._queue.pending_event_ids_session.get(event.session_hash, ())
        )

    def has_stream(self, session: str) -> bool:
        """Whether this page has sent an event, so that there is something to read."""
        return session in self._queue.pending_messages_per_session

    def has_stream_of(self, name: str) -> bool:
        """Whether the end of this event has not been read yet: a second reader would wait for ever."""
        queue = self._queue
        return name in queue.event_ids_to_events or any(name in ids for ids in queue.pending_event_ids_session.values())

    @staticmethod
    def _known(event: Event | None) -> Event:
        if event is None:
            raise Refused(404, "No such event of this page: reload it.")
        return event
