"""Presets in the page: chosen, saved, exported, imported."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from playground.data.preset_files import PresetFiles
from playground.data.presets import Preset, Presets
from playground.data.user_presets import export_preset, import_preset, new_preset, save_preset
from playground.errors import PlaygroundError
from playground.ui.components.words import word
from playground.ui.rooms.sidebar.layout import preset_hints, preset_options
from playground.ui.shell.common import is_on_this_machine, person_of
from playground.ui.shell.controls import CHECKS, SLIDERS, settings_of, slider_update, stop_text

_SLIDERS = {spec.name for spec in SLIDERS}


def preset_updates(preset: Preset) -> dict[str, Any]:
    """The changes of a preset, by field; settings that it does not name stay."""
    updates: dict[str, Any] = {}
    for name, value in preset.settings.items():
        if name == "stop":
            updates[name] = stop_text(value)
        elif name == "seed":
            updates["random_seed"] = value is None
            if value is not None:
                updates["seed"] = value
        elif name in _SLIDERS and value is not None:
            updates[name] = slider_update(name, value)
        elif name == "context_length":
            updates[name] = None  # the model's own limit, which only the model menu knows
        elif name in ("system", *CHECKS):
            updates[name] = value
    chosen = {"model": preset.model, "quantization": preset.quantization, "prompt": preset.prompt}
    return updates | {name: value for name, value in chosen.items() if value is not None}


class PresetBook:
    """Shipped presets and those of one person's folder; a saved one appears at once.

    The owner of this machine, who opens the page on it, has the user's folder; each other person has one inside it.
    """

    def __init__(self, shipped_dir: Path, user_dir: Path, files: PresetFiles | None = None):
        self._shipped_dir, self._user_dir, self._files = shipped_dir, user_dir, files or PresetFiles()

    def of(self, request: gr.Request) -> "PresetBook":
        """That of the person who sent the request."""
        if is_on_this_machine(request):
            return self
        name = hashlib.sha256(person_of(request).encode()).hexdigest()
        return PresetBook(self._shipped_dir, self._user_dir / "people" / name, self._files)

    def load(self) -> Presets:
        """Every valid preset, and the errors of the others."""
        return self._files.load(self._shipped_dir, self._user_dir)

    def shipped(self) -> Presets:
        """Those that everybody has: a page is laid out before it is known whose it is."""
        return self._files.load(self._shipped_dir, self._user_dir / "nobody")

    def menu(self, chosen: str | None = None) -> dict[str, Any]:
        """An update of the menu; `chosen` becomes its value."""
        presets = self.load()
        update = gr.update(options=[list(option) for option in preset_options(presets)], hints=preset_hints(presets))
        return update if chosen is None else update | {"value": chosen}

    def _from_page(self, title: object, values: Mapping[str, Any]) -> Preset:
        if not isinstance(title, str) or not title.strip():
            raise PlaygroundError("Give the preset a name first.")
        settings = settings_of(values)
        if values.get("random_seed"):
            settings = settings.model_copy(update={"seed": None})
        return new_preset(
            title.strip(),
            word("sidebar.saved_from_page"),
            settings,
            model=values["model"],
            quantization=values["quantization"],
        )

    def save(self, title: object, values: Mapping[str, Any]) -> Preset:
        """Everything set now, as a preset in the user's folder.

        Raises:
            WouldReplace: There is one of this title.
            PlaygroundError: The name or a value is wrong, or the folder can't be written.
        """
        return self.put(self._from_page(title, values))

    def put(self, preset: Preset, *, replaces: bool = False) -> Preset:
        """This preset, saved into the user's folder.

        Raises:
            WouldReplace: There is one of this title, and `replaces` is not set.
            PlaygroundError: The folder can't be written.
        """
        save_preset(preset, self._user_dir, replaces=replaces, shipped_dir=self._shipped_dir)
        return preset

    def export(self, title: object, values: Mapping[str, Any]) -> dict[str, Any]:
        """Everything set now, as a file for the person.

        Raises:
            PlaygroundError: The name or a value is wrong.
        """
        preset = self._from_page(title, values)
        return {"name": f"{preset.id}.yaml", "text": export_preset(preset)}

    def bring_in(self, text: object) -> Preset:
        """A preset from an opened file, saved into the user's folder.

        Raises:
            WouldReplace: There is one of its title.
            PlaygroundError: Says what is wrong with the file.
        """
        return self.put(import_preset(text if isinstance(text, str) else ""))
