"""What a run writes down, from the measurement to the document."""

import json
import math
from collections.abc import Callable

import pytest

from playground.backends.slot import ModelSlot
from playground.engine.clock import Clock
from playground.engine.events import PreparedPrompt, PromptProcessed, TokenEvent
from playground.metrics.energy import start_meter
from playground.runs.environment import changes, describe_environment
from playground.runs.measure import Measurement, Surroundings
from playground.runs.pricing import Pricing
from playground.runs.records import RunRecord, parse_record
from playground.runs.runner import Runner
from playground.settings import Settings
from tests.tiny_runner import answer, ids, request

# Issue 2, section 7: the schema of a run record.
KEYS = {
    "": "schema kind model settings prompt prompt_token_ids dropped_prompt_tokens tokens text finish_reason timing "
    "memory cost energy environment",
    "model": "id source parameters quantization weights_bytes context_length device",
    "tokens.0": "index id text logprob rank entropy_bits sampled_prob kept top time_s",
    "tokens.0.top.0": "id text prob",
    "timing": "ttft_s e2e_s tpot_s itl_p50_s itl_p95_s itl_p99_s prefill_tokens_per_s decode_tokens_per_s",
    "memory": "weights_bytes kv_cache_bytes kv_bytes_per_token rss_bytes peak_rss_bytes",
    "cost": "reference_model input_tokens cached_tokens output_tokens input_usd cached_usd output_usd total_usd "
    "prices_as_of own_hardware_usd",
    "energy": "joules method idle_watts idle_spread_watts net_joules seconds",
}


@pytest.fixture
def record(tiny: Runner) -> RunRecord:
    return answer(tiny, request(temperature=1.2, top_k=40, top=10, max_new_tokens=30))


@pytest.mark.parametrize("place", KEYS)
def test_a_record_has_the_keys_of_its_schema_and_no_others(record: RunRecord, place: str):
    part = json.loads(record.to_json())
    for step in filter(None, place.split(".")):
        part = part[int(step)] if step.isdigit() else part[step]
    assert set(part) == set(KEYS[place].split())


def test_a_record_holds_every_setting(record: RunRecord):
    assert set(record.settings) == set(Settings.model_fields)
    assert json.loads(record.to_json())["schema"] == 1
    assert json.loads(record.to_json())["kind"] == "run"


def test_a_record_survives_its_file(record: RunRecord):
    assert parse_record(record.to_json()) == record
    assert parse_record(record.to_json().encode()) == record


def test_probability_rank_and_alternatives_tell_the_same_story(record: RunRecord):
    assert [token.index for token in record.tokens] == list(range(30))
    for token in record.tokens:
        probs = [item.prob for item in token.top]
        assert probs == sorted(probs, reverse=True)
        assert sum(probs) <= 1 + 1e-5
        assert 0 <= token.entropy_bits <= math.log2(288) + 1e-6
        at = [place for place, item in enumerate(token.top, start=1) if item.id == token.id]
        assert at == ([token.rank] if token.rank <= len(token.top) else [])
        if at:
            assert token.top[at[0] - 1].prob == pytest.approx(math.exp(token.logprob), rel=1e-5)
        else:
            assert math.exp(token.logprob) <= probs[-1]
        assert token.rank <= token.kept <= 40  # the cuts keep the likeliest
        assert 0 < token.sampled_prob <= 1
    times = [token.time_s for token in record.tokens]
    assert times == sorted(times)
    assert record.timing.e2e_s >= times[-1]
    assert record.timing.ttft_s == times[0]
    assert record.text == "".join(token.text for token in record.tokens)


def test_greedy_is_certain_of_the_likeliest(tiny: Runner):
    for token in answer(tiny, request(temperature=0)).tokens:
        assert (token.rank, token.kept, token.sampled_prob) == (1, 1, 1)
        assert token.id == token.top[0].id
        assert token.logprob < 0  # still the model's own, not the sampler's


def test_the_number_of_alternatives_is_what_was_asked_for_and_changes_no_token(tiny: Runner):
    few, many = (answer(tiny, request(top=top)) for top in (0, 50))
    assert {len(token.top) for token in few.tokens} == {0}
    assert {len(token.top) for token in many.tokens} == {50}
    assert ids(few) == ids(many)


def test_memory_and_cost_are_of_this_run(record: RunRecord):
    held = len(record.prompt_token_ids) + len(record.tokens) - 1  # the newest token is not read any more
    assert record.memory.kv_cache_bytes == held * record.memory.kv_bytes_per_token
    assert record.memory.weights_bytes == record.model.weights_bytes > 0
    assert (record.cost.input_tokens, record.cost.output_tokens) == (len(record.prompt_token_ids), 30)
    assert record.cost.total_usd == pytest.approx(record.cost.input_usd + record.cost.output_usd)
    assert record.energy.method


def test_there_is_no_record_before_the_end(tiny: Runner, slot: ModelSlot):
    with pytest.raises(RuntimeError, match="finished"):
        measurement(slot, lambda tokens: 0).record(request(), {})


def test_a_token_that_comes_while_meters_are_read_is_in_all_of_them_or_in_none(tiny: Runner, slot: ModelSlot):
    def predict(tokens: int) -> int:
        measured.add(TokenEvent(0, 5, "a", -1.0, 1, 1.0, 1.0, 1, (), 2.0, (1, 1, 1), 999))
        return tokens

    measured = measurement(slot, predict)
    measured.add(PromptProcessed(2, 2, 0.5, 100, 1.0))
    for _ in range(2):
        meters = measured.meters()
        tokens = meters.output_tokens
        assert meters.cost.output_tokens == tokens
        assert meters.kv_predicted_bytes == 2 + max(0, tokens - 1)
        assert meters.memory.kv_cache_bytes == (999 if tokens else 100)
        assert (meters.timing.ttft_s is None) == (tokens == 0)
    assert measured.meters().output_tokens > tokens


def measurement(slot: ModelSlot, predict_kv_bytes: Callable[[int], int]) -> Measurement:
    assert slot.backend is not None
    pricing, meter = Pricing("openai/gpt-4o-mini", 1.0), start_meter("cpu", 10.0)
    surroundings = Surroundings(slot.backend.facts, predict_kv_bytes, 1e10, pricing, meter, Clock(), 0.0)
    return Measurement(PreparedPrompt((1, 2), 0, 16), surroundings)


def test_the_environment_says_what_can_change_the_bits(
    record: RunRecord, monkeypatch: pytest.MonkeyPatch, tiny: Runner
):
    assert {
        "playground", "python", "torch", "transformers", "platform", "processor", "cpu_capability", "threads", "device",
        "dtype", "engine", "prefill_chunk", "weights_note", "environment_variables",
    } <= set(record.environment)  # fmt: skip
    assert tiny.facts is not None
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    now = describe_environment(tiny.facts, record.environment["prefill_chunk"])
    assert changes(record.environment, record.environment) == []
    (line,) = changes(record.environment, now)
    assert line.startswith("environment_variables: ")
    assert "'MKL_CBWR': 'COMPATIBLE'" in line
    json.dumps(now, allow_nan=False)


def test_changes_name_what_is_new_gone_or_different():
    assert changes({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 5, "d": 4}) == [
        "b: 2 then, 5 now", "c: 3 then, None now", "d: None then, 4 now"
    ]  # fmt: skip
