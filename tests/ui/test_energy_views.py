"""Energy in the page's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.runs.records import EnergyRecord
from playground.views.energy import energy_choices, energy_note, energy_pair, energy_values, format_joules
from playground.views.energy import format_watt_hours as watt_hours

COUNTED = EnergyRecord(
    joules=20.0, method="rapl", idle_watts=4.25, idle_spread_watts=0.12, net_joules=11.5, seconds=2.0
)
OLD = EnergyRecord(joules=20.0, method="rapl")


@pytest.mark.parametrize(
    ("joules", "shown"),
    [(0, "0 J"), (8.2e-6, "8.20 µJ"), (0.00821, "8.21 mJ"), (0.9996, "1.00 J"), (36.24, "36.2 J"), (1240, "1.24 kJ")],
)
def test_joules_have_three_digits_and_a_unit_of_their_size(joules: float, shown: str):
    assert format_joules(joules) == shown


def test_watt_hours_are_the_same_energy():
    assert watt_hours(36.0) == "10.0 mWh"
    assert watt_hours(7200) == "2.00 Wh"


@given(st.floats(1e-5, 1e8))
def test_energy_is_never_shown_as_nothing(joules: float):
    number, unit = format_joules(joules).split(" ")
    size = {"µJ": 1e-6, "mJ": 1e-3, "J": 1, "kJ": 1e3, "MJ": 1e6}[unit]
    assert float(number.replace(",", "")) * size == pytest.approx(joules, rel=0.006)


def test_the_way_it_is_known_stands_with_the_idle_power_and_its_noise():
    assert energy_note(COUNTED) == "rapl, idle 4.25 ± 0.1 W"
    assert energy_note(OLD) == "rapl, idle not known"


def test_above_idle_and_with_it_stand_side_by_side_and_what_is_not_known_is_a_dash():
    assert energy_pair(COUNTED, "-") == "11.5 / 20.0 J"
    assert energy_pair(OLD, "-") == "- / 20.0 J"
    assert energy_pair(EnergyRecord(joules=2000, method="rapl", net_joules=11.5), "-") == "11.5 J / 2.00 kJ"


def test_a_token_s_energy_is_the_run_s_over_its_tokens():
    values = energy_values(COUNTED, 10, "-")
    assert (values["energy_token"], values["energy_token_gross"]) == ("1.15 J", "2.00 J")
    assert values["gross_joules"] == 20
    nothing = energy_values(OLD, 0, "-")
    assert (nothing["energy_token"], nothing["energy_token_gross"]) == ("-", "-")


def test_the_page_is_told_only_choices_within_the_limits_that_it_checks_itself():
    for kind in ("pue", "grid"):
        low, high = energy_choices()[kind]["limits"]
        assert all(low <= one["value"] <= high for one in energy_choices()[kind]["choices"])
