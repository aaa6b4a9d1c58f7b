"""Throughput by batch size: what each batch reports holds together, and a stop keeps what is done."""

from typing import Any

import pytest

from playground.errors import PlaygroundError
from playground.experiments.documents import parse_document
from playground.experiments.replays import replay_document
from playground.experiments.throughput import run as run_module
from playground.experiments.throughput.experiment import (
    THROUGHPUT,
    BatchRecord,
    SkippedBatch,
    ThroughputRecord,
    ThroughputRequest,
)
from playground.runs.experiment import updates
from playground.runs.request import read_request
from playground.runs.runner import Runner
from tests.tiny_runner import of

MODEL = "tiny-llama"
SHORT = ThroughputRequest(model=MODEL, batches=(1, 3, 8), input_tokens=20, output_tokens=5)


def measured(runner: Runner, request: ThroughputRequest = SHORT) -> ThroughputRecord:
    (record,) = of(ThroughputRecord, updates(runner, THROUGHPUT, request))
    return record


def test_every_row_of_every_batch_writes_as_many_tokens_as_asked(tiny: Runner):
    record = measured(tiny)
    assert [batch.rows for batch in record.batches] == record.batches_asked == [1, 3, 8]
    assert record.ended == "complete"
    for batch in record.batches:
        assert batch.output_tokens == batch.rows * 5
        assert batch.decode_tokens_per_s == pytest.approx(batch.rows / batch.tpot_s)
        assert batch.prefill_tokens_per_s == pytest.approx(20 / batch.prefill_s)
        assert batch.prefill_s <= batch.ttft_s <= batch.wall_s
        assert batch.ttft_s + 4 * batch.tpot_s <= batch.wall_s * (1 + 1e-9)
        assert batch.itl_p50_s <= batch.itl_p95_s
        assert batch.memory.peak_rss_bytes >= batch.memory.weights_bytes
        assert batch.energy.method == "modelled at 100 W"
        assert batch.energy.joules is not None
        assert batch.energy.joules >= 100 * batch.wall_s * 0.99


def test_the_cache_holds_all_rows_to_the_byte(tiny: Runner):
    record = measured(tiny)
    backend = tiny.loaded(MODEL)
    assert backend is not None
    for batch in record.batches:  # the newest token is not read yet
        assert batch.memory.kv_cache_bytes == batch.rows * backend.kv_cache_bytes(20 + 5 - 1)


def test_a_file_of_it_reads_back_and_runs_again_with_the_same_tokens(tiny: Runner):
    record = measured(tiny)
    again = parse_document(record.to_json())
    assert again == record
    outcome = replay_document(again, tiny)
    assert outcome.identical, outcome.differences
    first = record.batches[0].model_copy(update={"ids_blake2b": "0"})
    other = record.model_copy(update={"batches": [first, *record.batches[1:]]})
    assert replay_document(other, tiny).differences == ["batch of 1: wrote different tokens."]


def test_a_stop_keeps_the_batches_that_are_done_and_drops_the_one_on_its_way(tiny: Runner):
    found: list[object] = []
    asked_again = 0

    def should_stop() -> bool:
        nonlocal asked_again
        asked_again += bool(of(BatchRecord, found))
        return asked_again > 4  # within the second batch

    for update in updates(tiny, THROUGHPUT, SHORT, should_stop):
        found.append(update)
    (record,) = of(ThroughputRecord, found)
    assert [batch.rows for batch in record.batches] == [1]
    assert record.ended == "stopped"
    assert not of(ThroughputRecord, updates(tiny, THROUGHPUT, SHORT, lambda: True))


def test_a_batch_that_the_memory_can_not_hold_is_left_out_and_told(tiny: Runner, monkeypatch: pytest.MonkeyPatch):
    backend = tiny.loaded(MODEL)
    assert backend is not None
    row = 2 * backend.kv_cache_bytes(25) + 40 * backend.facts.vocabulary
    monkeypatch.setattr(run_module, "available_bytes", lambda device: int(4 * row / 0.8) + 1)
    came = list(updates(tiny, THROUGHPUT, SHORT))
    (record,) = of(ThroughputRecord, came)
    assert [batch.rows for batch in record.batches] == [1, 3]
    assert record.skipped == of(SkippedBatch, came)
    assert [one.rows for one in record.skipped] == [8]
    assert "4 fit" in record.skipped[0].why
    assert record.ended == "complete"
    monkeypatch.setattr(run_module, "available_bytes", lambda device: 1)
    with pytest.raises(PlaygroundError, match="close other programs"):
        list(updates(tiny, THROUGHPUT, SHORT))


def test_a_prompt_and_answer_longer_than_the_context_are_refused(tiny: Runner):
    with pytest.raises(PlaygroundError, match="512 tokens: lower one"):
        list(
            updates(tiny, THROUGHPUT, ThroughputRequest(model=MODEL, batches=(1,), input_tokens=500, output_tokens=13))
        )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"batches": "0"}, "Rows of each batch must be 1 to 12 whole numbers from 1 to 32"),
        ({"batches": "1,33"}, "got '33'"),
        ({"batches": "1,x"}, "got 'x'"),
        ({"batches": (1, 2.5)}, "got 2.5"),
        ({"batches": (float("nan"),)}, "got nan"),
        ({"batches": (True,)}, "not a number"),
        ({"batches": ""}, "1 to 12 whole numbers"),
        ({"batches": tuple(range(1, 14))}, "1 to 12 whole numbers"),
        ({"input_tokens": 0}, "Tokens of the prompt must be a whole number from 1 to 131,072; got 0"),
        ({"input_tokens": None}, "Tokens of the prompt must be"),
        ({"output_tokens": 1}, "Tokens of each answer must be a whole number from 2 to 2,048; got 1"),
        ({"output_tokens": 10**30}, "Tokens of each answer must be"),
        ({"output_tokens": "1,5"}, "write decimals with a point"),
        ({"rows": "1"}, "Unknown field 'rows'"),
    ],
)
def test_what_can_not_be_measured_is_refused_with_its_limit(values: dict[str, Any], expected: str):
    with pytest.raises(PlaygroundError) as refused:
        read_request(ThroughputRequest, {"model": MODEL, **values})
    assert expected in str(refused.value)


def test_batch_sizes_come_as_text_or_numbers_once_each_and_in_order():
    def batches(given: Any) -> tuple[int, ...]:
        return read_request(ThroughputRequest, {"model": MODEL, "batches": given}).batches

    assert batches("8, 1;8 ,2,") == (1, 2, 8)
    assert batches([4.0, "2"]) == (2, 4)
    assert read_request(ThroughputRequest, {"model": MODEL, "input_tokens": "1,024"}).input_tokens == 1024
