"""What the page makes of measured batches: every number with its unit, and nothing before there is one."""

from playground.experiments.throughput.experiment import BatchRecord, SkippedBatch, ThroughputRecord
from playground.runs.records import EnergyRecord, MemoryRecord
from playground.views.panels import ChartSpec, Sofar, Table
from playground.views.throughput import VIEW
from tests.ui.rerun_samples import MODEL


def batch(rows: int, tpot_s: float) -> BatchRecord:
    return BatchRecord(
        rows=rows, output_tokens=rows * 10, prefill_s=0.2, prefill_tokens_per_s=100, ttft_s=0.25, tpot_s=tpot_s,
        itl_p50_s=tpot_s, itl_p95_s=tpot_s * 2, decode_tokens_per_s=rows / tpot_s, wall_s=0.25 + 9 * tpot_s,
        memory=MemoryRecord(weights_bytes=1, kv_cache_bytes=2_000_000 * rows, kv_bytes_per_token=1, rss_bytes=1,
                            peak_rss_bytes=3_000_000),
        energy=EnergyRecord(joules=5.0 * rows, net_joules=4.0 * rows, idle_watts=3, method="rapl"), ids_blake2b="ab",
    )  # fmt: skip


def record(*batches: BatchRecord, **more: object) -> ThroughputRecord:
    plain = {
        "model": MODEL, "batches_asked": [1, 4], "input_tokens": 20, "output_tokens": 10, "settings": {}, "text": "",
        "ended": "complete", "batches": batches, "skipped": [], "environment": {"processor": "Abacus", "threads": 2},
    }  # fmt: skip
    return ThroughputRecord.model_validate(plain | more)


def test_the_charts_show_each_batch_at_its_size():
    drawn = VIEW.draw(Sofar(parts=[batch(1, 0.02), batch(4, 0.04)]))
    rates, waits = drawn["rates"], drawn["waits"]
    assert isinstance(rates, ChartSpec)
    assert isinstance(waits, ChartSpec)
    assert rates.x.categories == waits.x.categories == ("1", "4")
    assert rates.series[0].points == [(0, 50), (1, 100)]
    assert rates.y.unit == "tok/s"
    assert "2 times as many as 1 row" in rates.summary
    ttft, between = waits.series
    assert [y for _, y in ttft.points] == [0.25, 0.25]
    assert between.high == [0.04, 0.08]
    assert VIEW.draw(Sofar()) == {}


def test_the_table_has_a_unit_at_every_figure_and_says_what_was_left_out():
    left_out = SkippedBatch(rows=32, why="32 rows need more memory than is free.")
    table = VIEW.draw(Sofar(parts=[batch(4, 0.04), left_out]))["table"]
    assert isinstance(table, Table)
    (row,) = table.rows
    assert len(row) == len(table.head)
    assert row[:3] == ["4", "100 tok/s", "25.0 tok/s"]
    assert "500 mJ" in row
    assert "32 rows need more memory" in table.note


def test_a_record_says_what_it_ran_on_and_how_energy_is_known():
    sofar = Sofar(record=record(batch(1, 0.02), batch(4, 0.04)))
    assert VIEW.kept(sofar) == "2 of 2 batch sizes"
    assert VIEW.complete(sofar)
    table = VIEW.draw(sofar)["table"]
    assert isinstance(table, Table)
    for words in ("Abacus", "2 threads", "rapl, idle included", "400 mJ above idle in the batch of 4", "read once"):
        assert words in table.note


def test_a_stop_says_how_many_batches_are_kept():
    stopped = Sofar(record=record(batch(1, 0.02), ended="stopped"))
    assert VIEW.kept(stopped) == "1 of 2 batch sizes"
    assert not VIEW.complete(stopped)
    assert VIEW.kept(Sofar()) == "no batch was measured"
