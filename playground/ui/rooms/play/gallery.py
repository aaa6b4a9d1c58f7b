"""The first screen: examples that one click fills in and runs, and a recorded answer below them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from playground.data.examples import Example
from playground.data.presets import settings_preset
from playground.files import read_text
from playground.runs.records import RunRecord, parse_record
from playground.settings import Settings
from playground.ui.components.forms import gallery
from playground.ui.components.words import word
from playground.ui.rooms.compare.pane_values import pane_value
from playground.ui.rooms.sidebar.preset_menu import preset_updates
from playground.ui.shell.common import QUIET, Controls

_RUN = {"Play": "run-button", "Compare": "compare-run", "Reruns": "reruns-run", "Cost": ""}


def load_recorded(file: Path) -> RunRecord:
    """The run that a new page shows.

    Raises:
        PlaygroundError: It is not there, or not a run.
    """
    return parse_record(read_text(file, 2**20))


def build_gallery(examples: Mapping[str, Example], recorded: RunRecord) -> gr.HTML:
    """Lay it out."""
    model, settings = recorded.model, recorded.settings
    made = word(
        "gallery.made", prompt=recorded.prompt, model=model.id, quantization=model.quantization,
        temperature=f"{settings['temperature']:g}",
    )  # fmt: skip
    cards = [
        {"id": id, "run": _RUN[example.tab]}
        | example.model_dump(mode="json", include={"title", "why", "tab", "picture"})
        for id, example in examples.items()
    ]
    return gallery(word("page.lead"), made, cards, elem_id="gallery")


def wire_gallery(
    part: gr.HTML, examples: Mapping[str, Example], controls: Controls, rooms: Mapping[str, Controls]
) -> Dependency:
    """Fill prompt and settings in, then run where the example says; returns the event after the settings are set.

    Args:
        part: Of `build_gallery`.
        examples: By id.
        controls: Of Play and the sidebar.
        rooms: The other tabs' own controls, by tab and name: `prompt`, fields, and `pane 0` and on.
    """
    own = [control for room in rooms.values() for control in room.values()]

    def fill(id: Any) -> dict[Component, Any]:
        example = examples.get(id) if isinstance(id, str) else None
        if example is None:
            return {part: gr.skip()}
        updates = {controls[name]: value for name, value in _settings(example).items()}
        return updates | _fields(example, rooms.get(example.tab, {})) | {part: gr.skip()}

    filled = part.input(fill, part, [part, *controls.values(), *own], **QUIET)
    filled.then(None, None, None, js="() => window.playground.files.start(window.playground.chosen)", **QUIET)
    return filled


def _settings(example: Example) -> dict[str, Any]:
    """By field: defaults, but for what the example names."""
    settings = Settings().model_dump(mode="json") | example.settings
    preset = settings_preset(settings, None, None, example.prompt or "")
    return preset_updates(preset) | {"preset": ""} if example.prompt else {}


def _fields(example: Example, room: Controls) -> dict[Component, Any]:
    """Of the tab: its prompt, its panes, its fields."""
    updates: dict[Component, Any] = {room["prompt"]: example.prompt} if "prompt" in room else {}
    for name, value in example.fields.items():
        if name != "panes":
            updates[room[name]] = value
    if panes := example.fields.get("panes"):
        for place in range(len([name for name in room if name.startswith("pane ")])):
            changes = panes[place] if place < len(panes) else None
            value = pane_value(changes is not None, changes)
            updates[room[f"pane {place}"]] = gr.update(value=value, problems={})
    return updates
