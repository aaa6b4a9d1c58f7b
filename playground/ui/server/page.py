"""The page's own scripts and styles, put together once at start."""

import json
from pathlib import Path
from typing import Any

from playground.settings import LIMITS, MAX_PROMPT_CHARS, MAX_SYSTEM_CHARS
from playground.ui.components.base import scripts, styles
from playground.ui.rooms.cost.config import cost_config
from playground.ui.rooms.cost.price_list import price_list_data
from playground.ui.shell.controls import CHECKS, SLIDERS, elem_id_of
from playground.ui.shell.places import places
from playground.ui.shell.saving import MAX_OPENED_BYTES
from playground.ui.shell.theme import root_css
from playground.views.energy import energy_choices
from playground.views.formula_script import formula_script

_HERE = Path(__file__).parent
_MAX_NAME = 200
_WIDE = "(min-width: 1200px)"  # where the sidebar is open from the start

FIELDS = (
    "preset", "model", "quantization",
    *(spec.name for spec in SLIDERS), *CHECKS, "system", "stop", "prompt", "reference_model", "hardware_usd_per_hour",
)  # fmt: skip
"""The controls that storage keeps, in the order in which scripts take their values."""

_SCRIPTS = (
    "stream",
    "settings",
    "numbers",
    "notices",
    "hand",
    "picture",
    "keys",
    "page",
    "files",
    "tabs",
    "runs",
    "energy",
    "prices",
    "cost",
)
_NOT_IN_LINKS = {"preset", "reference_model", "hardware_usd_per_hour"}
_TEXTS = {
    "preset": _MAX_NAME, "model": _MAX_NAME, "quantization": _MAX_NAME, "reference_model": _MAX_NAME,
    "system": MAX_SYSTEM_CHARS, "stop": 2_000, "prompt": MAX_PROMPT_CHARS,
}  # fmt: skip


def _field(name: str) -> dict[str, Any]:
    field: dict[str, Any] = {"name": name, "link": name not in _NOT_IN_LINKS, "elem_id": elem_id_of(name)}
    if name in CHECKS:
        return field | {"kind": "flag"}
    if name in _TEXTS:
        return field | {"kind": "text", "high": _TEXTS[name]}
    slider = next((spec for spec in SLIDERS if spec.name == name), None)
    if slider is None:
        return field | {"kind": "number", "low": 0, "high": 10_000}
    limit = LIMITS[name]
    return field | {"kind": "number", "low": slider.minimum, "high": limit.high, "slider": slider.high}


def page_script() -> str:
    """What the head runs: our constants, the page's own scripts, and those that draw its parts."""
    config = {
        "fields": [_field(name) for name in FIELDS],
        "about": {spec.label: spec.about for spec in SLIDERS},
        "energy": energy_choices(),
        "places": places(),
        "max_bytes": MAX_OPENED_BYTES,
        "wide": _WIDE,
    }
    constants = json.dumps(config).replace("<", "\\u003c")
    stream, settings, *own = ((_HERE / "scripts" / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)
    lists = [_constant("priceList", price_list_data()), _constant("costConfig", cost_config())]
    all_scripts = [stream, settings, *lists, *own, formula_script(), scripts()]
    return "\n".join(all_scripts).replace("PLAYGROUND_CONFIG", constants)


def _constant(name: str, value: dict[str, Any]) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return f"window.playground.{name} = {text};"


def page_style() -> str:
    """Colours of both themes, then the parts, then the page's layout and that of single sections."""
    rooms = sorted(_HERE.parent.glob("rooms/**/*.css"), key=lambda file: file.name)
    layouts = (file.read_text("utf-8") for file in (*sorted((_HERE.parent / "shell").glob("*.css")), *rooms))
    return root_css() + styles() + "".join(layouts)
