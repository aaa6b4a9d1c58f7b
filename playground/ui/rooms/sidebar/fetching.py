"""A model that is not on this machine: what fetching it means, and the fetch when a person presses the button."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr

from playground.errors import FetchStopped, PlaygroundError
from playground.models.offer import Offer
from playground.runs.runner import Runner
from playground.ui.shell.common import session_of
from playground.ui.shell.follow import failure, look_in
from playground.ui.shell.live import FRAMES_PER_S
from playground.ui.shell.pages import Slot
from playground.views import offer as views


class FetchEvents:
    """Handlers of the offer below the menu of models.

    `fetches` has the fetch of each page, `asks` its newest question.
    """

    def __init__(self, runner: Runner, fetches: Slot, asks: Slot):
        self._runner, self._fetches, self._asks = runner, fetches, asks

    async def offer(self, model: Any, request: gr.Request) -> AsyncGenerator[Any]:
        """What fetching the chosen model would bring; empty if it is here. A fetch that goes on stays shown."""
        session = session_of(request)
        ticket = self._asks.keep(session)
        if self._goes_on(session):
            return
        title = self._missing(model)
        if title is None:
            yield {}
            return
        yield views.asking(model, title)
        value, _ = await self._asked(model, title)
        if not ticket.is_replaced and not self._goes_on(session):
            yield value

    async def fetch(self, model: Any, request: gr.Request) -> AsyncGenerator[Any]:
        """Bring it here: progress, then nothing, or why not."""
        title, session = self._missing(model), session_of(request)
        if title is None or self._goes_on(session):
            yield gr.skip() if title else {}
            return
        ticket = self._fetches.begin(session)
        yield views.fetching(model, title, f"Fetching {title}", None, None)
        value, offer = await self._asked(model, title)
        last: dict[str, Any] = {}
        try:
            looks = look_in(lambda stop: self._runner.shelf.fetch(model, stop), ticket, frames_per_s=FRAMES_PER_S)
            async with aclosing(looks) as steps:
                async for came in steps:
                    if came:
                        yield views.fetching(model, title, came[-1].stage, came[-1].fraction, offer)
        except Exception as error:  # the page must say so, whatever it was
            words = str(error) if isinstance(error, PlaygroundError) else failure(error)["problem"]
            last = views.ended(value, words, stopped=isinstance(error, FetchStopped))
        yield last

    def stop(self, request: gr.Request) -> None:
        """End the page's fetch."""
        self._fetches.stop(session_of(request))

    def _goes_on(self, session: str) -> bool:
        ticket = self._fetches.last(session)
        return ticket is not None and not ticket.ended.is_set()

    def _missing(self, model: Any) -> str | None:
        """Its title, if it is a model that must be fetched first and nobody brings it here already."""
        titles = {entry.id: entry.title for entry in self._runner.catalogue.entries}
        shelf = self._runner.shelf
        if not isinstance(model, str) or model not in titles or shelf.is_here(model) or shelf.is_coming(model):
            return None
        return titles[model]

    async def _asked(self, model: str, title: str) -> tuple[dict[str, Any], Offer | None]:
        try:
            offer = await asyncio.to_thread(self._runner.shelf.offer, model)
        except PlaygroundError as error:
            return views.asking(model, title) | {"phase": "failed", "note": str(error)}, None
        return views.offered(model, title, offer), offer
