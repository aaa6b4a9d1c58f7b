"""The left side: every setting of a run, presets and prices. Layout only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from playground.data.presets import Hardware, Presets
from playground.errors import PlaygroundError
from playground.metrics.prices import DEFAULT_REFERENCE, Rates, Tiers, price_list_date, rates
from playground.settings import Settings
from playground.ui.components.base import markup
from playground.ui.components.cost import energy_place
from playground.ui.components.forms import Option, menu, model_offer, open_file, text_line
from playground.ui.components.status import notice
from playground.ui.components.words import word
from playground.ui.shell.common import Controls
from playground.ui.shell.controls import CHECKS, HINTS, SLIDERS, elem_id_of
from playground.views.format import format_money

CUSTOM = ""  # the preset menu's value once a setting was changed by hand
_MAX_PRESET_BYTES = 65_536
_FIRST = ("temperature", "top_p", "max_new_tokens")  # the sliders that stand above "More settings"


@dataclass(frozen=True)
class Sidebar:
    """The controls by field name, and the parts that save and open presets.

    Attributes:
        preset_ask: The question whether a preset replaces another.
        preset_pending: That preset, until it is answered.
        preset_replace: The yes to it.
    """

    panel: gr.Sidebar
    controls: Controls
    fetch: "Fetching"
    prices: gr.Accordion
    rates: gr.HTML
    machine: gr.HTML
    preset_name: gr.Textbox
    save_preset: gr.Button
    export_preset: gr.Button
    import_preset: gr.HTML
    preset_ask: gr.HTML
    preset_pending: gr.State
    preset_replace: gr.Button


@dataclass(frozen=True)
class Fetching:
    """Below the model's menu: what fetching a model would bring, and the buttons that start and stop it."""

    offer: gr.HTML
    fetch: gr.Button
    stop: gr.Button


def preset_options(presets: Presets) -> list[Option]:
    """Every preset; broken files stay visible, disabled, with the reason."""
    usable: list[Option] = [(preset.id, preset.title, None) for preset in presets.all.values()]
    broken: list[Option] = [
        (problem.id, problem.id or word("sidebar.your_folder"), problem.message) for problem in presets.problems
    ]
    return [*usable, (CUSTOM, word("sidebar.custom"), None), *broken]


def preset_hints(presets: Presets) -> dict[str, str]:
    """Each preset's description."""
    return {preset.id: preset.why for preset in presets.all.values()} | {CUSTOM: word("sidebar.by_hand")}


def build_sidebar(
    presets: Presets, menus: Sequence[dict[str, Any]], hardware: Sequence[Hardware], usd_per_hour: float
) -> Sidebar:
    """Lay the settings out; `menus` are what `fill_menus` gives for the choice of a new page."""
    with gr.Sidebar(open=False, width=288, elem_id="settings") as panel:
        gr.HTML(markup("brand"), elem_classes="brand")
        controls, fetch = _menus(presets, menus)
        controls |= _sliders(_FIRST, menus[2])
        gr.HTML(word("sidebar.for_next_run"), elem_classes="for-next")
        with gr.Accordion(word("sidebar.more_settings.title"), open=False):
            controls |= _sliders([one.name for one in SLIDERS if one.name not in _FIRST], menus[2]) | _texts()
        prices = _prices(hardware, usd_per_hour)
        with gr.Accordion(word("sidebar.your_presets.title"), open=False):
            name = gr.Textbox(
                label=word("sidebar.name.label"),
                placeholder=word("sidebar.name.placeholder"),
                max_lines=1,
                max_length=80,
            )
            with gr.Row(elem_classes="buttons"):
                save = gr.Button(word("sidebar.save.button"), size="sm")
                export = gr.Button(word("sidebar.export.button"), size="sm")
                opened = open_file(
                    "preset",
                    label=word("sidebar.import.label"),
                    accept=".yaml,.yml",
                    max_bytes=_MAX_PRESET_BYTES,
                    elem_id="preset-open",
                )
            ask = notice(pane="presets", elem_classes="preset-ask")
            replace = gr.Button(
                word("sidebar.replace_it.button"), elem_id="preset-replace", size="sm"
            )  # shown while the question is open
            text_line(word("sidebar.saved_on_machine"))
    return Sidebar(
        panel, controls | prices.controls, fetch, prices.place, prices.rates, prices.machine, name, save, export,
        opened, ask, gr.State(None), replace,
    )  # fmt: skip


def _menus(presets: Presets, menus: Sequence[dict[str, Any]]) -> tuple[Controls, Fetching]:
    first = next(iter(presets.all), CUSTOM)
    preset = menu(
        word("sidebar.preset.label"),
        first,
        preset_options(presets),
        elem_id=elem_id_of("preset"),
        hints=preset_hints(presets),
        about=word("sidebar.preset.about"),
    )
    model = _filled(word("sidebar.model.label"), "model", menus[0])
    offer = model_offer(elem_id="model-offer")
    with gr.Row(elem_classes=["buttons", "fetching"]):  # each is shown while the offer says so
        fetch = gr.Button(word("sidebar.fetch.button"), elem_id="model-fetch", size="sm", variant="primary")
        stop = gr.Button(word("common.stop"), elem_id="model-fetch-stop", size="sm")
    quantization = _filled(word("sidebar.quantization.label"), "quantization", menus[1])
    return {"preset": preset, "model": model, "quantization": quantization}, Fetching(offer, fetch, stop)


