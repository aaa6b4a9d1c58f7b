"""Energy in joules, watt-hours, grams and dollars: exact with `Decimal`."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from playground.metrics.formulas.energy import (
    carbon_g,
    electricity_usd,
    facility_kwh,
    joules_per_token,
    net_joules,
    watt_hours,
)

AMOUNT = st.decimals(0, 10**6, places=3)
PUE = st.decimals(1, 5, places=2)


def test_a_kilowatt_hour_is_3_6_million_joules():
    assert watt_hours(Decimal(3_600_000)) == 1000
    assert facility_kwh(Decimal(3_600_000), Decimal("1.5")) == Decimal("1.5")
    assert carbon_g(Decimal(3_600_000), Decimal(2), Decimal(473)) == 946
    assert electricity_usd(Decimal(3_600_000), Decimal(1), Decimal("0.30")) == Decimal("0.30")
    assert joules_per_token(Decimal(30), 12) == Decimal("2.5")


@given(AMOUNT, AMOUNT, AMOUNT)
def test_above_idle_and_idle_are_all_of_it_unless_idle_alone_is_more(gross: Decimal, watts: Decimal, seconds: Decimal):
    net = net_joules(gross, watts, seconds)
    assert 0 <= net <= gross
    assert net == 0 or net + watts * seconds == gross


@given(AMOUNT, PUE, AMOUNT)
def test_emissions_and_cost_grow_with_the_site_and_never_fall_below_those_of_the_machine(
    joules: Decimal, pue: Decimal, rate: Decimal
):
    for formula in (carbon_g, electricity_usd):
        assert formula(joules, pue, rate) >= formula(joules, Decimal(1), rate) >= 0
