"""What the Cost tab's scripts know: inputs, calculators, notes and lists. Our own constants."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from playground.data.lengths import LengthList
from playground.data.presets import HardwareList, load_list
from playground.experiments.costing.fields import CONSTANTS, CostField, load_cost_fields
from playground.experiments.costing.plans import ChartPlan, Section
from playground.experiments.costing.sections import SECTIONS
from playground.experiments.costing.sheet import LARGE_MODEL, SMALL_MODEL
from playground.metrics.prices import DEFAULT_REFERENCE
from playground.paths import presets_dir
from playground.ui.components.words import word
from playground.views.cost_words import SIGNS
from playground.views.format import format_money
from playground.views.formula_script import formula_notes

_SIGNS = SIGNS | {"share": "%", "switch": ""}
_PLAIN = ("id", "label", "unit", "follows", "log", "when", "unless", "about")
_WHOLE = ("tokens", "requests", "days", "steps", "times", "tasks")
_MODELS = {"cascade": ("large_model", "small_model")}


def cost_config() -> dict[str, Any]:
    """All of it as plain JSON values."""
    folder = presets_dir()
    notes = {
        name: {"definition": note["about"], "formula": note["formula"], "source": note["source"], "unit": ""}
        for name, note in formula_notes().items()
    }
    return {
        "fields": [_field(field) for field in load_cost_fields(folder / "cost.yaml").fields],
        "sections": [_section(section, _choices(folder)) for section in SECTIONS],
        "notes": notes,
        "constants": {name: float(value) for name, value in CONSTANTS.items()},
        "lengths": _lengths(folder),
        "models": {"model": DEFAULT_REFERENCE, "large_model": LARGE_MODEL, "small_model": SMALL_MODEL},
    }


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _field(field: CostField) -> dict[str, Any]:
    plain = {name: getattr(field, name) for name in _PLAIN}
    numbers = {name: _number(getattr(field, name)) for name in ("low", "high", "default", "factor")}
    slider = None if field.slider is None else [float(end) for end in field.slider]
    return plain | numbers | {
        "slider": slider, "sign": _SIGNS.get(field.unit, field.unit), "whole": field.unit in _WHOLE,
    }  # fmt: skip


def _section(section: Section, choices: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    plain = {
        name: getattr(section, name)
        for name in ("id", "tab", "title", "fields", "ranges", "inputs", "verdicts", "large")
    }
    return plain | {
        "calculate": section.calculate.__name__,
        "figures": [vars(figure) for figure in section.figures],
        "charts": [_plan(plan) for plan in section.charts],
        "choices": choices.get(section.id, []),
        "models": [[name, word(f"cost.{name}")] for name in _MODELS.get(section.id, ())],
    }


def _plan(plan: ChartPlan) -> dict[str, Any]:
    return vars(plan) | {"lines": [vars(line) for line in plan.lines]}


def _choices(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Lists that fill several inputs at once, by calculator."""
    listed = load_list(HardwareList, folder / "hardware.yaml")
    machines = [
        {"id": one.id, "title": f"{one.title}, {format_money(one.usd_per_hour)}/h",
         "source": f"{one.source} As of {listed.as_of}.", "set": {"usd_per_hour": one.usd_per_hour, "watts": one.watts}}
        for one in listed.hardware
    ]  # fmt: skip
    return {
        "example": [
            {
                "id": "lengths",
                "label": word("cost.real_answers"),
                "options": [],
                "about": word("cost.numbers_tokens_answers"),
            }
        ],
        "own_hardware": [
            {
                "id": "machine",
                "label": word("cost.machine"),
                "options": machines,
                "about": word("cost.fills_rent_power"),
            }
        ],
    }


def _lengths(folder: Path) -> list[dict[str, Any]]:
    """Lengths of real answers that ship with the app."""
    return [
        {"id": one.id, "title": one.title, "source": one.source, "tokens": list(one.output_tokens)}
        for one in load_list(LengthList, folder / "lengths.yaml").lengths
    ]
