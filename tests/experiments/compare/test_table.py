import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.experiments.compare.metrics import measured_values
from playground.experiments.compare.table import MetricRow, metric_rows
from playground.metrics.passes import NOISE
from playground.runs.records import RunRecord
from tests.experiments.compare.helpers import RATES, run_of

SECONDS = st.one_of(st.none(), st.floats(1e-4, 10))


def rows_of(*runs: RunRecord, mode: str = "turns") -> dict[str, MetricRow]:
    """As after two passes that measured exactly the same."""
    passes = [measured_values([run, run]) for run in runs]
    return {row.name: row for row in metric_rows(runs, mode, passes)}


def test_every_number_of_a_run_is_in_the_table_with_unit_and_meaning():
    rows = rows_of(run_of([1, 2, 3]), run_of([1, 2, 3]))
    for name in (
        "ttft", "end to end", "tpot", "itl p50", "itl p95", "itl p99", "prefill", "decode", "output tokens", "weights",
        "KV cache", "peak memory", "list price", "own hardware", "energy", "mean logprob", "perplexity",
        "energy above idle", "mean entropy", "distinct-1", "distinct-2",
    ):  # fmt: skip
        assert rows[name].about.endswith(".")
        assert rows[name].unit or name == "perplexity"
        assert len(rows[name].values) == 2


@given(st.lists(SECONDS, min_size=2, max_size=4))
def test_the_best_is_the_only_run_within_the_noise_of_the_extreme(values: list[float | None]):
    names = {"ttft": ("ttft_s", min), "decode": ("decode_tokens_per_s", max)}
    rows = rows_of(*(run_of([1], **{f: v for f, _ in names.values() if v is not None}) for v in values))
    known = [value for value in values if value is not None]
    for name, (_, pick) in names.items():
        best = None
        if len(known) > 1:
            near = [n for n, v in enumerate(values) if v is not None and abs(v - pick(known)) <= NOISE * pick(known)]
            best = near[0] if len(near) == 1 else None
        assert rows[name].best == best
        assert rows[name].values == values


def test_numbers_that_tie_have_no_best():
    rows = rows_of(run_of([1, 2], ttft_s=1.0), run_of([1, 2], ttft_s=1.0 + NOISE / 2))
    assert [row.name for row in rows.values() if row.best is not None] == []


def _decode(*passes: list[float], control: list[float] | None = None) -> MetricRow:
    runs = [run_of([1, 2], decode_tokens_per_s=own[0]) for own in passes]
    rows = metric_rows(runs, "turns", [{"decode": own} for own in passes], {"decode": control} if control else None)
    return next(row for row in rows if row.name == "decode")


def test_one_pass_has_no_best_of_what_is_measured():
    rows = metric_rows([run_of([1, 2], decode_tokens_per_s=1.0), run_of([1, 2], decode_tokens_per_s=9.0)])
    assert next(row for row in rows if row.name == "decode").best is None
    assert _decode([1.0, 1.0], [9.0]).best is None


def test_passes_give_median_and_range_and_a_best_only_beyond_what_one_run_does_to_itself():
    clear = _decode([20.0, 21.0, 22.0], [33.0, 34.0, 35.0])
    assert (clear.values, clear.ranges, clear.best) == ([21.0, 34.0], [(20.0, 22.0), (33.0, 35.0)], 1)
    assert _decode([18.6, 33.4, 13.2], [21.3, 18.0, 30.0]).best is None  # ranges meet
    assert _decode([10.0, 20.0, 11.0], [21.0, 22.0, 21.0]).best is None  # apart, but one run alone moves as far


def test_what_the_first_run_differs_from_itself_is_noise():
    apart = ([20.0, 21.0, 22.0], [33.0, 34.0, 35.0])
    calm, loud = _decode(*apart, control=[21.0, 20.5, 22.0]), _decode(*apart, control=[20.0, 36.0, 22.0])
    assert (calm.best, calm.differs, calm.itself) == (1, True, (20.5, 22.0))
    assert (loud.best, loud.differs, loud.itself) == (None, False, (20.0, 36.0))
    assert loud.values == calm.values
    assert _decode([20.0], [30.0]).differs is None


def test_neither_way_is_better_for_what_describes_an_answer():
    rows = rows_of(run_of([1, 2, 3, 4]), run_of([0, 0]))
    for name in ("output tokens", "mean logprob", "perplexity", "mean entropy", "top-1 share", "distinct-1"):
        assert rows[name].higher_is_better is None
        assert rows[name].best is None
        assert rows[name].values[0] != rows[name].values[1]


