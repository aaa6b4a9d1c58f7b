"""Handlers of the Reruns tab: run, show, recount, stop, save, open."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, suppress
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.errors import PlaygroundError
from playground.experiments.reruns.records import RerunRecord, TemperatureLadderRecord
from playground.experiments.reruns.run import rerun, with_mentions
from playground.runs.runner import Runner
from playground.ui.rooms.reruns.controls import mentions_text, parse_mentions, rerun_request, temperatures_text
from playground.ui.rooms.reruns.drawings import Drawings, draw
from playground.ui.rooms.reruns.follow import follow_rerun, shown_ladder
from playground.ui.rooms.reruns.progress import RerunStatus, opened_status
from playground.ui.rooms.reruns.views import mentions_view
from playground.ui.shell.common import Controls, named, note, session_of
from playground.ui.shell.controls import priced
from playground.ui.shell.follow import Start
from playground.ui.shell.pages import Pages
from playground.ui.shell.saving import opened
from playground.views.rerun_charts import ladder_chart

_TYPING_S = 0.25
_FILLED = 8  # outputs of `open` before the drawings


class RerunEvents:
    """Handlers of the tab. A page's rerun and its ladder of temperatures are two documents, each with its own save."""

    def __init__(self, controls: Controls, fields: Sequence[Component], runner: Runner, pages: Pages):
        self._controls, self._fields, self._runner = controls, fields, runner
        self._slot, self._ladders = pages.slot("rerun"), pages.slot("temperature-ladder")

    async def run(self, data: dict[Component, Any], request: gr.Request) -> AsyncIterator[dict[str, Any]]:
        """Run it N times; values of the status."""

        def ask() -> tuple[Start[Any], RerunStatus]:
            values = named(self._controls, data)
            wanted = rerun_request(values, *(data[field] for field in self._fields))
            runner = priced(self._runner, values)
            return lambda stop: rerun(runner, wanted, stop), RerunStatus()

        async with aclosing(follow_rerun(self._slot, session_of(request), ask, RerunRecord)) as frames:
            async for value, _ in frames:
                yield value

    async def show(self, mentions: Any, request: gr.Request) -> tuple[Any, ...]:
        """Every drawing of the page's record, with the words to search for now."""
        ticket = self._slot.last(session_of(request))
        if ticket is None or not isinstance(ticket.record, RerunRecord):
            return tuple(gr.skip() for _ in Drawings.__annotations__)
        with suppress(PlaygroundError):  # words that can't be searched for: those of the run stay
            ticket.record = with_mentions(ticket.record, parse_mentions(mentions))
        return (await asyncio.to_thread(draw, ticket.record)).values()

    async def recount(self, mentions: Any, request: gr.Request) -> tuple[Any, Any, Any]:
        """Count other words in the same answers; nothing runs again."""
        await asyncio.sleep(_TYPING_S)
        session = session_of(request)
        try:
            words = parse_mentions(mentions)
        except PlaygroundError as error:
            return gr.skip(), gr.skip(), note("Not counted.", str(error), kind="problem")
        ticket, plot = (
            self._slot.last(session),
            await asyncio.to_thread(shown_ladder, self._ladders, session, mentions),
        )
        if ticket is None or not isinstance(ticket.record, RerunRecord):
            return gr.skip(), plot, {}
        ticket.record = await asyncio.to_thread(with_mentions, ticket.record, words)
        return mentions_view(ticket.record), plot, {}

    async def open(self, text: Any, request: gr.Request) -> tuple[Any, ...]:
        """A saved rerun or ladder into the page, as it was; nothing runs."""
        try:
            document = await asyncio.to_thread(opened, text, RerunRecord, TemperatureLadderRecord)
        except PlaygroundError as error:
            problem = note("This file was not opened.", str(error), kind="problem")
            return self._filled(notice=problem, drawings=None)
        one = document.rungs[0] if isinstance(document, TemperatureLadderRecord) else document
        assert isinstance(one, RerunRecord)
        fields = (one.prompt, one.asked, one.seeds, mentions_text(one.summary.mentions))
        if isinstance(document, TemperatureLadderRecord):
            self._ladders.keep(session_of(request), document)
            values = temperatures_text(document.temperatures)
            state = opened_status(f"opened: {len(document.rungs)} temperatures")
            return self._filled(*fields, values, {}, gr.skip(), state, ladder_chart(document.rungs), drawings=None)
        self._slot.keep(session_of(request), document)
        state = opened_status(f"opened: {one.n} runs", one)
        drawings = await asyncio.to_thread(draw, one)
        return self._filled(*fields, gr.skip(), {}, state, drawings=drawings)

    @staticmethod
    def _filled(*values: Any, drawings: Drawings | None, notice: Any = None) -> tuple[Any, ...]:
        """Prompt, runs, seeds, mentions, temperatures, notice, both states, the ladder; what is not given stays."""
        given = [*values, *(gr.skip() for _ in range(_FILLED + 1 - len(values)))]
        if notice is not None:
            given[5] = notice
        return (*given, *(drawings.values() if drawings else (gr.skip() for _ in Drawings.__annotations__)))
