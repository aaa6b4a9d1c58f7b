import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.experiments.reruns.intervals import Z, jackknife, reruns_needed, wilson, wilson_half_width

shares = st.floats(0, 1)


@given(st.integers(1, 500), st.data())
def test_a_wilson_interval_holds_exactly_the_shares_that_a_score_test_would_not_reject(n: int, data: st.DataObject):
    share = data.draw(st.integers(0, n)) / n
    low, high = wilson(share, n)
    assert 0 <= low <= share <= high <= 1
    for end in (low, high):
        if 0 < end < 1:  # at an end the test is on the brink: |p - end| = z sqrt(end (1 - end) / n)
            assert abs(share - end) == pytest.approx(Z * math.sqrt(end * (1 - end) / n), abs=1e-9)


@given(shares, st.floats(0.01, 0.4))
def test_the_reruns_needed_are_the_fewest_that_are_enough(share: float, half_width: float):
    n = reruns_needed(share, half_width)
    assert wilson_half_width(share, n) <= half_width + 1e-12
    assert n == 1 or wilson_half_width(share, n - 1) > half_width - 1e-12


@given(shares)
def test_a_share_near_one_half_needs_the_most_reruns(share: float):
    assert 1 <= reruns_needed(share) <= reruns_needed(0.5) == 381
    assert reruns_needed(share) == pytest.approx(reruns_needed(1 - share), abs=1)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=40))
def test_the_jackknife_of_a_mean_is_its_standard_error(values: list[float]):
    n, total = len(values), math.fsum(values)
    mean = total / n
    interval = jackknife(mean, [(total - one) / (n - 1) for one in values], -math.inf, math.inf)
    error = math.sqrt(math.fsum((one - mean) ** 2 for one in values) / (n - 1) / n)
    if interval is None:
        assert error < 1e-9
    else:
        assert interval == pytest.approx((mean - Z * error, mean + Z * error), abs=1e-9)


def test_a_jackknife_without_variation_claims_nothing():
    assert jackknife(0.5, [0.5, 0.5, 0.5], 0, 1) is None
    assert jackknife(0.5, [0.5], 0, 1) is None
