"""The page's own scripts and styles, put together once at start."""

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from playground.settings import LIMITS, MAX_PROMPT_CHARS, MAX_SYSTEM_CHARS
from playground.ui.components.base import scripts, styles, without_comments
from playground.ui.components.words import with_words
from playground.ui.rooms.cost.config import cost_config
from playground.ui.rooms.cost.price_list import first_prices, price_list_data
from playground.ui.shell.controls import CHECKS, SLIDERS, elem_id_of
from playground.ui.shell.places import places
from playground.ui.shell.saving import MAX_OPENED_BYTES
from playground.ui.shell.theme import font_css, root_css
from playground.views.energy import energy_choices
from playground.views.formula_script import formula_script

_HERE = Path(__file__).parent
_COMMENT = re.compile(r"/\*.*?\*/|^ +", re.DOTALL | re.MULTILINE)
_MAX_NAME = 200
_WIDE = "(min-width: 1200px)"  # where the sidebar is open from the start

FIELDS = (
    "preset", "model", "quantization",
    *(spec.name for spec in SLIDERS), *CHECKS, "system", "stop", "prompt", "reference_model", "hardware_usd_per_hour",
)  # fmt: skip
"""The controls that storage keeps, in the order in which scripts take their values."""

_SCRIPTS = (
    "words",
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


def page_scripts(first: Collection[str] = (), translated: bool = False) -> tuple[str, str, str]:
    """What the head runs; the price list, fetched to look a price up; the rest, for the first tab that needs it.

    Our constants, the page's own scripts, and those that draw its parts.

    Args:
        first: The scripts of the parts that are drawn at once.
        translated: Whether the page has other languages than English.
    """
    config = {
        "fields": [_field(name) for name in FIELDS],
        "about": {spec.label: spec.about for spec in SLIDERS},
        "energy": energy_choices(),
        "prices": first_prices(),
        "places": places(),
        "max_bytes": MAX_OPENED_BYTES,
        "wide": _WIDE,
    }
    constants = json.dumps(config).replace("<", "\\u003c")
    words, stream, settings, *own = map(_script, _SCRIPTS)
    parts, other_parts = scripts(first)
    now = [
        words,
        _script("languages") if translated else "",
        stream,
        settings,
        *own,
        without_comments(formula_script()),
        parts,
    ]
    prices = f"window.playground.prices.take({_compact(price_list_data())});"
    later = [_constant("costConfig", cost_config()), _script("cost"), other_parts]
    return "\n".join(now).replace("PLAYGROUND_CONFIG", constants), prices, "\n".join(later)


def _script(name: str) -> str:
    return with_words(without_comments((_HERE / "scripts" / f"{name}.js").read_text("utf-8")))


def _constant(name: str, value: dict[str, Any]) -> str:
    return f"window.playground.{name} = {_compact(value)};"


def _compact(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def page_style(fonts: Mapping[str, str]) -> str:
    """Fonts at these places, colours of both themes, the parts, then the page's layout and that of single sections."""
    rooms = sorted(_HERE.parent.glob("rooms/**/*.css"), key=lambda file: file.name)
    layouts = (file.read_text("utf-8") for file in (*sorted((_HERE.parent / "shell").glob("*.css")), *rooms))
    return _COMMENT.sub("", font_css(fonts) + root_css() + styles() + "".join(layouts))
