"""Saving a finished document, and opening a saved one."""

import asyncio
from typing import Any

from playground.errors import PlaygroundError
from playground.experiments.documents import parse_document
from playground.runs.records import MAX_RECORD_BYTES, Document
from playground.ui.shell.pages import Slot

MAX_OPENED_BYTES = 48 * 2**20  # 200 reruns of 2,500 tokens are 38 MB; within a request it fits the server's limit
STOPPED_WAIT_S = 3.0  # a stopped run ends at its next token or chunk


async def document_of(slot: Slot, session: str) -> Document:
    """The page's last document.

    Raises:
        PlaygroundError: It has not finished, or nothing has run.
    """
    ticket = slot.last(session)
    if ticket is not None and ticket.stop.is_set():
        await asyncio.to_thread(ticket.ended.wait, STOPPED_WAIT_S)
    if ticket is None or ticket.record is None:
        going = ticket is not None and not ticket.ended.is_set()
        raise PlaygroundError("The run has not finished yet." if going else "There is no result here: run something.")
    return ticket.record


def too_large(text: str) -> tuple[str, str] | None:
    """Title and words about a file that is too large for the page to open again."""
    if 4 * len(text) <= MAX_OPENED_BYTES or (size := len(text.encode("utf-8", "replace"))) <= MAX_OPENED_BYTES:
        return None
    return "Saved, and too large for this page.", (
        f"The file has {size:,} bytes, and the page opens up to {MAX_OPENED_BYTES:,}. The terminal commands read up to "
        f"{MAX_RECORD_BYTES:,}: `playground replay FILE`. Ask for fewer runs or tokens to open it here."
    )


def name_of(record: Document) -> str:
    """The name of its file, without an ending."""
    model = getattr(record, "model", None)
    seed = getattr(record, "settings", {}).get("seed")
    parts = [record.model_dump(include={"kind"})["kind"], model.id if model else None, seed]
    return "-".join(str(part) for part in parts if part is not None)


def sent(value: Any) -> tuple[Any, bool]:
    """What a bar's `input` brings: a file's text, and whether its result alone is shown, without its settings."""
    return (value.get("text"), True) if isinstance(value, dict) else (value, False)


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
