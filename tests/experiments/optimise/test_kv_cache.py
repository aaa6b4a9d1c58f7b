"""The KV cache: what it saves and takes, with fewer bits too; its document, its command, its replay."""

import pytest

from playground.experiments.documents import parse_document
from playground.experiments.optimise.declared.kv_cache import KV_CACHE, NARROW, WITH, WITHOUT, KVCacheRequest
from playground.experiments.optimise.records import OptimisationRecord, Standing
from playground.experiments.registry import experiment_of
from playground.experiments.replays import replay_document
from playground.runs.experiment import updates
from playground.runs.runner import Runner
from playground.views.optimise import VIEW
from playground.views.panels import Sofar
from tests.tiny_runner import of

MODEL = "tiny-llama"
SHORT = KVCacheRequest(model=MODEL, prompt="Hello there", tokens=8, cycles=2)


@pytest.fixture
def record(tiny: Runner) -> OptimisationRecord:
    (record,) = of(OptimisationRecord, updates(tiny, KV_CACHE, SHORT))
    return record


def test_without_a_cache_the_answer_is_the_same_and_nothing_is_held(record: OptimisationRecord):
    without = next(arm for arm in record.variants if arm.name == WITHOUT)
    assert without.same_answer
    assert (record.baseline.name, without.median("kv_cache_bytes")) == (WITH, 0)


def test_fewer_bits_take_fewer_bytes_and_change_the_distribution_more(record: OptimisationRecord):
    narrow = {(arm.settings["key_bits"], arm.settings["value_bits"]): arm for arm in record.variants[1:]}
    assert set(narrow) == set(NARROW)
    held = {bits: arm.median("kv_cache_bytes") for bits, arm in narrow.items()}
    assert held[4, 4] < held[8, 4] == held[4, 8] < held[8, 8] < held[16, 16] < record.baseline.median("kv_cache_bytes")
    assert all(arm.predicted["kv_cache_bytes"] == pytest.approx(held[bits]) for bits, arm in narrow.items())
    far = {bits: arm.median("kl_mean_nats") for bits, arm in narrow.items()}
    assert 0 < far[16, 16] < far[8, 8] < far[4, 4]


def test_every_token_after_the_first_has_its_time(record: OptimisationRecord):
    (figure,) = record.figures
    assert [(line.name, len(line.xs)) for line in figure.lines] == [(WITH, 7), (WITHOUT, 7)]


def test_a_file_of_it_reads_back_is_drawn_and_runs_again(tiny: Runner, record: OptimisationRecord):
    again = parse_document(record.to_json())
    assert again == record
    assert experiment_of(again) is KV_CACHE
    assert {"verdict", "bars-1", "bars-2", "figure-1", "table"} <= VIEW.draw(Sofar(record=again)).keys()
    outcome = replay_document(again, tiny)
    assert outcome.identical, outcome.differences


def test_it_shows_what_it_has_after_each_cycle(tiny: Runner):
    came = [one for one in updates(tiny, KV_CACHE, SHORT) if type(one) is Standing]
    assert [one.noise.cycles for one in came] == [1, 2]
