"""A section with one long experiment: its parts, and the events that are the same whatever it measures."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.errors import PlaygroundError
from playground.ui.rooms.reruns.ladder import ENDED, STARTED
from playground.ui.rooms.reruns.ladder_live import LabView, frames
from playground.ui.shell.common import QUIET, Controls, named, session_of
from playground.ui.shell.follow import failure
from playground.ui.shell.pages import Slot
from playground.ui.shell.saving import saved

Work = Callable[[Callable[[], bool]], Iterator[Any]]
"""Makes the updates; gets the flag to ask whether it should stop."""
Start = Callable[[dict[str, Any]], tuple[LabView, Work]]
"""Checks what was asked, by field name, and gives what shows it and what does it; a PlaygroundError refuses."""


@dataclass(frozen=True)
class LabSection:
    """The parts of the section that others wire.

    Attributes:
        fields: What is asked, by name.
        shown: What the view's `values` fill, in their order; the first is the status.
    """

    run: gr.Button
    stop: gr.Button
    save: gr.Button
    open: gr.HTML
    fields: Controls
    notice: gr.HTML
    download: gr.HTML
    shown: tuple[gr.HTML, ...]


def wire_lab(
    section: LabSection,
    asked: Controls,
    start: Start,
    show: Callable[[Any, str], list[Any]],
    slot: Slot,
    *,
    filled: Sequence[Component] = (),
) -> Any:
    """Run, stop, save and open; returns the event at whose end the work is over.

    Args:
        section: Its parts.
        asked: Controls whose values `start` gets.
        start: See `Start`.
        show: The text of a file and the page's session, to values of `shown`, then of `filled`, then of the notice.
        slot: Of its document.
        filled: More parts that a file fills.
    """
    shown = list(section.shown)

    async def run(data: dict[Component, Any], request: gr.Request) -> AsyncIterator[Any]:
        try:
            view, work = start(named(asked, data))
        except PlaygroundError as error:
            yield [failure(error), *[gr.skip()] * (len(shown) - 1)]
            return
        async with aclosing(frames(view, work, slot, session_of(request))) as values:
            async for each in values:
                yield list(each)

    def opened(text: Any, request: gr.Request) -> list[Any]:
        return show(text, session_of(request))

    def stop(request: gr.Request) -> None:
        slot.stop(session_of(request))

    async def save(request: gr.Request) -> tuple[Any, Any]:
        return await saved(slot, session_of(request))

    begin = section.run.click(None, None, [section.run, section.stop], js=STARTED, **QUIET)
    running = begin.then(run, set(asked.values()), shown, concurrency_limit=None, **QUIET)
    section.stop.click(stop, None, None, queue=False, **QUIET)
    section.save.click(save, None, [section.download, section.notice], concurrency_limit=None, **QUIET)
    section.open.input(opened, section.open, [*shown, *filled, section.notice], concurrency_limit=None, **QUIET)
    return running.then(None, None, [section.run, section.stop], js=ENDED, **QUIET)
