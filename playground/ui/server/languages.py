"""The page's languages as `gr.I18n` sends them: for each a table from English texts to its own.

Beside the texts of `words/en.yaml` it covers those that are declared where they belong, by ids of their own: fields
of requests (`fields.<experiment>.<name>`), sections (`experiments.<name>`), panels of views
(`panels.<experiment>.<name>`), figures (`definitions.<part>.<key>`), the Cost tab (`calculators.<id>`), and the shipped
presets, prompts and examples.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import gradio as gr

from playground.data.examples import Example, load_examples
from playground.data.presets import PromptList, load_list
from playground.experiments.costing.fields import load_cost_fields
from playground.experiments.costing.sections import SECTIONS
from playground.experiments.registry import experiments
from playground.paths import presets_dir
from playground.runs.experiment import Experiment, late
from playground.ui.components.base import definitions
from playground.ui.components.words import FOLDER, Text, english, read_words
from playground.ui.rooms.compare.pane_values import PANE_SETTINGS
from playground.ui.rooms.cost.config import cost_config
from playground.ui.rooms.sidebar.preset_menu import PresetBook
from playground.ui.shell.controls import CHECKS, HINTS, SLIDERS
from playground.views.formula_script import formula_notes
from playground.views.money import NOT_THE_SAME
from playground.views.rerun_figures import rerun_definitions

_TABLES = b'"i18n_translations":'
_DEFINED = ("term", "unit", "definition", "formula", "source")


def translations(folder: Path = FOLDER) -> gr.I18n:
    """All languages of the folder; English has no table, since its texts are what the others translate."""
    others = [file for file in sorted(folder.glob("*.yaml")) if file.stem != "en"]
    texts = all_english() if others else {}
    return gr.I18n(en={}, **{file.stem: table(texts, read_words(file)) for file in others})


def all_english() -> dict[str, Text]:
    """Every text that a language file translates, by id: those of `en.yaml`, then the declared ones."""
    return english() | dict(_declared())


def _declared() -> Iterator[tuple[str, str]]:
    """Id and text of what is declared elsewhere."""
    for name, one in experiments().items():
        yield from _of_experiment(name, one)
    yield from _of_settings()
    yield from _of_presets(presets_dir())
    yield from _of_cost()
    yield "money.not_the_same", NOT_THE_SAME
    files = sorted((FOLDER.parent / "components").glob("*_definitions.json"))
    parts = {name: definitions(name) for name in (file.stem.removesuffix("_definitions") for file in files)}
    for part, figures in (parts | {"figures": rerun_definitions()}).items():
        for key, texts in figures.items():
            yield from ((f"definitions.{part}.{key}.{what}", texts[what]) for what in _DEFINED if texts.get(what))


def _of_experiment(name: str, one: Experiment[Any, Any]) -> Iterator[tuple[str, str]]:
    yield from ((f"experiments.{name}.{what}", getattr(one, what)) for what in ("title", "about", "verb"))
    for field, item in one.request.items().items():
        extra = cast(dict[str, Any], item.json_schema_extra)
        if not extra["page"]:
            continue
        texts = {"title": item.title, "about": item.description}
        texts |= {f"names.{value}": text for value, text in extra["names"].items()}
        yield from ((f"fields.{name}.{field}.{what}", text) for what, text in texts.items() if text)
    for panel in late(one.view).panels:
        texts = {"label": panel.label, "empty": panel.empty}
        yield from ((f"panels.{name}.{panel.name}.{what}", text) for what, text in texts.items() if text)


def _of_settings() -> Iterator[tuple[str, str]]:
    yield from ((f"settings.{name}.label", label) for name, label in CHECKS.items())
    yield from ((f"settings.{name}.info", hint) for name, hint in HINTS.items())
    for slider in SLIDERS:
        yield from ((f"settings.{slider.name}.{what}", getattr(slider, what)) for what in ("label", "about"))
    for one in PANE_SETTINGS:
        yield from ((f"panes.{one['name']}.{what}", one[what]) for what in ("label", "hint"))


def _of_presets(folder: Path) -> Iterator[tuple[str, str]]:
    """The data that we ship: presets, prompts, and the cards of the first screen."""
    prompts = load_list(PromptList, folder / "prompts.yaml").prompts
    shown: dict[str, Mapping[str, Any]] = {
        "presets": PresetBook(folder / "sampling", folder).shipped().all,
        "prompts": {one.id: one for one in prompts},
        "examples": load_examples(folder / "examples"),
    }
    for kind, found in shown.items():
        for id, one in found.items():
            yield from ((f"{kind}.{id}.{what}", getattr(one, what)) for what in ("title", "why"))
            if isinstance(one, Example):
                yield f"{kind}.{id}.caption", one.picture.caption


def _of_cost() -> Iterator[tuple[str, str]]:
    """The inputs and the calculators of the Cost tab."""
    for field in load_cost_fields(presets_dir() / "cost.yaml").fields:
        yield from ((f"calculators.inputs.{field.id}.{what}", getattr(field, what)) for what in ("label", "about"))
    yield from (
        (f"calculators.units.{field['unit']}", field["sign"]) for field in cost_config()["fields"] if field["sign"]
    )
    for section in SECTIONS:
        here = f"calculators.{section.id}"
        yield from ((f"{here}.{what}", getattr(section, what)) for what in ("tab", "title", "lead"))
        for one in section.figures:
            yield from ((f"{here}.{one.id}.{what}", text) for what in ("label", "zero") if (text := getattr(one, what)))
        for plan in section.charts:
            texts = {"title": plan.title, "never": plan.never} | {f"lines.{one.key}": one.name for one in plan.lines}
            yield from ((f"{here}.{plan.id}.{what}", text) for what, text in texts.items() if text)
    yield from ((f"calculators.notes.{name}.about", note["about"]) for name, note in formula_notes().items())


def table(texts: dict[str, Text], own: dict[str, Text]) -> dict[str, Any]:
    """From English texts to a language's own, both by id; each English form leads to all forms of the language."""
    forms = {id: text.values() if isinstance(text, dict) else [text] for id, text in texts.items() if id in own}
    return {form: own[id] for id, found in forms.items() for form in found}


def with_tables_for(document: bytes, accepted: str) -> bytes:
    """The document with the tables of the languages that its reader accepts, since one takes 20 to 30 kB when sent.

    Args:
        document: As Gradio writes it, with its configuration.
        accepted: The header `Accept-Language`.
    """
    before, key, after = document.partition(_TABLES)
    if not key:
        return document
    text = after.decode()
    tables, end = json.JSONDecoder().raw_decode(text)
    tags = {one.partition(";")[0].strip() for one in accepted.split(",")}
    tags |= {tag.partition("-")[0] for tag in tags}
    kept = json.dumps({tag: one for tag, one in tables.items() if tag in tags}).replace("<", "\\u003c")
    return before + key + (kept + text[end:]).encode()