def test_totals_are_ranked_only_between_answers_of_one_length():
    cheap, dear = {"own_hardware_usd": 1.0, "joules": 1.0}, {"own_hardware_usd": 4.0, "joules": 4.0}
    same = rows_of(run_of([1, 2], **dear), run_of([3, 4], **cheap))
    other = rows_of(run_of([1, 2, 3, 4], **dear), run_of([3], **cheap))
    for name in ("own hardware", "energy"):
        assert same[name].best == 1
        assert same[name].note.count("length") == 0
        assert other[name].best is None
        assert "differ in length" in other[name].note
    assert [other["energy per token"].values[n] for n in (0, 1)] == [1.0, 1.0]
    assert other["energy per token"].best is None  # a tie


def test_what_a_batch_shares_is_noted_and_never_ranked():
    runs = (
        run_of([1, 2], joules=1.0, **dict.fromkeys(RATES, 1.0)),
        run_of([1, 2], joules=9.0, **dict.fromkeys(RATES, 9.0)),
    )
    alone, together = rows_of(*runs), rows_of(*runs, mode="batch")
    measured = {name for name, row in alone.items() if row.best is not None}
    assert {"ttft", "decode", "energy", "itl p99"} <= measured
    for name in measured:
        assert together[name].best is None
        assert "one batch" in together[name].note
    for name in ("output tokens", "mean logprob", "weights", "list price"):
        assert "batch" not in together[name].note


def test_a_run_that_was_stopped_is_never_the_best():
    stopped = run_of([1], reason="cancelled", ttft_s=0.1)
    assert rows_of(stopped, run_of([1], ttft_s=1.0), run_of([1], ttft_s=2.0))["ttft"].best == 1
    assert rows_of(stopped, run_of([1], ttft_s=1.0))["ttft"].best is None


def test_energy_known_in_two_ways_is_not_ranked():
    rows = rows_of(run_of([1], joules=1.0), run_of([1], joules=9.0, method="modelled at 30 W"))
    assert rows["energy"].best is None
    assert rows["energy"].note == "rapl; modelled at 30 W; not ranked: known in different ways"
    assert rows["energy"].mixed
    assert not rows["ttft"].mixed


def test_energy_above_idle_is_ranked_only_above_the_same_idle_power():
    idle = {"joules": 5.0, "idle_watts": 4.0}
    same = rows_of(run_of([1], net_joules=1.0, **idle), run_of([1], net_joules=3.0, **idle))["energy above idle"]
    assert (same.best, same.note, same.mixed) == (0, "rapl, idle 4 W", False)
    other = rows_of(run_of([1], net_joules=1.0, **idle), run_of([1], net_joules=3.0, joules=5.0, idle_watts=2.0))[
        "energy above idle"
    ]
    assert (other.best, other.mixed) == (None, True)
    assert other.note == "rapl, idle 4 W; rapl, idle 2 W; not ranked: known in different ways"


def test_energy_above_idle_is_not_known_of_a_run_from_before_it_was_measured():
    rows = rows_of(run_of([1], joules=1.0), run_of([1], joules=2.0))
    assert rows["energy"].best == 0
    for name in ("energy above idle", "energy above idle per token"):
        assert (rows[name].values, rows[name].best) == ([None, None], None)
        assert rows[name].note == "rapl, idle power not known"


def test_the_numbers_of_the_answer_are_those_of_its_tokens():
    run = run_of([1, 1, 3, 1, 1])
    values = {name: row.values[0] for name, row in rows_of(run).items()}
    logprobs = [token.logprob for token in run.tokens]
    assert values["mean logprob"] == pytest.approx(sum(logprobs) / 5)
    assert values["perplexity"] == pytest.approx(math.prod(math.exp(-x) for x in logprobs) ** (1 / 5))
    assert values["mean entropy"] == pytest.approx(7 / 5)
    assert values["top-1 share"] == 0  # odd ids rank second
    assert values["distinct-1"] == 2 / 5
    assert values["distinct-2"] == 3 / 4  # 11 13 31 11


def test_an_empty_answer_has_a_table_too():
    rows = rows_of(run_of([], reason="cancelled"), run_of([1]))
    assert rows["mean logprob"].values[0] is None
    assert rows["distinct-2"].values == [None, None]
