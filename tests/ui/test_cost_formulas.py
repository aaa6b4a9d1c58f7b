"""Every calculator as the page computes it, in a browser, against Python's exact result."""

import random
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page

from playground.experiments.costing.fields import CONSTANTS, CostField, load_cost_fields
from playground.experiments.costing.plans import Section
from playground.experiments.costing.sections import SECTIONS
from playground.metrics.prices import Rates, reference_models
from playground.paths import presets_dir
from playground.views.formula_script import formula_script

pytestmark = pytest.mark.browser
CASES = 25
FIELDS = {field.id: field for field in load_cost_fields(presets_dir() / "cost.yaml").fields}
ASK = "cases => cases.map(([name, inputs, models]) => window.playground.formulas[name](inputs, models))"


def drawn(field: CostField, pick: random.Random) -> Decimal:
    """A value inside the slider or the limits, its ends now and then."""
    low, high = field.slider or (field.low, min(field.high, Decimal(100_000)))
    if field.unit == "switch":
        return Decimal(pick.randint(0, 1))
    if pick.random() < 0.1:
        return field.low if field.low > 0 or field.unit == "share" else low
    value = Decimal(str(round(pick.uniform(float(low), float(high)), 3)))
    return Decimal(round(value)) if field.unit in ("tokens", "days", "steps") else value


def inputs_of(section: Section, pick: random.Random) -> dict[str, Any]:
    values: dict[str, Any] = {name: max(FIELDS[name].low, drawn(FIELDS[name], pick)) for name in section.inputs}
    values["output_lengths"] = [Decimal(pick.randint(0, 800)) for _ in range(pick.randint(2, 40))]
    return values | CONSTANTS


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def flat(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for key in sorted(value) for number in flat(value[key])]
    return [number for one in value for number in flat(one)] if isinstance(value, list) else [value]


def test_every_calculator_gives_in_the_page_what_python_gives_exactly(empty_page: Page):
    pick = random.Random(6)
    models: list[Rates] = pick.sample(reference_models(), 40) + [m for m in reference_models() if len(m.input) > 1][:10]
    cases = [
        (section, inputs_of(section, pick), [one.plain() for one in pick.sample(models, 3)])
        for section in SECTIONS
        for _ in range(CASES)
    ]
    empty_page.add_script_tag(content=formula_script())
    asked = [[section.calculate.__name__, plain(inputs), plain(used)] for section, inputs, used in cases]
    answers = empty_page.evaluate(ASK, asked)
    for (section, inputs, used), found in zip(cases, answers, strict=True):
        mine = plain(section.calculate(inputs, used))
        assert mine["figures"].keys() == found["figures"].keys()
        assert flat(found["figures"]) == pytest.approx(flat(mine["figures"]), rel=1e-9, abs=1e-15), section.id
        assert flat(found["series"]) == pytest.approx(flat(mine["series"]), rel=1e-9, abs=1e-15), section.id
