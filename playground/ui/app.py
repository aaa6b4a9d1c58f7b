"""The page put together: sidebar, tabs, and the events between them."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from playground.data.examples import load_examples, prompts_to_try
from playground.data.presets import HardwareList, PromptList, load_list
from playground.experiments.registry import experiments
from playground.paths import data_dir, presets_dir
from playground.runs.runner import Runner
from playground.settings import QUANTIZATIONS
from playground.ui.components.feed import Feeds
from playground.ui.components.forms import settings_strip
from playground.ui.components.words import word
from playground.ui.rooms.compare.layout import build_compare
from playground.ui.rooms.compare.tab import wire_compare
from playground.ui.rooms.cost.layout import build_cost, wire_cost
from playground.ui.rooms.inside.layout import build_inside, wire_inside
from playground.ui.rooms.optimise.layout import build_optimise, wire_optimise
from playground.ui.rooms.play.gallery import load_recorded, wire_gallery
from playground.ui.rooms.play.layout import build_play, wire_play
from playground.ui.rooms.play.opening import wire_opening
from playground.ui.rooms.reruns.layout import build_reruns, wire_reruns
from playground.ui.rooms.sidebar.layout import build_sidebar
from playground.ui.rooms.sidebar.preset_menu import PresetBook
from playground.ui.rooms.sidebar.preset_wiring import wire_presets
from playground.ui.rooms.sidebar.wiring import ModelEvents, wire_examples, wire_models, wire_prices, wire_storage
from playground.ui.server.api import add_api
from playground.ui.server.page import FIELDS
from playground.ui.shell.ahead import wire_ahead
from playground.ui.shell.common import QUIET, Controls, session_of
from playground.ui.shell.history import build_history, wire_history
from playground.ui.shell.pages import Pages
from playground.ui.shell.section import Section, build_sections, wire_section

_MAX_WAITING_EVENTS = 64


def build_app(
    runner: Runner,
    *,
    model: str | None = None,
    quantization: str | None = None,
    shipped_dir: Path | None = None,
    user_presets_dir: Path | None = None,
    rooms: Collection[str] | None = None,
    pages: Pages | None = None,
) -> gr.Blocks:
    """The page over a runner.

    Args:
        runner: Answers prompts; shared by all pages, one run at a time. They download a model only by Fetch.
        model: Id that a new page starts with; None is the catalogue's default.
        quantization: One that a new page starts with; None is the first.
        shipped_dir: Folder of `sampling/`, `examples/`, `hardware.yaml` and `prompts.yaml`; None is the package's own.
        user_presets_dir: Where saved presets go; None is the user's own folder.
        rooms: Tabs beside Play, by name: a page of few opens faster; None is all.
        pages: Knows every page's runs; who serves the page stops them by it.
    """
    shipped = shipped_dir or presets_dir()
    book = PresetBook(shipped / "sampling", user_presets_dir or data_dir() / "presets")
    hardware = load_list(HardwareList, shipped / "hardware.yaml").hardware
    wanted, pages, runner = set(_ROOMS if rooms is None else rooms), pages or Pages(), runner.without_fetching()
    examples = {id: one for id, one in load_examples(shipped / "examples").items() if one.tab in {"Play", *wanted}}
    prompts = prompts_to_try(examples, load_list(PromptList, shipped / "prompts.yaml").prompts)
    recorded = load_recorded(shipped / "examples" / "recorded.json")
    with gr.Blocks(title="Inference Playground", fill_width=True, analytics_enabled=False) as demo:
        chosen = (model or runner.catalogue.default.id, quantization or QUANTIZATIONS[0])
        events = ModelEvents(runner, pages.slot("play"), chosen)
        sidebar = build_sidebar(book.shipped(), events.fill("", "", None), hardware, runner.hardware.usd_per_hour)
        history = _build_top()
        with gr.Tabs():
            with gr.Tab(word("page.play.tab"), id="play"):
                play = build_play(prompts, examples, recorded, pages.feeds)
            built, more = _build_tabs(pages.feeds, wanted)
        controls = {name: play.prompt if name == "prompt" else sidebar.controls[name] for name in FIELDS}
        wire_play(play, controls, runner, pages)
        _wire_rooms(built.values(), more, controls, runner, pages)
        gates = [(one.run, one.shown[0], one.experiment.needs) for one in _declared(built.values(), more)]
        fillable = {name: getattr(room.parts, "fillable", {}) for name, room in built.items()}
        settings_set = (
            *wire_presets(demo, play, sidebar, controls, book),
            wire_opening(play, controls, runner, pages),
            wire_gallery(play.gallery, examples, controls, fillable),
        )
        wire_models(demo, play, sidebar, controls, runner, events, pages, settings_set, gates)
        wire_storage(controls)
        wire_prices(demo, sidebar, {machine.id: machine.usd_per_hour for machine in hardware})
        wire_examples(play, {example.id: example.prompt for example in prompts})
        wire_history(history, pages)
        add_api(runner, pages)

        demo.unload(_forgetting(pages))
    return demo.queue(max_size=_MAX_WAITING_EVENTS, api_open=False, default_concurrency_limit=None)


def _build_top() -> gr.HTML:
    """The name of the page, the settings where the sidebar is folded, and the history."""
    with gr.Row(elem_classes="top"):
        gr.HTML("<h1>Inference Playground</h1>", elem_classes=["brand", "brand-main"])
        settings_strip(elem_id="settings-strip")
    return build_history()


def _forgetting(pages: Pages) -> Callable[[gr.Request], None]:
    """What follows when a page closes. Gradio finds the request by its annotation."""

    def closed(request: gr.Request) -> None:
        pages.forget(session_of(request))

    return closed


def _sections(room: "_Room") -> list[Section]:
    """All that a room has, its own laid out by hand too."""
    own = getattr(room.parts, "own", None)
    return [*([own] if own else []), *getattr(room.parts, "declared", [])]


def _declared(built: Iterable["_Room"], more: Sequence[Section]) -> list[Section]:
    """Those whose Run is grey where the model can't feed it."""
    rooms = [getattr(room.parts, "gated", getattr(room.parts, "declared", [])) for room in built]
    return [*(one for sections in rooms for one in sections), *more]


