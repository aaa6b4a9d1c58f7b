"""Saving a finished document, and opening a saved one."""

import asyncio
import time
from typing import Any

import gradio as gr

from playground.errors import PlaygroundError
from playground.experiments.documents import parse_document
from playground.runs.records import Document
from playground.ui.shell.common import note
from playground.ui.shell.pages import Slot

MAX_OPENED_BYTES = 12 * 2**20  # as text within a request it still fits the server's limit
_WAIT_S = 3.0


async def saved(slot: Slot, session: str) -> tuple[Any, Any]:
    """The page's last document as a file, or a note that says why there is none."""
    ticket = slot.last(session)
    if ticket is not None and ticket.stop.is_set():
        await asyncio.to_thread(ticket.ended.wait, _WAIT_S)  # a stopped run ends at its next token or chunk
    if ticket is None or ticket.record is None:
        going = ticket is not None and not ticket.ended.is_set()
        text = "The run has not finished yet." if going else "There is no finished run to save: run something first."
        return gr.skip(), note("Nothing saved.", text)
    return {"name": _name(ticket.record), "text": ticket.record.to_json(), "id": time.time_ns()}, gr.skip()


def _name(record: Document) -> str:
    model = getattr(record, "model", None)
    seed = getattr(record, "settings", {}).get("seed")
    parts = [record.model_dump(include={"kind"})["kind"], model.id if model else None, seed]
    return "-".join(str(part) for part in parts if part is not None) + ".json"


def opened(text: Any, *kinds: type[Document]) -> Document:
    """A document that a person opened in a tab that shows these kinds.

    Raises:
        PlaygroundError: It is not a document, or another tab shows its kind.
    """
    if not isinstance(text, str):
        raise PlaygroundError(f"A saved file must be text; got a value of type {type(text).__name__}.")
    document = parse_document(text)
    if not isinstance(document, kinds):
        wanted = " or ".join(kind.model_fields["kind"].default for kind in kinds)
        raise PlaygroundError(f"This is a {document.kind} file; only {wanted} files open here.")
    return document
