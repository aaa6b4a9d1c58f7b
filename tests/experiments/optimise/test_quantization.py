"""Quantization beside its reference: what is computed is what is said, and never more than two models are held."""

import math
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from playground.data.quality import Choice, shipped_choices, shipped_text
from playground.engine.decoder import Decoder
from playground.errors import PlaygroundError
from playground.experiments.optimise import quantization as panel
from playground.experiments.optimise.declared.quantization import QUANTIZATION, QuantizationRequest
from playground.experiments.optimise.protocol import joined
from playground.experiments.optimise.quality import Quality, flips, lopsided, own_numbers, surprise
from playground.experiments.optimise.records import ArmRecord, OptimisationRecord, Standing
from playground.experiments.optimise.scoring import end_logprobs, text_logits
from playground.metrics.roofline import fit_steps, one_step_model
from playground.models.llama import take_weights
from playground.models.packing import Int4Linear, Int8Linear
from playground.models.rounded import can_round, rounded, with_rounded_layer
from playground.models.storage import weights_hash
from playground.runs.experiment import updates
from playground.runs.runner import Runner
from tests.engine.helpers import MODELS, tiny_language_model
from tests.tiny import tiny_model
from tests.tiny_runner import of

IDS = [7, 90, 33, 120, 5, 61, 200, 18, 44, 101, 9, 77]
QUICK = QuantizationRequest(model="tiny-llama", prompt="Hello there", quick=True, cycles=2, tokens=8)


def never() -> bool:
    return False


@pytest.fixture
def measured(tiny: Runner) -> OptimisationRecord:
    (record,) = of(OptimisationRecord, updates(tiny, QUANTIZATION, QUICK))
    return record


@pytest.mark.parametrize("name", MODELS)
def test_a_text_read_at_once_has_the_logits_of_reading_it_token_by_token(name: str):
    model = tiny_language_model(name)
    cache = model.new_cache()
    steps = torch.stack([model.forward(torch.tensor([[token]]), cache)[0] for token in IDS[:-1]])
    torch.testing.assert_close(text_logits(model, IDS, never), steps, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["llama", "llama by our decoder"])
def test_an_end_has_the_mean_log_probability_of_its_tokens(name: str):
    model, start, ends = tiny_language_model(name), IDS[:5], [IDS[5:6], IDS[6:9]]
    for end, score in zip(ends, end_logprobs(model, start, ends, never), strict=True):
        logits = text_logits(model, [*start, *end], never)[len(start) - 1 :]
        assert score == pytest.approx(-float(surprise(logits, end).mean()), abs=1e-4)


def test_perplexity_is_the_exponential_of_the_cross_entropy():
    logits = text_logits(tiny_language_model(), IDS, never)
    choices = [Choice(text="a", ends=("b", "c"), right=1)]
    found = own_numbers(Quality(logits, surprise(logits, IDS[1:]), [1]), choices)
    assert found["perplexity"] == pytest.approx(math.exp(float(F.cross_entropy(logits, torch.tensor(IDS[1:])))))
    assert found["right_share"] == 1


@pytest.mark.parametrize(("bits", "kind"), [(8, Int8Linear), (4, Int4Linear)])
def test_a_rounded_weight_is_what_the_packed_layer_multiplies_with(bits: int, kind: type[Any]):
    weight = torch.randn(48, 64, generator=torch.Generator().manual_seed(1))
    columns = kind(weight)(torch.eye(64, dtype=torch.bfloat16)).float().t()
    torch.testing.assert_close(rounded(weight, bits), columns, atol=0.01, rtol=0.01)
    torch.testing.assert_close(rounded(weight, bits), weight, atol=5 / 2**bits, rtol=0)


def test_rounding_one_layer_leaves_the_model_as_it_was():
    weights = take_weights(tiny_model())
    before, wanted = weights_hash(weights), text_logits(Decoder(weights), IDS, never)
    assert can_round(weights)
    far = [text_logits(Decoder(with_rounded_layer(weights, 1, bits)), IDS, never) - wanted for bits in (8, 4)]
    assert 0 < float(far[0].norm()) < float(far[1].norm())
    assert weights_hash(weights) == before


def test_flips_are_counted_in_both_directions_and_weighed_exactly():
    choices = [Choice(text="a", ends=("b", "c"), right=0)] * 3
    then, now = (Quality(torch.empty(0), torch.empty(0), picked) for picked in ([0, 0, 1], [0, 1, 0]))
    assert flips(then, now, choices) == ([1], [2])
    assert [lopsided(0, 0), lopsided(3, 3), lopsided(0, 5), lopsided(6, 0)] == [1, 1, 2 / 32, 2 / 64]


