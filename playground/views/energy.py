"""Energy as the page writes it, and the sites and grids that may be assumed: pure functions, no Gradio."""

from typing import Any

from playground.data.energy import GRID_LIMITS, PUE_LIMITS, load_energy
from playground.metrics.formulas.energy import joules_per_token, watt_hours
from playground.paths import presets_dir
from playground.runs.records import EnergyRecord


def format_joules(joules: float) -> str:
    """Three digits and the unit: 8.21 mJ, 0.412 J, 36.2 J, 1.24 kJ."""
    return _three_digits(joules, "J")


def format_watt_hours(joules: float) -> str:
    """The same energy in the unit of electricity bills: 10.1 mWh, 1.24 Wh."""
    return _three_digits(watt_hours(joules), "Wh")


def _three_digits(value: float, unit: str) -> str:
    for size, prefix in ((1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m")):
        if value >= 0.9995 * size:
            return f"{_rounded(value / size)} {prefix}{unit}"
    return f"{_rounded(value * 1e6)} µ{unit}" if value else f"0 {unit}"


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def energy_note(energy: EnergyRecord) -> str:
    """How it is known: `rapl, idle 4.2 ± 0.1 W`."""
    return f"{energy.method}, {idle_text(energy)}"


def idle_text(energy: EnergyRecord) -> str:
    """The idle power with the noise of its readings, where it was read."""
    if energy.idle_watts is None:
        return "idle not known"
    spread = "" if energy.idle_spread_watts is None else f" ± {energy.idle_spread_watts:.1g}"
    return f"idle {energy.idle_watts:.3g}{spread} W"


def energy_pair(energy: EnergyRecord, nothing: str) -> str:
    """Above idle, and with it; `nothing` stands for what is not known."""
    net, gross = (nothing if one is None else format_joules(one) for one in (energy.net_joules, energy.joules))
    number, _, unit = net.partition(" ")
    return f"{number} / {gross}" if unit and unit == gross.partition(" ")[2] else f"{net} / {gross}"


def energy_values(energy: EnergyRecord, tokens: int, nothing: str) -> dict[str, Any]:
    """The gauge Energy. The page itself writes `energy_co2`: it knows the site and the grid that are assumed."""
    net, gross = energy.net_joules, energy.joules

    def each(joules: float | None) -> str:
        return format_joules(joules_per_token(joules, tokens)) if joules is not None and tokens else nothing

    return {
        "energy_note": energy_note(energy),
        "energy_token": each(net),
        "energy_token_gross": each(gross),
        "energy_run": energy_pair(energy, nothing),
        "energy_wh": nothing if gross is None else format_watt_hours(gross),
        "energy_co2": nothing,
        "gross_joules": gross,
    }


def energy_choices() -> dict[str, Any]:
    """Sites and grids for `scripts/energy.js`: limits, and id, title, value and source of each."""
    listed = load_energy(presets_dir() / "energy.yaml")
    return {
        "as_of": listed.as_of.isoformat(),
        "pue": {"limits": PUE_LIMITS, "choices": [one.model_dump() for one in listed.pue]},
        "grid": {"limits": GRID_LIMITS, "choices": [one.model_dump() for one in listed.grid]},
    }
