"""The bar of a result, wired: what it gives is made here from the page's document.

Its event `input` brings the text of a file that a person opens, which each tab handles; `submit` wants a form of the
result, and `select` for a link to prompt and settings.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import gradio as gr

from playground.errors import PlaygroundError
from playground.runs.records import Document
from playground.ui.components.bar import result_bar
from playground.ui.components.words import word
from playground.ui.shell.common import QUIET, Controls, note, refused, session_of
from playground.ui.shell.pages import Slot
from playground.ui.shell.saving import MAX_OPENED_BYTES, document_of, name_of, too_large
from playground.views.handout import report_of, tables_of, text_of

Given = tuple[str, str]
"""Name and text of a file."""
Giver = Callable[[dict[str, Any], gr.Request], Awaitable[Given]]
"""Makes what a bar wants: `want` is save, text, table or report. It raises a PlaygroundError where it can't."""
_SHARE = "async (...values) => await window.playground.share({ids}, ...values)"
_IN_LINK = "in-link"  # the class by which the page knows the fields that a link may fill in
_FORMS: dict[str, tuple[str, Callable[[Document], str]]] = {
    "save": (".json", lambda document: document.to_json()),
    "text": (".txt", text_of),
    "table": (".tsv", tables_of),
    "report": (".html", report_of),
}


def build_bar(prefix: str, **options: Any) -> gr.HTML:
    """A bar that opens files as large as the page takes; the options are those of `result_bar`."""
    return result_bar(prefix, max_bytes=MAX_OPENED_BYTES, **options)


def wire_bar(
    bar: gr.HTML, give: Slot | Giver, notice: gr.HTML, controls: Controls | None = None, own: Controls | None = None
) -> None:
    """Give what a person wants of the page's document in a slot.

    A link holds the sidebar's `controls` by name, and the section's own: its prompt in place of theirs, and its fields.
    """
    giver = _giver(give) if isinstance(give, Slot) else give

    async def hand_over(wanted: Any, request: gr.Request) -> tuple[Any, Any]:
        what = wanted if isinstance(wanted, dict) else {}
        try:
            name, text = await giver(what, request)
        except PlaygroundError as error:
            return {"done": what.get("id")}, refused(word("shell.nothing_take_along"), error)
        news = note(*large) if what.get("want") == "save" and (large := too_large(text)) else {}
        return {"done": what.get("id"), "name": name, "text": text}, news

    bar.submit(hand_over, bar, [bar, notice], concurrency_limit=None, **QUIET)
    if controls:
        own = own or {}
        settings = list((controls | {"prompt": own.get("prompt", controls["prompt"])}).values())
        fields = [field for name, field in own.items() if name != "prompt"]
        for field in fields:
            field.elem_classes = list(dict.fromkeys([*field.elem_classes, _IN_LINK]))
        ids = json.dumps([field.elem_id for field in fields])
        bar.select(None, settings + fields, notice, js=_SHARE.replace("{ids}", ids), **QUIET)


def _giver(slot: Slot) -> Giver:
    async def give(wanted: dict[str, Any], request: gr.Request) -> Given:
        return await form_of(wanted, await document_of(slot, session_of(request)))

    return give


async def form_of(wanted: dict[str, Any], document: Document) -> Given:
    """A document as what is wanted.

    Raises:
        PlaygroundError: Nobody knows that form.
    """
    want = wanted.get("want")
    if not isinstance(want, str) or want not in _FORMS:
        raise PlaygroundError(f"A result is given as {', '.join(_FORMS)}; got {str(want)[:60]!r}.")
    ending, make = _FORMS[want]
    return name_of(document) + ending, await asyncio.to_thread(make, document)
