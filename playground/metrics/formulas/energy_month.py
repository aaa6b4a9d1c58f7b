"""A month's energy and emissions on a machine with known joules per token."""

from typing import Any

from playground.metrics.formulas.energy import carbon_g, electricity_usd, facility_kwh, watt_hours

__all__ = ["energy_month", "request_joules"]


def request_joules(joules_per_token: Any, output_tokens: Any) -> Any:
    """Energy of one request on the machine itself, its prompt spread over its answer.

    Formula: joules per output token x output tokens.
    Source: definition; other prompts, batches and machines have other joules per token.
    """
    return joules_per_token * output_tokens


def energy_month(inputs: Any, _models: Any) -> Any:
    """Everything of the section Energy; prices of models do not matter here."""
    one = request_joules(inputs["joules_per_token"], inputs["output_tokens"])
    joules = one * inputs["requests_per_day"] * inputs["days_per_month"]
    points = []
    for step in range(41):
        grid = 20 * step * inputs["whole"]
        points.append([grid, carbon_g(joules, inputs["pue"], grid) / 1000])
    return {
        "figures": {
            "request_j": one,
            "request_wh": watt_hours(one),
            "month_kwh": facility_kwh(joules, inputs["pue"]),
            "month_kg": carbon_g(joules, inputs["pue"], inputs["g_per_kwh"]) / 1000,
            "month_electricity_usd": electricity_usd(joules, inputs["pue"], inputs["usd_per_kwh"]),
        },
        "series": {"carbon": points},
    }
