"""Events between the sidebar and the rest: what is stored and shared, models, prices, examples."""

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from playground.runs.runner import Runner
from playground.ui.rooms.play.layout import Play, preview_of
from playground.ui.rooms.sidebar.fetching import FetchEvents
from playground.ui.rooms.sidebar.layout import CUSTOM, Fetching, Sidebar, rates_text
from playground.ui.rooms.sidebar.model_menus import fill_menus, load_frames
from playground.ui.shell.buttons import Gate, wire_gates
from playground.ui.shell.common import QUIET, Controls, named, person_of, session_of
from playground.ui.shell.controls import CHECKS, SLIDERS
from playground.ui.shell.pages import Pages, Slot
from playground.views.run import facts_values


class ModelEvents:
    """Handlers that fill the menus and bring models into memory. `first` is the model of a new page."""

    def __init__(self, runner: Runner, plays: Slot, first: tuple[str, str]):
        self._runner, self._plays, self._first = runner, plays, first

    def fill(self, model: Any, quantization: Any, context_length: Any) -> list[dict[str, Any]]:
        """Menus and context slider for the current choice."""
        return fill_menus(self._runner, model, quantization, context_length, self._first)

    async def load(
        self, model: Any, quantization: Any, context_length: Any, request: gr.Request
    ) -> AsyncGenerator[tuple[Any, ...]]:
        """Load the choice; on failure the menus go back to the model in memory."""
        stay = (gr.skip(), gr.skip(), gr.skip())
        running = self._plays.last(session_of(request))
        if running is not None and not running.ended.is_set():  # the status is the run's; the next one loads the choice
            yield gr.skip(), *self.fill(model, quantization, context_length)
            return
        status: dict[str, Any] = {}
        ticket, runner = self._plays.ticket(session_of(request)), self._runner.of(person_of(request))
        async with aclosing(load_frames(runner, str(model), str(quantization), ticket)) as frames:
            async for status in frames:
                yield status, *stay
        facts = self._runner.facts
        if status.get("phase") == "failed" and facts is not None:
            yield status, *fill_menus(self._runner, "", "", context_length, (facts.id, facts.quantization))
        else:
            yield status, *self.fill(model, quantization, context_length)

    async def arrive(self, model: Any, quantization: Any, request: gr.Request) -> AsyncGenerator[Any]:
        """A page that opens waits for the first model, and never replaces a model that others use."""
        facts = self._runner.facts
        wanted = (str(model), str(quantization)) if facts is None else (facts.id, facts.quantization)
        ticket = self._plays.ticket(session_of(request))
        async with aclosing(load_frames(self._runner, *wanted, ticket)) as frames:
            async for status in frames:
                yield gr.skip() if self._plays.last(session_of(request)) else status

    def facts(self, request: gr.Request) -> Any:
        """Figures of the model in memory, until the page has a run with its own."""
        return gr.skip() if self._plays.last(session_of(request)) else facts_values(self._runner.facts)


def wire_models(
    demo: gr.Blocks,
    play: Play,
    sidebar: Sidebar,
    controls: Controls,
    runner: Runner,
    events: ModelEvents,
    pages: Pages,
    presets_set: Sequence[Dependency],
    gates: Sequence[Gate],
) -> None:
    """Fill the page when it opens, load the chosen model if it is here, offer to fetch it if not; preview the prompt.

    After `presets_set` another model may be chosen; `gates` are those of `wire_gates`.
    """
    menus = [controls["model"], controls["quantization"], controls["context_length"]]
    fetching = FetchEvents(runner, pages.slot("fetch"), pages.slot("offer"))
    everything = list(controls.values())

    async def preview(data: dict[Component, Any]) -> str:
        return await preview_of(runner, named(controls, data))

    filled = demo.load(events.fill, menus, menus, **QUIET)
    here = filled.then(events.arrive, menus[:2], play.status, **QUIET).then(events.fill, menus, menus, **QUIET)
    known = here.then(events.facts, None, play.meters, **QUIET)
    both = [controls["model"].input, controls["quantization"].input]
    chosen = gr.on(both, lambda *values: events.fill(*values)[:2], menus, menus[:2], **QUIET)
    loaded = chosen.then(events.load, menus, [play.status, *menus], **QUIET)
    fetched = _wire_fetch(sidebar.fetch, controls["model"], fetching)
    arrived = fetched.then(events.load, menus, [play.status, *menus], **QUIET)
    set_by_preset = [event.then(events.fill, menus, menus, **QUIET) for event in presets_set]
    for event in (here, chosen, arrived, *set_by_preset):
        event.then(fetching.offer, menus[0], sidebar.fetch.offer, trigger_mode="multiple", **QUIET)
    inputs = ("prompt", "system", "stop", "raw", "context_length", "max_new_tokens")
    triggers: list[Callable[..., Any]] = [controls[name].change for name in inputs]
    gr.on(triggers, preview, set(everything), play.preview, trigger_mode="always_last", **QUIET)
    wire_gates(gates, runner, (known, loaded, arrived))
    for event in (known, loaded, arrived):
        event.then(preview, set(everything), play.preview, **QUIET)


def _wire_fetch(parts: Fetching, model: Component, events: FetchEvents) -> Dependency:
    """Fetch and Stop; returns the event at whose end the model is here, or was not fetched."""
    parts.stop.click(events.stop, None, None, queue=False, **QUIET)
    return parts.fetch.click(events.fetch, model, parts.offer, concurrency_limit=None, **QUIET)


def wire_storage(controls: Controls) -> None:
    """Settings survive a reload, in the browser alone."""
    everything = list(controls.values())
    changes: list[Callable[..., Any]] = [control.change for control in everything]
    gr.on(changes, None, everything, None, js="(...values) => window.playground.save(...values)", **QUIET)
    controls["seed"].input(None, None, controls["random_seed"], js="() => false", **QUIET)
    by_hand = [spec.name for spec in SLIDERS if spec.name != "seed"] + [*CHECKS, "system", "stop"]
    touched: list[Callable[..., Any]] = [controls[name].input for name in by_hand]
    gr.on(touched, None, None, controls["preset"], js=f"() => '{CUSTOM}'", **QUIET)


def wire_prices(demo: gr.Blocks, sidebar: Sidebar, usd_per_hour: dict[str, float]) -> None:
    """Shows the reference's prices; a listed machine fills in its price, which may then be edited.

    The menu of reference prices is filled by the page when it is first seen.
    """

    def price(machine: Any) -> Any:
        return usd_per_hour.get(machine, gr.skip()) if isinstance(machine, str) else gr.skip()

    reference = sidebar.controls["reference_model"]
    sidebar.prices.expand(None, None, reference, js="() => window.playground.prices.menu()", **QUIET)
    stored: list[Callable[..., Any]] = [demo.load, reference.change]
    gr.on(stored, rates_text, reference, sidebar.rates, queue=False, trigger_mode="always_last", **QUIET)
    control = sidebar.controls["hardware_usd_per_hour"]
    sidebar.machine.input(price, sidebar.machine, control, queue=False, **QUIET)
    listed = f"(usd, machine) => (({json.dumps(usd_per_hour)})[machine] === usd ? machine : '')"
    control.change(None, [control, sidebar.machine], sidebar.machine, js=listed, **QUIET)


def wire_examples(play: Play, prompts: dict[str, str]) -> None:
    """An example fills in the prompt; nothing runs."""

    def fill(id: Any) -> Any:
        return prompts.get(id, gr.skip()) if isinstance(id, str) else gr.skip()

    play.examples.input(fill, play.examples, play.prompt, queue=False, **QUIET)
