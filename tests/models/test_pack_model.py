import copy

import pytest
import torch
from torch import nn

from playground.models.pack_model import is_linear, linear_weight, pack_cpu, packed_as
from playground.models.packing import Int4Linear, Int8Embedding, Int8Linear
from tests.models.packed import dequantized
from tests.tiny import ARCHITECTURES, tiny_model

IDS = torch.tensor([[5, 200, 17, 40, 3, 99, 120, 7]])
PACKED = (Int8Linear, Int4Linear)


def with_dequantised_weights(model: nn.Module, packed: nn.Module) -> nn.Module:
    """The float model, its weights replaced by what the packed one multiplies by."""
    model = copy.deepcopy(model)
    for name, layer in packed.named_modules():
        if isinstance(layer, PACKED):
            linear_weight(model.get_submodule(name))[0].copy_(dequantized(layer))
        elif isinstance(layer, Int8Embedding):
            model.get_submodule(name).weight.data = dequantized(layer)
    return model


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("quantization", ["int8", "int4"])
def test_a_packed_model_answers_like_the_float_model_of_its_dequantised_weights(arch, quantization):
    model = tiny_model(arch)
    packed = copy.deepcopy(model)
    pack_cpu(packed, quantization)
    expected = with_dequantised_weights(model, packed)(IDS).logits
    got = packed(IDS).logits.float()
    assert ((got - expected).norm() / expected.norm()).item() < 0.04  # bf16 activations through every layer


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_linear_layer_is_packed_and_the_head_is_int8(arch):
    model = tiny_model(arch)
    names = {name for name, layer in model.named_modules() if is_linear(layer)}
    left = pack_cpu(model, "int4")
    assert left == []
    assert names == {name for name, layer in model.named_modules() if isinstance(layer, PACKED)}
    assert isinstance(model.get_output_embeddings(), Int8Linear)
    assert isinstance(model.get_input_embeddings(), Int8Embedding)


@pytest.mark.parametrize("quantization", ["int8", "int4"])
@pytest.mark.parametrize(("arch", "shared"), [("llama", True), ("gpt2", True), ("gemma3", True), ("qwen3", False)])
def test_a_tied_head_shares_its_rows_with_the_embedding(arch, shared, quantization):
    model = tiny_model(arch)
    pack_cpu(model, quantization)
    head, table = model.get_output_embeddings(), model.get_input_embeddings()
    assert (head.rows.data_ptr() == table.rows.data_ptr()) is shared


def test_layers_no_kernel_takes_stay_bf16_and_are_named():
    model = tiny_model("llama", intermediate_size=40)  # down_proj then has rows of 40 columns
    left = pack_cpu(model, "int4")
    assert left == ["model.layers.0.mlp.down_proj", "model.layers.1.mlp.down_proj"]
    assert model.get_submodule(left[0]).weight.dtype == torch.bfloat16
    assert torch.isfinite(model(IDS).logits).all()


def test_the_plan_names_what_packing_does():
    model = tiny_model("qwen3")
    plan = packed_as(model, "int4")
    pack_cpu(model, "int4")
    kinds = {Int8Linear: "int8", Int4Linear: "int4", Int8Embedding: "int8"}
    assert plan == {name: kinds[type(m)] for name, m in model.named_modules() if type(m) in kinds}


def test_rotary_frequencies_keep_their_precision():
    model = tiny_model("llama")
    before = model.model.rotary_emb.inv_freq.clone()
    pack_cpu(model, "int8")
    assert torch.equal(model.model.rotary_emb.inv_freq, before)


def test_progress_runs_up_to_one():
    seen: list[float] = []
    pack_cpu(tiny_model("llama"), "int8", seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_packed_model_still_generates():
    model = tiny_model("gpt2")
    pack_cpu(model, "int4")
    assert model.generate(IDS, max_new_tokens=4, do_sample=False).shape[1] > IDS.shape[1]