def test_two_terms_are_found_again_and_one_step_gives_the_fixed_time():
    fit = fit_steps([(size, size / 1e9 + 0.003) for size in (1e6, 3e6, 9e6)])
    assert fit is not None
    assert (fit.bandwidth, fit.overhead_s) == (pytest.approx(1e9), pytest.approx(0.003))
    assert fit_steps([(1e6, 0.003), (2e6, 0.002)]) is None
    assert one_step_model(1e6, 0.004, 1e9).step_s(2e6) == pytest.approx(0.005)


def test_the_data_that_ships_has_a_source_and_one_right_end_each():
    assert shipped_text().source
    choices = shipped_choices().choices
    assert len(choices) == 30
    assert all(len(set(one.ends)) == 4 for one in choices)
    assert {one.right for one in choices} == {0, 1, 2, 3}


def test_every_quantization_is_measured_beside_the_reference(measured: OptimisationRecord):
    assert measured.ended == "complete"
    assert [arm.name for arm in measured.arms] == ["fp32", "bf16", "fp16", "int8", "int4"]
    sizes = {arm.name: arm.median("weights_bytes") or 0 for arm in measured.arms}
    assert sizes["int4"] < sizes["int8"] < sizes["bf16"] == sizes["fp16"] < sizes["fp32"]
    for arm in measured.variants:
        assert len(arm.measured["decode_tokens_per_s"].values) == QUICK.cycles
        assert len(arm.beside["decode_tokens_per_s"].values) == QUICK.cycles
        assert arm.predicted["weights_bytes"] == pytest.approx(sizes[arm.name], rel=0.01)
        assert 0 <= (arm.median("kl_median_nats") or 0) <= (arm.median("kl_max_nats") or 0)
    kl = {arm.name: arm.median("kl_mean_nats") or 0.0 for arm in measured.variants}
    assert kl["fp16"] < kl["bf16"] < kl["int8"] < kl["int4"]
    assert [one.title for one in measured.figures] == ["Quality against speed", "Which layer hurts"]
    assert len(measured.texts) == 5
    assert "".join(piece.text for piece in measured.texts[1].pieces) == measured.variants[0].answer
    assert OptimisationRecord.model_validate_json(measured.to_json()) == measured
    alone = [Standing(headline=[], baseline=measured.baseline, variants=[arm], noise=measured.noise)
             for arm in measured.variants]  # fmt: skip
    again = joined(alone, [ArmRecord(name="x", settings={}, measured={}, predicted={})])
    assert len(again.baseline.measured["decode_tokens_per_s"].values) == 4 * 4 * QUICK.cycles
    assert (again.variants[-1].name, again.noise.cycles) == ("x", QUICK.cycles)


def test_at_most_one_model_is_held_beside_the_reference(tiny: Runner, monkeypatch: pytest.MonkeyPatch):
    held, most = 0, 0
    loading, unload = panel.loading, panel.unload

    def counted(*args: Any) -> Any:
        nonlocal held, most
        found = yield from loading(*args)
        held += 1
        most = max(most, held)
        return found

    def dropped(loaded: Any) -> None:
        nonlocal held
        held -= 1
        unload(loaded)

    monkeypatch.setattr(panel, "loading", counted)
    monkeypatch.setattr(panel, "unload", dropped)
    seen = list[Standing]()
    stop = updates(tiny, QUANTIZATION, QUICK, lambda: len(seen) > 2)  # within the second arm
    for update in stop:
        seen += [update] if isinstance(update, Standing) and not isinstance(update, OptimisationRecord) else []
    assert (held, most) == (0, 1)
    assert isinstance(update, OptimisationRecord)
    assert update.ended == "stopped"
    assert [arm.name for arm in update.variants] == ["bf16", "fp16"]


def test_a_model_that_does_not_load_is_not_here_and_the_others_are(tiny: Runner, monkeypatch: pytest.MonkeyPatch):
    loading = panel.loading

    def refusing(like: Any, name: str, engine: Any) -> Any:
        if name == "int8":
            raise PlaygroundError("It does not fit.")
        return (yield from loading(like, name, engine))

    monkeypatch.setattr(panel, "loading", refusing)
    (record,) = of(OptimisationRecord, updates(tiny, QUANTIZATION, QUICK))
    assert {arm.name: arm.not_here for arm in record.variants if arm.not_here} == {"int8": "It does not fit."}


def test_a_packed_model_is_no_reference(tiny: Runner):
    with pytest.raises(PlaygroundError, match="choose fp32"):
        list(updates(tiny, QUANTIZATION, QUICK.model_copy(update={"quantization": "int8"})))
