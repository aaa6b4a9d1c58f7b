"""What length costs, measured: bytes as predicted on every architecture, stops that keep what is done."""

import pytest

from playground.errors import PlaygroundError
from playground.experiments.context import curve as curve_module
from playground.experiments.context.curve import default_lengths
from playground.experiments.context.experiments import CURVE, CurveRequest
from playground.experiments.context.records import ContextRecord, PointRecord
from playground.experiments.documents import parse_document
from playground.experiments.replays import replay_document
from playground.metrics.cost import api_cost
from playground.runs.experiment import updates
from playground.runs.request import read_request
from playground.runs.runner import Runner
from tests.tiny import ARCHITECTURES
from tests.tiny_runner import endless_folder, make_runner, make_slot, of


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A runner over every tiny architecture."""
    parent = tmp_path_factory.mktemp("every")
    return make_runner(make_slot(*(endless_folder(parent, arch) for arch in ARCHITECTURES)))


def _curve(runner: Runner, model: str = "tiny-llama", *lengths: int, **more) -> ContextRecord:
    request = read_request(CurveRequest, {"model": model, "lengths": lengths, **more})
    (record,) = of(ContextRecord, updates(runner, CURVE, request))
    return record


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_measured_bytes_of_keys_and_values_are_the_predicted_ones(every: Runner, arch: str):
    record = _curve(every, f"tiny-{arch}", 8, 64, 300, 500)
    assert [point.tokens for point in record.points] == [8, 64, 300, 500]
    for point in record.points:
        assert point.kv_bytes == point.kv_predicted_bytes
        assert point.prefill_s > 0
        assert point.prefill_s in point.runs_s
        assert point.input_usd == api_cost(record.reference_model, point.tokens, 0).input_usd


def test_the_lengths_double_up_to_the_models_limit(every: Runner):
    assert default_lengths(8192) == (64, 128, 256, 512, 1024, 2048, 4096, 8192)
    assert default_lengths(1000) == (64, 128, 256, 512, 1000)
    assert default_lengths(40) == (40,)
    record = _curve(every)
    assert [point.tokens for point in record.points] == record.lengths_asked == [64, 128, 256, 512]
    assert record.ended == "complete"
    assert record.fit is not None
    assert record.predicted is not None
    assert (record.predicted.tokens, record.predicted.from_tokens) == (512, [64, 128, 256])


def test_a_stop_keeps_the_lengths_that_are_done(every: Runner):
    points: list[PointRecord] = []
    record = None
    for update in updates(every, CURVE, CurveRequest(model="tiny-llama"), lambda: len(points) == 2):
        if isinstance(update, PointRecord):
            points.append(update)
        elif isinstance(update, ContextRecord):
            record = update
    assert record is not None
    assert (record.points, record.ended, record.fit) == (points, "stopped", None)
    assert parse_document(record.to_json()) == record
    assert replay_document(record, every).identical
    assert not of(ContextRecord, updates(every, CURVE, CurveRequest(model="tiny-llama"), lambda: True))


def test_the_time_allowed_ends_the_curve(every: Runner, monkeypatch: pytest.MonkeyPatch):
    clock = iter(range(0, 10_000, 2))
    monkeypatch.setattr(curve_module._Curve, "_now", lambda _: float(next(clock)))
    record = _curve(every, "tiny-llama", 64, 128, 256, time_limit_s=20)
    assert record.ended == "time"
    assert 0 < len(record.points) < 3
    with pytest.raises(PlaygroundError, match="passed before 64 tokens were read"):
        _curve(every, "tiny-llama", 64, time_limit_s=1)


@pytest.mark.parametrize(
    ("lengths", "limit_s", "told"),
    [((0,), 60, "Lengths in tokens must be .* from 1"), ((513,), 60, "longest context.*512"),
     (tuple(range(1, 40)), 60, "at most 32"), ((64,), 0, "Time allowed"), ((64,), float("nan"), "Time allowed")],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused_in_words(every: Runner, lengths, limit_s, told):
    with pytest.raises(PlaygroundError, match=told):
        _curve(every, "tiny-llama", *lengths, time_limit_s=limit_s)


def test_a_replay_compares_bytes_and_not_times(every: Runner):
    record = _curve(every, "tiny-llama", 8, 16)
    assert replay_document(record, every).identical
    wrong = record.points[0].model_copy(update={"kv_bytes": 1})
    outcome = replay_document(record.model_copy(update={"points": [wrong, record.points[1]]}), every)
    assert outcome.differences == [f"8 tokens: 1 bytes of keys and values then, {record.points[0].kv_bytes:,} now."]
