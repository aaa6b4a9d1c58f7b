"""What the Layers section does when a person asks: look inside, look at attention, take one step."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.errors import PlaygroundError
from playground.experiments.lens.records import AttentionRecord, LensRecord
from playground.experiments.lens.request import LensRequest, LookAt, check_number, request_of_run
from playground.experiments.lens.run import attention, lens
from playground.experiments.training.run import make_training, train
from playground.runs.replay import request_again
from playground.runs.runner import Runner
from playground.runs.updates import RunRequest
from playground.settings import make_settings
from playground.ui.rooms.inside.lens_live import LensView, TrainingView
from playground.ui.rooms.inside.looked import Looked
from playground.ui.rooms.reruns.ladder_live import frames
from playground.ui.rooms.sidebar.controls import make_request
from playground.ui.shell.common import Controls, named, session_of
from playground.ui.shell.follow import failure
from playground.ui.shell.pages import Pages
from playground.views.layers import attention_value
from playground.views.run import packed

_log = logging.getLogger(__name__)


class LensEvents:
    """Handlers of the section. A page's look and its training step are two documents."""

    def __init__(self, looked: Looked, controls: Controls, runner: Runner, pages: Pages):
        self._looked, self._controls, self._runner = looked, controls, runner
        self._lensed, self._trained = pages.slot("lens"), pages.slot("training")

    def told(self, request: gr.Request) -> str:
        """What a click would look at."""
        record = self._looked.record(request)
        if record is None:
            return "No run yet: this looks at the prompt in Play, with a greedy answer of 8 tokens."
        tokens = len(record.prompt_token_ids) + len(record.tokens)
        return f"This looks at prompt and answer of the run above: {tokens:,} tokens, in a second pass."

    async def look(
        self, data: dict[Component, Any], positions: Component, request: gr.Request
    ) -> AsyncGenerator[list[Any]]:
        """The pass; values of status and figures."""
        try:
            asked = self._asked(data, check_number("positions", data[positions]), request)
            asked.check()
        except PlaygroundError as error:
            yield [failure(error), *[gr.skip()] * 6]
            return
        session = session_of(request)
        start = lambda stop: iter(lens(self._runner, asked, stop))  # noqa: E731 - as short as it is
        async with aclosing(frames(LensView(), start, self._lensed, session)) as values:
            async for each in values:
                yield list(each)

    def _asked(self, data: dict[Component, Any], positions: int, request: gr.Request) -> LensRequest:
        record, look = self._looked.record(request), LookAt(matrix=True)
        if record is not None:
            return request_of_run(record, positions, look)
        return LensRequest(make_request(named(self._controls, data)), positions=positions, look=look)

    async def attend(self, asked: Any, request: gr.Request) -> str:
        """Attention of another layer, head or token of what is shown; a value of the map."""
        session = session_of(request)
        ticket = self._lensed.last(session)
        record = ticket.record if ticket else None
        if ticket is None or not isinstance(record, LensRecord) or not isinstance(asked, dict):
            return ""
        layer, query, head = (_whole(asked.get(name)) for name in ("layer", "query", "head"))
        look = LookAt(layer, query, matrix=True, head=head or None)
        try:
            found = await asyncio.to_thread(self._attention, record, look, lambda: ticket.is_replaced)
        except PlaygroundError as error:
            return packed({"problem": str(error)})
        except Exception:
            _log.exception("attention failed")
            return packed({"problem": "Attention could not be computed; the log says why."})
        return attention_value(record, found, head or 0)

    def _attention(self, record: LensRecord, look: LookAt, should_stop: Callable[[], bool]) -> AttentionRecord | None:
        prompt = tuple(record.prompt_token_ids)
        run = RunRequest(record.prompt, record.model.id, record.model.quantization, make_settings(**record.settings))
        asked = LensRequest(run, look=look, prompt_ids=prompt, answer_ids=tuple(record.token_ids[len(prompt) :]))
        updates = attention(self._runner, asked, should_stop)
        return next((update for update in updates if isinstance(update, AttentionRecord)), None)

    async def step(
        self, data: dict[Component, Any], sentence: Component, rate: Component, request: gr.Request
    ) -> AsyncGenerator[list[Any]]:
        """One training step on a copy; values of its status and its columns."""
        try:
            record = self._looked.record(request)
            run = make_request(named(self._controls, data)) if record is None else request_again(record)
            asked = make_training(run, data[sentence], data[rate])
        except PlaygroundError as error:
            yield [failure(error), gr.skip()]
            return
        start = lambda stop: iter(train(self._runner, asked, stop))  # noqa: E731 - as short as it is
        async with aclosing(frames(TrainingView(), start, self._trained, session_of(request))) as values:
            async for each in values:
                yield list(each)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
