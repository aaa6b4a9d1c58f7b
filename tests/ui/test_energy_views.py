"""Energy in the page's words."""

from playground.runs.records import EnergyRecord
from playground.views.energy import energy_choices, energy_note, energy_pair, energy_values
from playground.views.format import NOTHING

COUNTED = EnergyRecord(
    joules=20.0, method="rapl", idle_watts=4.25, idle_spread_watts=0.12, net_joules=11.5, seconds=2.0
)
OLD = EnergyRecord(joules=20.0, method="rapl")


def test_the_way_it_is_known_stands_with_the_idle_power_and_its_noise():
    assert energy_note(COUNTED) == "rapl, idle 4.25 ± 0.12 W"
    assert energy_note(OLD) == "rapl, idle unknown"


def test_above_idle_and_with_it_stand_side_by_side_and_what_is_not_known_is_a_dash():
    assert energy_pair(COUNTED) == "11.5 / 20.0 J"
    assert energy_pair(OLD) == f"{NOTHING} / 20.0 J"
    assert energy_pair(EnergyRecord(joules=2000, method="rapl", net_joules=11.5)) == "11.5 J / 2.00 kJ"


def test_a_token_s_energy_is_the_run_s_over_its_tokens():
    values = energy_values(COUNTED, 10)
    assert (values["energy_token"], values["energy_token_gross"]) == ("1.15 J", "2.00 J")
    assert values["gross_joules"] == 20
    nothing = energy_values(OLD, 0)
    assert (nothing["energy_token"], nothing["energy_token_gross"]) == (NOTHING, NOTHING)


def test_the_page_is_told_only_choices_within_the_limits_that_it_checks_itself():
    for kind in ("pue", "grid"):
        low, high = energy_choices()[kind]["limits"]
        assert all(low <= one["value"] <= high for one in energy_choices()[kind]["choices"])
