"""The run that the Inside tab inspects: the page's newest of Play, or one opened from a file."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.errors import PlaygroundError
from playground.runs.records import RunRecord
from playground.runs.replay import request_again
from playground.ui.components.words import word
from playground.ui.shell.bar import Given, form_of
from playground.ui.shell.common import refused, session_of
from playground.ui.shell.pages import Pages
from playground.ui.shell.saving import opened, sent

Filled = tuple[Sequence[Component], Callable[[gr.Request], dict[Component, Any]]]
"""Parts of a section that show the inspected run, and the function that gives their values."""
_TITLE_CHARS = 80
FILE = "inside-file"
"""The slot of a run that a file brought."""


class Looked:
    """The inspected run of each page."""

    def __init__(self, pages: Pages):
        self._pages = pages

    def record(self, request: gr.Request) -> RunRecord | None:
        """The newest of Play and of a file; None while neither has a token."""
        for record in self._pages.documents(session_of(request), "play", FILE):
            if isinstance(record, RunRecord) and record.tokens:
                return record
        return None

    def request_fields(self, request: gr.Request) -> dict[str, Any]:
        """Fields of a request about the inspected run; empty without one."""
        record = self.record(request)
        if record is None:
            return {}
        again = request_again(record)
        return {field.name: getattr(again, field.name) for field in fields(again)}

    def summary(self, request: gr.Request) -> str:
        """The inspected run, in words."""
        record = self.record(request)
        if record is None:
            return word("inside.no_run_yet")
        prompt = " ".join(record.prompt.split())
        title = prompt if len(prompt) <= _TITLE_CHARS else f"{prompt[:_TITLE_CHARS]}…"
        return f"“{title}”: {len(record.tokens):,} tokens, {record.model.id}, {record.model.quantization}"

    async def open(self, value: Any, request: gr.Request) -> dict[str, Any]:
        """Open a saved run to inspect it; returns a value of the notice."""
        text, _ = sent(value)
        try:
            record = await asyncio.to_thread(opened, text, RunRecord)
        except PlaygroundError as error:
            return refused(word("common.not_opened"), error)
        assert isinstance(record, RunRecord)
        self.look_at(record, request)
        return {}

    async def give(self, wanted: dict[str, Any], request: gr.Request) -> Given:
        """The inspected run as a bar wants it."""
        record = self.record(request)
        if record is None:
            raise PlaygroundError(word("inside.no_run_yet"))
        return await form_of(wanted, record)

    def look_at(self, record: RunRecord, request: gr.Request) -> None:
        """Inspect this run from now on."""
        self._pages.slot(FILE).keep(session_of(request), record)