def _filled(label: str, field: str, update: dict[str, Any]) -> gr.HTML:
    about = word(f"sidebar.{field}.about")
    return menu(label, update["value"], update["options"], elem_id=elem_id_of(field), hint=update["hint"], about=about)


def _sliders(names: Sequence[str], context: dict[str, Any]) -> Controls:
    defaults = Settings()
    specs = {spec.name: spec for spec in SLIDERS}
    controls: Controls = {}
    for spec in (specs[name] for name in names):
        value = getattr(defaults, spec.name)
        own = context if spec.name == "context_length" else {"value": value or 0, "maximum": spec.high}
        controls[spec.name] = gr.Slider(
            spec.minimum, own["maximum"], value=own["value"], step=spec.step,
            label=spec.label, buttons=[], elem_id=elem_id_of(spec.name), interactive=True,
        )  # fmt: skip
    return controls


def _texts() -> Controls:
    """The rest: three ticks, two texts."""
    random = gr.Checkbox(True, label=CHECKS["random_seed"], elem_id=elem_id_of("random_seed"), interactive=True)
    raw, reuse = (
        gr.Checkbox(False, label=CHECKS[name], info=info, elem_id=elem_id_of(name), interactive=True)
        for name, info in HINTS.items()
    )
    system = gr.Textbox(
        "",
        label=word("sidebar.system_prompt.label"),
        lines=3,
        max_lines=10,
        elem_id=elem_id_of("system"),
        interactive=True,
    )
    stop = gr.Textbox(
        "",
        label=word("sidebar.stop_strings.label"),
        info=word("sidebar.stop_strings.info"),
        lines=2,
        max_lines=8,
        elem_id=elem_id_of("stop"),
        interactive=True,
    )
    return {"random_seed": random, "raw": raw, "reuse_prefix": reuse, "system": system, "stop": stop}


def rates_text(reference: Any) -> str:
    """What the chosen model charges, by length of the prompt, and how old the list is."""
    try:
        model = rates(str(reference))
    except PlaygroundError as error:
        return str(error)
    cached = f"cached {_tiers(model.cached)}" if model.has_cached else "no cached rate in the list"
    written = f"; written to the cache {_tiers(model.written)}" if model.has_written else ""
    request = f"; ${model.request_usd:.6g} a request" if model.request_usd else ""
    prices = f"Input {_tiers(model.input)}; {cached}{written}; output {_tiers(model.output)}{request}."
    return f"A million tokens of {model.id}: {prices} {price_list_date()}."


def _tiers(tiers: Tiers) -> str:
    words = [f"${price:.6g}" + (f" above {start:,} prompt tokens" if start >= 0 else "") for start, price in tiers]
    return ", ".join(words)


def _choice(model: Rates) -> tuple[str, str]:
    """The menu's words and the id, as `scripts/prices.js` writes them; prices of the shortest prompts."""
    return f"{model.title}, ${model.input[0][1]:.6g} in, ${model.output[0][1]:.6g} out", model.id


@dataclass(frozen=True)
class _Prices:
    place: gr.Accordion
    controls: Controls
    rates: gr.HTML
    machine: gr.HTML


def _prices(hardware: Sequence[Hardware], usd_per_hour: float) -> _Prices:
    machines: list[Option] = [("", word("sidebar.own_price"), None)]
    machines += [(machine.id, f"{machine.title}, {format_money(machine.usd_per_hour)}/h", None) for machine in hardware]
    hints = {machine.id: machine.source for machine in hardware}
    with gr.Accordion(word("sidebar.prices_energy.title"), open=False, elem_id="prices-place") as place:
        text_line(word("sidebar.figures_play_cost"))
        reference = gr.Dropdown(
            [_choice(rates(DEFAULT_REFERENCE))],  # the page adds the others when the fold opens
            value=DEFAULT_REFERENCE,
            allow_custom_value=True,
            label=word("sidebar.reference_price.label"),
            info=word("sidebar.reference_price.info"),
            elem_id=elem_id_of("reference_model"),
            interactive=True,
        )
        rates_line = text_line(rates_text(DEFAULT_REFERENCE), elem_id="reference-rates")
        machine = menu(word("sidebar.machine.label"), "", machines, elem_id="machine", hints=hints)
        price = gr.Number(
            usd_per_hour,
            label=word("sidebar.own_hardware_h.label"),
            step=0.01,
            elem_id=elem_id_of("hardware_usd_per_hour"),
            interactive=True,
        )
        energy_place(elem_id="energy-place")
    return _Prices(place, {"reference_model": reference, "hardware_usd_per_hour": price}, rates_line, machine)
