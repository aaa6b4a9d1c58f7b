"""A saved run in Play: as it was, with every figure that its file holds, and its settings in the controls."""

import asyncio
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from playground.data.presets import settings_preset
from playground.errors import PlaygroundError
from playground.runs.records import RunRecord
from playground.runs.runner import Runner
from playground.ui.components.words import word
from playground.ui.rooms.play.layout import Play
from playground.ui.rooms.sidebar.preset_menu import preset_updates
from playground.ui.shell.common import NEWEST, Controls, note, session_of
from playground.ui.shell.history import keep_opened
from playground.ui.shell.pages import Pages
from playground.ui.shell.saving import opened, sent
from playground.views.compare import run_status
from playground.views.saved_run import saved_lines, saved_meters

Updates = dict[Component, Any]


def wire_opening(play: Play, controls: Controls, runner: Runner, pages: Pages) -> Dependency:
    """Opens files; returns the event after which the settings are those of the run."""
    slot = pages.slot("play")

    async def open_it(value: Any, request: gr.Request) -> Updates:
        text, only_result = sent(value)
        try:
            record = await asyncio.to_thread(opened, text, RunRecord)
            assert isinstance(record, RunRecord)
            updates: Updates = {play.tokens: saved_lines(record), play.meters: saved_meters(record)}
            settings, words = _settings(record, runner)
        except PlaygroundError as error:
            return {play.notice: note(word("common.not_opened"), str(error), kind="problem")}
        slot.keep(session_of(request), record)
        if only_result:
            return updates | {play.status: run_status(record)}
        news = note(word("play.saved_run"), f"Nothing has run: it is as it was saved. {words}")
        own = {controls[name]: value for name, value in settings.items()}
        return updates | own | {play.status: run_status(record), play.notice: news}

    outputs = [*controls.values(), play.tokens, play.meters, play.status, play.notice]
    opening = play.bar.input(open_it, play.bar, outputs, **NEWEST)
    keep_opened(opening, "play")
    return opening


def _settings(record: RunRecord, runner: Runner) -> tuple[dict[str, Any], str]:
    """Its settings by field, and what Run would do; a model that the list lacks stays what it was."""
    known = {entry.id for entry in runner.catalogue.entries}
    model = record.model.id if record.model.id in known else None
    preset = settings_preset(record.settings, model, record.model.quantization if model else None, record.prompt)
    words = "Run computes it again: same seed, same answer on this kind of machine."
    if model is None:
        words = f"Its model {record.model.id!r:.80} is not in the list here, so Run would use the one of the sidebar."
    return preset_updates(preset) | {"preset": ""}, words
