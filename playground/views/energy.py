"""Energy as shown on the page, and the sites and grids to choose from: pure functions, no Gradio."""

from typing import Any

from playground.data.energy import GRID_LIMITS, PUE_LIMITS, EnergyList
from playground.data.presets import load_list
from playground.metrics.formulas.energy import joules_per_token, watt_hours
from playground.paths import presets_dir
from playground.runs.records import EnergyRecord
from playground.views.format import (
    NOTHING,
    format_joules,
    format_number,
    format_watt_hours,
    together,
)


def energy_note(energy: EnergyRecord) -> str:
    """The method: `rapl, idle 4.2 ± 0.1 W`."""
    return f"{energy.method}, {idle_text(energy)}"


def idle_text(energy: EnergyRecord) -> str:
    """The idle power, with its noise if it was measured."""
    if energy.idle_watts is None:
        return "idle unknown"
    spread = "" if energy.idle_spread_watts is None else f" ± {format_number(energy.idle_spread_watts)}"
    return f"idle {format_number(energy.idle_watts)}{spread} W"


def energy_pair(energy: EnergyRecord) -> str:
    """Above idle, and with it."""
    return together(format_joules(energy.net_joules), format_joules(energy.joules))


def a_token(joules: float | None, tokens: int) -> str:
    """The share of one token of the answer."""
    return format_joules(joules_per_token(joules, tokens)) if joules is not None and tokens else NOTHING


def energy_values(energy: EnergyRecord, tokens: int) -> dict[str, Any]:
    """The gauge Energy. The page itself fills in `energy_co2`, since it knows the assumed site and grid."""
    gross = energy.joules
    return {
        "energy_note": energy_note(energy),
        "energy_token": a_token(energy.net_joules, tokens),
        "energy_token_gross": a_token(gross, tokens),
        "energy_run": energy_pair(energy),
        "energy_wh": NOTHING if gross is None else format_watt_hours(watt_hours(gross)),
        "energy_co2": NOTHING,
        "gross_joules": gross,
    }


def energy_text(energy: EnergyRecord, tokens: int) -> str:
    """Joules above idle and with it, of the run and of a token of its answer; and how they are known."""
    known = [(energy.net_joules, "above idle"), (energy.joules, "with idle")]
    each = [
        f"{format_joules(joules)} {words} ({a_token(joules, tokens)} a token)"
        for joules, words in known
        if joules is not None
    ]
    return f"{', '.join(each) or NOTHING}; {energy_note(energy)}"


def energy_choices() -> dict[str, Any]:
    """Sites and grids for `scripts/energy.js`: limits, and id, title, value and source of each."""
    listed = load_list(EnergyList, presets_dir() / "energy.yaml")
    return {
        "as_of": listed.as_of.isoformat(),
        "pue": {"limits": PUE_LIMITS, "choices": [one.model_dump() for one in listed.pue]},
        "grid": {"limits": GRID_LIMITS, "choices": [one.model_dump() for one in listed.grid]},
    }
