"""Forgets sessions whose client has gone: Gradio keeps a copy of every component of 10,000 of them, near 1 MB each."""

import asyncio
import time
from contextlib import nullcontext

import gradio as gr
from starlette.types import ASGIApp, Receive, Scope, Send

from playground.ui.server.listening import stream_of
from playground.ui.server.routes import HEARTBEAT
from playground.ui.shell.listeners import Listeners
from playground.ui.shell.pages import Pages

KEPT_S = 60.0  # for a page that connects again, or a program that reads its answer late
MAX_GONE = 64  # beyond this many, those gone longest are forgotten sooner
MAX_SESSIONS = 600  # of any kind, held by Gradio: more than may have a request open, and those that are gone
_LOOK_S = 1.0


class Sessions:
    """Passes requests on, and looks after them who is still there. Everything happens in the event loop.

    Somebody is there who has a stream or the heartbeat of a page open, or an event in the queue or at work.
    """

    def __init__(self, app: ASGIApp, demo: gr.Blocks, pages: Pages | None):
        self._app, self._demo, self._pages = app, demo, pages
        self._open = Listeners()
        self._gone_s: dict[str, float] = {}  # since when, those gone longest first
        self._next_look: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        name = stream_of(scope) or _heartbeat_of(scope)
        try:
            with self._open.listening(name) if name else nullcontext():
                await self._app(scope, receive, send)
        finally:
            if scope["type"] == "http":
                self._look_soon()

    def _look_soon(self) -> None:
        if self._next_look is None:
            self._next_look = asyncio.get_running_loop().call_later(_LOOK_S, self._look)

    def _look(self) -> None:
        self._next_look = None
        self.forget_gone()
        if self._gone_s:
            self._look_soon()

    def forget_gone(self) -> None:
        """Forget those who have been gone for `KEPT_S`, and of the others all but `MAX_GONE`."""
        now_s, gone = time.monotonic(), self._gone()
        old = {name: since for name, since in self._gone_s.items() if name in gone}
        self._gone_s = old | dict.fromkeys(gone - old.keys(), now_s)
        too_many = len(self._gone_s) - MAX_GONE
        for place, (name, since) in enumerate(list(self._gone_s.items())):
            if place < too_many or now_s - since > KEPT_S:
                self._forget(name)

    def _gone(self) -> set[str]:
        queue, events = self._demo._queue, self._demo._queue.pending_event_ids_session
        names = {*self._demo.state_holder.session_data, *queue.pending_messages_per_session, *events}
        names |= self._pages.sessions() if self._pages else set()
        busy = {event.session_hash for event in queue.event_ids_to_events.values()}
        return {one for one in names - busy if not self._open.any_open((one, *events.get(one, ())))}

    def _forget(self, session: str) -> None:
        del self._gone_s[session]
        states, queue = self._demo.state_holder, self._demo._queue
        states.delete_state(session)  # calls what the state components want called
        states.session_data.pop(session, None)
        states.time_last_used.pop(session, None)
        queue.pending_messages_per_session.pop(session, None)
        queue.pending_event_ids_session.pop(session, None)
        if self._pages:
            self._pages.forget(session)
        if queue.server_app is not None:  # events that were cancelled: kept for good, if they never go on
            queue.server_app.iterators_to_reset &= queue.event_ids_to_events.keys()


def _heartbeat_of(scope: Scope) -> str | None:
    match = HEARTBEAT.pattern.fullmatch(scope["path"]) if scope["type"] == "http" else None
    return match["session"] if match else None
