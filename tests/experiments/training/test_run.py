"""A run changes no weight; a gradient step does, on a copy of which nothing is left."""

import gc
import json

import pytest
import torch

from playground.backends.slot import ModelSlot
from playground.errors import NotEnoughMemory, PlaygroundError
from playground.experiments.documents import parse_document
from playground.experiments.replays import replay_document
from playground.experiments.training import run as training
from playground.experiments.training.experiment import TRAINING, TrainingRecord, TrainingRequest
from playground.experiments.training.step import gradient_step, loss_of
from playground.models.storage import weights_hash
from playground.runs.experiment import updates
from playground.runs.request import read_request
from playground.runs.runner import Runner
from tests.tiny import tiny_model
from tests.tiny_runner import of

SENTENCE = "the end is near and the ants are in"


def asked(sentence: str = SENTENCE, rate: object = 0.01, tokens: int = 3, **values: str) -> TrainingRequest:
    given = {"sentence": sentence, "learning_rate": rate, "settings": {"max_new_tokens": tokens}, "prompt": "Hello"}
    return read_request(TrainingRequest, {"model": "tiny-llama", **given, **values})


def trained(runner: Runner, *, model: str = "tiny-llama", quantization: str = "fp32", rate: float = 0.01):
    wanted = asked(rate=rate, tokens=6, model=model, quantization=quantization)
    (record,) = of(TrainingRecord, updates(runner, TRAINING, wanted))
    return record


@pytest.mark.parametrize(
    ("model", "quantization"), [("tiny-llama", "fp32"), ("tiny-llama", "int4"), ("tiny-gpt2", "fp32")]
)
def test_inference_changes_no_weight_and_training_changes_the_copys(
    runner: Runner, slot: ModelSlot, model: str, quantization: str
):
    record = trained(runner, model=model, quantization=quantization)
    assert slot.backend is not None
    own = weights_hash(slot.backend.loaded.module)
    assert record.inference.hash_before == record.inference.hash_after == record.hash_at_the_end == own
    copied, change = record.copy_, record.change
    assert copied.hash_before != copied.hash_after
    assert copied.loss_after < copied.loss_before
    assert copied.thrown_away
    assert 0 < change.changed <= change.weights
    assert change.weights == record.model.parameters
    assert 0 < change.mean <= change.largest
    assert change.gradient_bytes == 4 * change.weights
    assert record.step.seconds > 0
    assert record.step.memory_bytes >= 4 * change.weights
    assert len(record.inference.token_ids) == 6
    if quantization == "fp32":
        assert copied.answer_before == record.inference.answer
    assert parse_document(record.to_json()) == record


def test_the_step_is_plain_sgd():
    ids = torch.tensor([[5, 9, 120, 7, 33]])
    module, other = tiny_model("llama"), tiny_model("llama")
    _, change = gradient_step(module, ids, 0.05)
    other.requires_grad_(True)
    loss_of(other, ids).backward()
    squares = torch.tensor(0.0)
    for ours, theirs in zip(module.parameters(), other.parameters(), strict=True):
        assert ours.grad is None
        assert torch.allclose(ours, theirs.detach() - 0.05 * theirs.grad, atol=1e-6)
        squares += theirs.grad.square().sum()
    assert change.gradient_norm == pytest.approx(float(squares.sqrt()), rel=1e-4)
    with torch.no_grad():
        labelled = tiny_model("llama")(ids, labels=ids).loss
        assert float(loss_of(tiny_model("llama"), ids)) == pytest.approx(float(labelled), abs=1e-5)


def test_one_changed_bit_is_another_hash():
    module = tiny_model("llama")
    before = weights_hash(module)
    assert before == weights_hash(tiny_model("llama"))
    weight = next(module.parameters())
    weight.view(-1).view(torch.int32)[3] ^= 1
    assert weights_hash(module) != before


def test_the_step_replays_and_a_changed_claim_does_not(tiny: Runner):
    record = trained(tiny)
    assert replay_document(record, tiny).identical
    plain = json.loads(record.to_json())
    plain["copy"]["loss_after"] += 0.1
    assert replay_document(parse_document(json.dumps(plain)), tiny).differences


def test_no_copy_is_made_where_it_does_not_fit(tiny: Runner, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(training, "available_bytes", lambda device: 1000)
    monkeypatch.setattr(training, "loading", lambda *_: pytest.fail("a copy was loaded"))
    with pytest.raises(NotEnoughMemory, match="copy of tiny-llama in fp32 and its gradients need"):
        trained(tiny)


def test_stopped_or_failed_the_copy_is_gone_too(tiny: Runner, monkeypatch: pytest.MonkeyPatch):
    steps = [0]

    def late() -> bool:
        steps[0] += 1
        return steps[0] > 12

    assert of(TrainingRecord, updates(tiny, TRAINING, asked(), late)) == []
    monkeypatch.setattr(training, "loss_of", lambda *_: torch.tensor(float("nan")))
    with pytest.raises(PlaygroundError, match="diverged"):
        trained(tiny)
    gc.collect()
    modules = [one for one in gc.get_objects() if type(one).__name__ == "LlamaForCausalLM" and one.training is False]
    assert not [one for one in modules if one.config._name_or_path.endswith("tiny-llama")]


@pytest.mark.parametrize(
    ("sentence", "rate", "said"),
    [
        ("  ", 0.01, "sentence to learn from is empty"),
        (SENTENCE, "fast", "Learning rate must be a number from 1e-08 to 1; got 'fast'"),
        (SENTENCE, 2, "Learning rate must be"),
        (SENTENCE, float("nan"), "Learning rate must be"),
        ("a", 0.01, "must have 2 to 256 tokens; it has 1"),
        ("a" * 300, 0.01, "it has 300"),
    ],
)
def test_a_wrong_request_is_refused(tiny: Runner, sentence: str, rate: object, said: str):
    with pytest.raises(PlaygroundError, match=said):
        list(updates(tiny, TRAINING, asked(sentence, rate)))
