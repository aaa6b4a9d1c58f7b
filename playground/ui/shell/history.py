"""The page's newest document for the history that its browser keeps."""

import asyncio
import json
from typing import Any

import gradio as gr
from gradio.events import Dependency

from playground.runs.records import Document
from playground.ui.components.base import part
from playground.ui.shell.common import QUIET, session_of
from playground.ui.shell.pages import Pages
from playground.ui.shell.saving import STOPPED_WAIT_S

_MOST_CHARS = 8_000_000  # of one document: a larger one is saved as a file
_TITLE_CHARS = 80


def build_history() -> gr.HTML:
    """A button and its dialog; at the end of work it sends `{kept}`, and its value is the newest document."""
    return part("history", {}, elem_id="history")


def keep_opened(event: Dependency, *slots: str) -> None:
    """After this event has opened a file in one of these slots: it joins the history, and the address names it."""
    event.then(None, None, None, js=f"() => window.playground.opened({json.dumps(slots)})", **QUIET)


def wire_history(history: gr.HTML, pages: Pages) -> None:
    """Give the newest document of the page, once."""

    async def newest(value: Any, request: gr.Request) -> Any:
        given = value if isinstance(value, dict) else {}
        found = pages.newest(session_of(request), *map(str, given.get("slots") or ()))
        if found is None:
            return gr.skip()
        slot, ticket = found
        await asyncio.to_thread(ticket.ended.wait, STOPPED_WAIT_S)
        key, record = str(ticket.begun_s), ticket.record
        if record is None or given.get("kept") == key:
            return gr.skip()
        text = await asyncio.to_thread(record.to_json)
        return _entry(record, key, text) | {"slot": slot} if len(text) <= _MOST_CHARS else gr.skip()

    history.input(newest, history, history, concurrency_limit=None, **QUIET)


def _entry(record: Document, key: str, text: str) -> dict[str, Any]:
    first, kind = record.members()[0], type(record).model_fields["kind"].default
    title = " ".join(str(getattr(record, "prompt", None) or getattr(first, "prompt", None) or kind).split())
    made = f"{first.model.id} {first.model.quantization}"
    return {"key": key, "kind": kind, "title": title[:_TITLE_CHARS], "made": made, "text": text}
