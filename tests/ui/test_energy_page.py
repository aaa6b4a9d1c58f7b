"""What emissions are counted with is chosen in the sidebar, in the browser only."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from playground.views.energy import energy_choices
from tests.ui.lab import OpenPage, set_slider
from tests.ui.pages import violations

pytestmark = pytest.mark.browser
ROOMS = ()
CO2 = "#meters .energy [data-k=energy_co2]"
LABEL = "#meters [data-label=energy_co2]"
GRAMS = {"µg": 1e-6, "mg": 1e-3, "g": 1.0, "kg": 1e3}


def choices(kind: str) -> dict[str, float]:
    return {one["id"]: one["value"] for one in energy_choices()[kind]["choices"]}


def open_energy(page: Page) -> Locator:
    page.locator("#settings").get_by_role("button", name="Prices and energy").click()
    place = page.locator("#energy-place")
    expect(place.get_by_label("PUE")).to_be_visible()
    return place


def grams(page: Page) -> float:
    number, unit = page.locator(CO2).inner_text().split(" ")
    return float(number) * GRAMS[unit]


def kwh(page: Page) -> float:
    number, unit = page.locator("#meters .energy [data-k=energy_wh]").inner_text().split(" ")
    return float(number) * {"µWh": 1e-9, "mWh": 1e-6, "Wh": 1e-3}[unit]


def test_emissions_follow_the_site_and_the_grid_at_once_and_survive_a_reload(open_lab: OpenPage):
    page = open_lab()
    set_slider(page, "Max new tokens", 8)
    page.locator("#prompt textarea").fill("Hello there")
    page.locator("#run-button").click()
    expect(page.get_by_text("finished: token limit reached").first).to_be_visible()
    expect(page.locator(CO2)).to_have_text(re.compile(r"g$"))
    pue, grid = choices("pue"), choices("grid")
    before = grams(page)
    assert before == pytest.approx(kwh(page) * grid["world"], rel=0.02)  # three digits are shown
    place = open_energy(page)
    expect(place.get_by_label("Grid")).to_have_value("world")
    place.get_by_label("Site").select_option("average")
    place.get_by_label("Grid").select_option("france")
    expect(page.locator(LABEL)).to_have_text(f"CO₂e, {grid['france']:g} g/kWh, PUE {pue['average']:g}")
    factor = pue["average"] * grid["france"] / (pue["desk"] * grid["world"])
    assert grams(page) == pytest.approx(before * factor, rel=0.02)
    expect(place.locator("#energy-place-grid-hint")).to_contain_text("Ember")
    assert violations(page) == []
    page.reload()
    expect(page.locator(LABEL)).to_have_text(f"CO₂e, {grid['france']:g} g/kWh, PUE {pue['average']:g}")


def test_what_is_no_number_is_refused_at_its_field_and_the_value_before_still_counts(open_lab: OpenPage):
    page = open_lab()
    place = open_energy(page)
    number, problem = place.get_by_label("PUE"), place.locator("#energy-place-pue-problem")
    for wrong in ("-1", "NaN", "1e30", "abc", ""):
        number.fill(wrong)
        expect(problem).to_have_text("PUE must be a number from 1 to 5; 1 is still used.")
        expect(number).to_have_attribute("aria-invalid", "true")
        expect(page.locator(LABEL)).to_have_text(re.compile("PUE 1$"))
    number.fill("1,2")
    expect(problem).to_have_text(re.compile("still used: write decimals with a point, such as 0.3.$"))
    number.fill("1.25")
    expect(problem).to_have_text("")
    expect(page.locator(LABEL)).to_have_text(re.compile("PUE 1.25$"))
    expect(place.get_by_label("Site")).to_have_value("")  # your own value
    number.fill("0.5")
    page.locator("#prompt textarea").focus()
    expect(number).to_have_value("1.25")
    expect(problem).to_have_text("")
