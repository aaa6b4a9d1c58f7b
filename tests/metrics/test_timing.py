import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.metrics.timing import TokenTimes, gaps, percentile, timing_of

token_times = st.lists(st.floats(0.001, 10), min_size=2, max_size=60).map(lambda steps: np.cumsum(steps).tolist())


def timing(times: list[float], **changes):
    defaults = {"prefill_s": 0.5, "computed_prompt_tokens": 100, "end_s": times[-1] if times else 1.0}
    return timing_of(times, **{**defaults, **changes})


def test_a_hand_made_run_has_the_numbers_of_the_definitions():
    result = timing([1.0, 1.25, 2.0], end_s=2.5)
    assert (result.ttft_s, result.e2e_s) == (1.0, 2.5)
    assert result.tpot_s == pytest.approx(0.5)
    assert result.decode_tokens_per_s == pytest.approx(2)
    assert result.prefill_tokens_per_s == pytest.approx(200)
    assert result.itl_p50_s == pytest.approx(0.5)


@given(token_times)
def test_first_token_and_gaps_add_up_to_the_last_token(times):
    result = timing(times)
    assert result.ttft_s is not None
    assert result.tpot_s is not None
    assert result.ttft_s + sum(gaps(times)) == pytest.approx(times[-1])
    assert result.ttft_s + (len(times) - 1) * result.tpot_s == pytest.approx(times[-1])


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50), st.integers(1, 99))
def test_percentiles_are_those_of_numpy(values, percent):
    assert percentile(values, percent) == pytest.approx(np.percentile(values, percent), abs=1e-12)


@given(token_times)
def test_percentiles_rise_and_stay_within_the_gaps(times):
    result = timing(times)
    tolerance = 1e-9
    assert result.itl_p50_s <= result.itl_p95_s + tolerance
    assert result.itl_p95_s <= result.itl_p99_s + tolerance
    assert min(gaps(times)) - tolerance <= result.itl_p50_s
    assert result.itl_p99_s <= max(gaps(times)) + tolerance


def test_a_run_without_tokens_has_no_latency_but_a_length():
    result = timing([], prefill_s=None, end_s=3.0)
    assert result.e2e_s == 3.0
    assert result.ttft_s is result.tpot_s is result.itl_p50_s is result.prefill_tokens_per_s is None


def test_one_token_has_a_first_time_and_no_rate():
    result = timing([0.7])
    assert result.ttft_s == 0.7
    assert result.tpot_s is result.decode_tokens_per_s is result.itl_p99_s is None


def test_tokens_of_one_instant_have_no_rate_instead_of_an_infinite_one():
    result = timing([1.0, 1.0])
    assert result.tpot_s == 0
    assert result.decode_tokens_per_s is None


def test_a_reading_does_not_touch_the_gaps_before():
    class Counted(list):
        reads = 0

        def __getitem__(self, place):
            Counted.reads += 1
            return super().__getitem__(place)

    def reads(count: int) -> int:
        times = TokenTimes()
        for place in range(count):
            times.add(place * 0.01)
        times._ordered_gaps_s = Counted(times._ordered_gaps_s)
        Counted.reads = 0
        times.timing(prefill_s=0.1, computed_prompt_tokens=5, end_s=count * 0.01)
        return Counted.reads

    assert reads(5000) == reads(50)
