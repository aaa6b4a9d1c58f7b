"""The fitted curve of prefill time: known coefficients come back, and what the points can't tell is said."""

import random

import pytest

from playground.experiments.context.fit import fit, predict, time_at
from playground.experiments.context.records import PointRecord

LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096, 8192)


def _point(tokens: int, seconds: float) -> PointRecord:
    return PointRecord(
        tokens=tokens, prefill_s=seconds, runs_s=[seconds], kv_bytes=0, kv_predicted_bytes=0, input_usd=0
    )


@pytest.mark.parametrize("known", [(0.01, 2e-3, 3e-8), (0.0, 1e-3, 0.0), (0.2, 0.0, 5e-8), (0.5, 0.0, 0.0)])
def test_known_coefficients_come_back(known: tuple[float, float, float]):
    a, b, c = known
    found = fit([(n, a + b * n + c * n * n) for n in LENGTHS])
    assert found is not None
    assert (found.a_s, found.b_s_per_token, found.c_s_per_token2) == pytest.approx(known, rel=1e-6, abs=1e-9)
    assert found.c_is_clear == (c > 0)
    assert found.r2 is None or found.r2 == pytest.approx(1)


def test_no_coefficient_is_negative_and_no_other_choice_fits_better():
    numbers = random.Random(3)
    for _ in range(30):
        points = [(n, numbers.uniform(0, 3)) for n in LENGTHS]
        found = fit(points)
        assert found is not None
        best = (found.a_s, found.b_s_per_token, found.c_s_per_token2)
        assert min(best) >= 0

        def error(values: tuple[float, ...], points: list[tuple[int, float]] = points) -> float:
            return sum((values[0] + values[1] * n + values[2] * n * n - t) ** 2 for n, t in points)

        for place, step in ((0, 1e-3), (1, 1e-7), (2, 1e-11)):
            for sign in (1, -1):
                other = [*best]
                other[place] = max(0.0, other[place] + sign * step)
                assert error(tuple(other)) >= error(best) - 1e-9


def test_noise_as_large_as_the_quadratic_part_makes_it_unclear():
    numbers = random.Random(1)
    found = fit([(n, 1e-3 * n + numbers.gauss(0, 0.3)) for n in LENGTHS])
    assert found is not None
    assert not found.c_is_clear


def test_too_few_points_give_no_curve_and_three_no_error():
    assert fit([(64, 0.1), (128, 0.2)]) is None
    three = fit([(64, 0.1), (128, 0.2), (256, 0.4)])
    assert three is not None
    assert three.c_error_s_per_token2 is None
    assert not three.c_is_clear


def test_the_longest_length_is_predicted_from_the_shorter_half_only():
    points = [_point(n, 0.01 + 1e-3 * n + 2e-8 * n * n) for n in LENGTHS[:-1]] + [_point(8192, 99.0)]
    told = predict(points)
    assert told is not None
    assert (told.tokens, told.measured_s, told.from_tokens) == (8192, 99.0, [*LENGTHS[:-1]])
    assert told.predicted_s == pytest.approx(0.01 + 8.192 + 2e-8 * 8192**2, rel=1e-6)
    assert predict(points[:3]) is None
    assert predict([]) is None


def test_time_follows_the_curve():
    found = fit([(n, 0.5 + 0.25 * n) for n in (1, 2, 3, 4)])
    assert found is not None
    assert time_at(found, 10) == pytest.approx(3.0)
