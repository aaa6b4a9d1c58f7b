"""The page put together: sidebar, tabs, and the events between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from playground.data.presets import ExamplePrompt, HardwareList, PromptList, load_list
from playground.experiments.registry import experiments
from playground.paths import data_dir, presets_dir
from playground.runs.runner import Runner
from playground.settings import QUANTIZATIONS
from playground.ui.components.feed import Feeds
from playground.ui.rooms.compare.layout import build_compare
from playground.ui.rooms.compare.tab import Compare, wire_compare
from playground.ui.rooms.cost.layout import Cost, build_cost, wire_cost
from playground.ui.rooms.inside.layout import Inside, build_inside, wire_inside
from playground.ui.rooms.play.layout import Play, build_play, wire_play
from playground.ui.rooms.reruns.layout import Reruns, build_reruns, wire_reruns
from playground.ui.rooms.sidebar.layout import build_sidebar
from playground.ui.rooms.sidebar.preset_menu import PresetBook
from playground.ui.rooms.sidebar.preset_wiring import wire_presets
from playground.ui.rooms.sidebar.wiring import ModelEvents, wire_examples, wire_models, wire_prices, wire_storage
from playground.ui.server.api import add_api
from playground.ui.server.page import FIELDS
from playground.ui.shell.common import QUIET, Controls, session_of
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
) -> gr.Blocks:
    """The page over a runner.

    Args:
        runner: Answers prompts; shared by all pages, one run at a time.
        model: Id that a new page starts with; None is the catalogue's default.
        quantization: One that a new page starts with; None is the first.
        shipped_dir: Folder of `sampling/`, `hardware.yaml` and `prompts.yaml`; None is the package's own.
        user_presets_dir: Where saved presets go; None is the user's own folder.
    """
    shipped = shipped_dir or presets_dir()
    book = PresetBook(shipped / "sampling", user_presets_dir or data_dir() / "presets")
    hardware = load_list(HardwareList, shipped / "hardware.yaml").hardware
    examples = load_list(PromptList, shipped / "prompts.yaml").prompts
    pages = Pages()
    with gr.Blocks(title="Inference Playground", fill_width=True, analytics_enabled=False) as demo:
        sidebar = build_sidebar(book.load(), hardware, runner.hardware.usd_per_hour)
        gr.HTML("<h1>Inference Playground</h1>", elem_classes=["brand", "brand-main"])
        tabs = _build_tabs(examples, pages.feeds)
        play = tabs.play
        controls = {name: sidebar.controls[name] for name in FIELDS if name != "prompt"} | {"prompt": play.prompt}
        controls = {name: controls[name] for name in FIELDS}
        wire_play(play, controls, runner, pages)
        _wire_experiments(tabs, controls, runner, pages)
        wire_inside(*tabs.inside, controls, runner, pages)
        wire_cost(*tabs.cost, controls, runner, pages)
        for tab, own in (tabs.compare, tabs.reruns):
            tab.select(None, [play.prompt, own.prompt], own.prompt, js="(play, own) => own || play", **QUIET)
        events = ModelEvents(
            runner, pages.slot("play"), (model or runner.catalogue.default.id, quantization or QUANTIZATIONS[0])
        )
        presets_set = wire_presets(play, sidebar, controls, book)
        gates = [(one.run, one.shown[0], one.experiment.needs) for one in tabs.declared]
        wire_models(demo, play, sidebar, controls, runner, events, presets_set, gates)
        wire_storage(play, controls)
        wire_prices(sidebar, {machine.id: machine.usd_per_hour for machine in hardware})
        wire_examples(play, {example.id: example.prompt for example in examples})
        for section in tabs.more:
            wire_section(section, controls, runner, pages, play.prompt)
        add_api(runner)

        def closed(request: gr.Request) -> None:
            pages.forget(session_of(request))

        demo.unload(closed)
    return demo.queue(max_size=_MAX_WAITING_EVENTS, api_open=False, default_concurrency_limit=None)


@dataclass(frozen=True)
class _Tabs:
    """The contents of each tab, and the tab itself where opening it triggers something."""

    play: Play
    compare: tuple[gr.Tab, Compare]
    reruns: tuple[gr.Tab, Reruns]
    inside: tuple[gr.Tab, Inside]
    cost: tuple[gr.Tab, Cost]
    more: list[Section]

    @property
    def declared(self) -> list[Section]:
        """The sections of declared experiments in all tabs."""
        return [*self.reruns[1].declared, *self.inside[1].declared, *self.cost[1].declared, *self.more]


def _build_tabs(examples: Sequence[ExamplePrompt], feeds: Feeds) -> _Tabs:
    """Lay all tabs out, in the order in which a newcomer meets them."""
    with gr.Tabs():
        with gr.Tab("Play", id="play"):
            play = build_play(examples, feeds)
        with gr.Tab("Compare", id="compare") as compare_tab:
            compare = build_compare(feeds)
        with gr.Tab("Reruns", id="reruns") as reruns_tab:
            reruns = build_reruns()
        with gr.Tab("Inside", id="inside") as inside_tab:
            inside = build_inside(feeds)
        with gr.Tab("Cost", id="cost") as cost_tab:
            cost = build_cost()
        more = list[Section]()
        for room in dict.fromkeys(one.room for one in experiments().values() if "/" not in one.room):
            if room in ("", "Reruns"):  # none of its own
                continue
            with gr.Tab(room, id=room.lower().replace(" ", "-")):
                more += build_sections(room)
    return _Tabs(
        play,
        (compare_tab, compare),
        (reruns_tab, reruns),
        (inside_tab, inside),
        (cost_tab, cost),
        more,
    )


def _wire_experiments(tabs: _Tabs, controls: Controls, runner: Runner, pages: Pages) -> None:
    (_, compare), (_, reruns) = tabs.compare, tabs.reruns
    wire_compare(compare, controls, runner, pages)
    wire_reruns(reruns, controls, runner, pages)
