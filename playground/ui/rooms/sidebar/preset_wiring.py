"""The preset menu's events: choose, save, export, import."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from playground.data.presets import Preset
from playground.data.user_presets import WouldReplace
from playground.errors import PlaygroundError
from playground.ui.components.words import word
from playground.ui.rooms.play.layout import Play
from playground.ui.rooms.sidebar.layout import CUSTOM, Sidebar
from playground.ui.rooms.sidebar.preset_menu import PresetBook, preset_updates
from playground.ui.shell.common import QUIET, Controls, named, note, refused

Updates = dict[Component, Any]


@dataclass(frozen=True)
class Pending:
    """A preset that waits until the person agrees that it replaces another; an opened one is then set, too."""

    preset: Preset
    is_opened: bool


class PresetEvents:
    """Handlers: each returns updates by component, and a note if something went wrong."""

    def __init__(self, play: Play, sidebar: Sidebar, controls: Controls, book: PresetBook):
        self._play, self._sidebar, self._controls, self._book = play, sidebar, controls, book

    def _set(self, preset: Preset) -> Updates:
        return {self._controls[name]: value for name, value in preset_updates(preset).items()}

    async def _attempt(self, work: Callable[[], Updates], trouble: str, *, opens: bool = False) -> Updates:
        """The work's updates; it reads and writes files, so in a thread. It asks before it replaces a preset."""
        sidebar = self._sidebar
        try:
            return await asyncio.to_thread(work)
        except WouldReplace as error:
            question = note(word("sidebar.replace_your_preset"), str(error), kind="ask")
            return {sidebar.preset_ask: question, sidebar.preset_pending: Pending(error.preset, opens)}
        except PlaygroundError as error:
            return {self._play.notice: refused(trouble, error)}

    async def choose(self, id: Any, request: gr.Request) -> Updates:
        """Apply the settings of the preset."""
        if id == CUSTOM:
            return {self._play.notice: gr.skip()}
        return await self._attempt(
            lambda: self._set(self._book.of(request).load().find(str(id))), word("sidebar.preset_cant_be")
        )

    async def save(self, data: dict[Component, Any], request: gr.Request) -> Updates:
        """Everything set now becomes a preset of the person's folder."""
        book = self._book.of(request)

        def work() -> Updates:
            return self._saved(book, book.save(data[self._sidebar.preset_name], named(self._controls, data)))

        return await self._attempt(work, word("sidebar.preset_was_not"))

    async def export(self, data: dict[Component, Any], request: gr.Request) -> Updates:
        """Everything set now becomes a file."""

        def work() -> Updates:
            file = self._book.of(request).export(data[self._sidebar.preset_name], named(self._controls, data))
            return {self._play.download: file | {"id": time.time_ns()}}

        return await self._attempt(work, word("sidebar.preset_was_not_exported"))

    async def bring_in(self, text: Any, request: gr.Request) -> Updates:
        """A file becomes a preset of the person's folder, and is set."""
        book = self._book.of(request)

        return await self._attempt(
            lambda: self._opened(book, book.bring_in(text)), word("sidebar.preset_was_not_imported"), opens=True
        )

    async def replace(self, pending: Any, request: gr.Request) -> Updates:
        """The person agreed: the pending preset replaces the one of its title."""
        if not isinstance(pending, Pending):
            return {self._sidebar.preset_ask: {}}
        book = self._book.of(request)

        def work() -> Updates:
            preset = book.put(pending.preset, replaces=True)
            return self._opened(book, preset) if pending.is_opened else self._saved(book, preset)

        return await self._attempt(work, word("sidebar.preset_was_not_replaced"))

    async def show(self, request: gr.Request) -> dict[str, Any]:
        """The person's own presets in the menu of a page that opens."""
        return await asyncio.to_thread(self._book.of(request).menu)

    def _saved(self, book: PresetBook, preset: Preset) -> Updates:
        return self._in_menu(book, preset, "Preset saved.", "is in the menu now.")

    def _opened(self, book: PresetBook, preset: Preset) -> Updates:
        return self._set(preset) | self._in_menu(book, preset, "Preset imported.", "is in the menu and set now.")

    def _in_menu(self, book: PresetBook, preset: Preset, title: str, words: str) -> Updates:
        news = note(title, f"{preset.title} {words}")
        over = {self._sidebar.preset_ask: {}, self._sidebar.preset_pending: None}
        return {self._controls["preset"]: book.menu(preset.id), self._play.notice: news, **over}


def wire_presets(
    demo: gr.Blocks, play: Play, sidebar: Sidebar, controls: Controls, book: PresetBook
) -> tuple[Dependency, Dependency, Dependency]:
    """Wires them; returns the events after which a preset's settings are set, for handlers that depend on its model."""
    events = PresetEvents(play, sidebar, controls, book)
    asks = [sidebar.preset_ask, sidebar.preset_pending]
    outputs = [*controls.values(), play.notice, *asks]
    inputs = {sidebar.preset_name, *controls.values()}
    chosen = controls["preset"].input(events.choose, controls["preset"], outputs, **QUIET)
    sidebar.save_preset.click(events.save, inputs, [controls["preset"], play.notice, *asks], **QUIET)
    sidebar.export_preset.click(events.export, inputs, [play.download, play.notice], **QUIET)
    opened = sidebar.import_preset.input(events.bring_in, sidebar.import_preset, outputs, **QUIET)
    replaced = sidebar.preset_replace.click(events.replace, sidebar.preset_pending, outputs, **QUIET)
    demo.load(events.show, None, controls["preset"], **QUIET)
    return chosen, opened, replaced