def _wire_rooms(
    built: Iterable["_Room"], more: Sequence[Section], controls: Controls, runner: Runner, pages: Pages
) -> None:
    """Each tab; one with a prompt of its own begins with Play's."""
    for room in built:
        room.wire(room.tab, room.parts, controls, runner, pages)
        if sections := _sections(room):
            wire_ahead(sections, controls, runner, [room.tab.select])
        if own := getattr(room.parts, "prompt", None):
            room.tab.select(None, [controls["prompt"], own], own, js="(play, own) => own || play", **QUIET)
    for section in more:
        wire_section(section, controls, runner, pages, controls["prompt"])


@dataclass(frozen=True)
class _Room:
    """A tab beside Play, its parts, and the function that wires them."""

    tab: gr.Tab
    parts: Any
    wire: "_Wire"


_Wire = Callable[[gr.Tab, Any, Controls, Runner, Pages], None]
_ROOMS: dict[str, tuple[Callable[[Feeds], Any], _Wire]] = {
    "Compare": (build_compare, lambda _, own, values, runner, pages: wire_compare(own, values, runner, pages)),
    "Reruns": (lambda _: build_reruns(), wire_reruns),
    "Inside": (build_inside, wire_inside),
    "Optimise": (lambda _: build_optimise(), wire_optimise),
    "Cost": (lambda _: build_cost(), wire_cost),
}
"""How each is laid out and wired, in the order in which a newcomer meets them."""


def _build_tabs(feeds: Feeds, rooms: Collection[str]) -> tuple[dict[str, _Room], list[Section]]:
    """Lay the tabs beside Play out: these rooms, and a tab for each further room that an experiment names."""
    built, more = dict[str, _Room](), list[Section]()
    for name, (build, wire) in _ROOMS.items():
        if name in rooms:
            with gr.Tab(word(f"page.{name.lower()}.tab"), id=name.lower()) as tab:
                built[name] = _Room(tab, build(feeds), wire)
    for room in dict.fromkeys(one.room for one in experiments().values() if "/" not in one.room):
        if room and room not in _ROOMS:
            with gr.Tab(room, id=room.lower().replace(" ", "-")):
                more += build_sections(room)
    return built, more
