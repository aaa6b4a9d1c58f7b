"""Energy of a run: what it added to the idle draw, and the electricity and carbon at the meter of the site."""

from typing import Any

__all__ = ["carbon_g", "electricity_usd", "facility_kwh", "joules_per_token", "net_joules", "watt_hours"]


def net_joules(gross_joules: Any, idle_watts: Any, seconds: Any) -> Any:
    """Energy above idle: what the run added to the idle draw of the device; never below 0.

    Formula: joules of the run - idle watts x seconds of the run.
    Source: definition; idle watts measured once before the first run, or assumed where the energy is modelled.
    """
    return max(0 * gross_joules, gross_joules - idle_watts * seconds)


def joules_per_token(joules: Any, tokens: Any) -> Any:
    """Energy of each token of the answer, including reading the prompt.

    Formula: joules of the run / output tokens.
    Source: definition, as in the ML.ENERGY benchmark (Chung et al. 2025).
    """
    return joules / tokens


def watt_hours(joules: Any) -> Any:
    """The same energy in the unit of electricity bills.

    Formula: joules / 3,600.
    Source: definition of the watt-hour.
    """
    return joules / 3600


def facility_kwh(joules: Any, pue: Any) -> Any:
    """Electricity of the whole site for this energy of the machine: cooling and conversion are added.

    Formula: joules / 3,600,000 x PUE.
    Source: power usage effectiveness, ISO/IEC 30134-2.
    """
    return joules / 3600000 * pue


def carbon_g(joules: Any, pue: Any, g_per_kwh: Any) -> Any:
    """Grams of CO2e of this energy on a grid of this mean intensity; manufacture of the hardware is left out.

    Formula: joules / 3,600,000 x PUE x g CO2e per kWh.
    Source: operational emissions, location-based: Software Carbon Intensity, ISO/IEC 21031.
    """
    return facility_kwh(joules, pue) * g_per_kwh


def electricity_usd(joules: Any, pue: Any, usd_per_kwh: Any) -> Any:
    """What the electricity costs.

    Formula: joules / 3,600,000 x PUE x USD per kWh.
    Source: definition.
    """
    return facility_kwh(joules, pue) * usd_per_kwh
