"""Laws of the fused layout: the same weights, moved and not copied, and a reason where it does not fit."""

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from playground.engine.decoder import Decoder
from playground.errors import PlaygroundError
from playground.models.catalogue import ModelEntry, local_entry
from playground.models.llama import LlamaLayer, LlamaWeights, take_weights, unsupported
from playground.models.loading import load
from playground.models.pack_model import pack_cpu
from playground.models.packing import ROW_BLOCK
from playground.models.quiet import quiet
from playground.models.storage import count_parameters, step_bytes, weights_bytes
from tests.models.packed import dequantized
from tests.tiny import FAMILY, tiny_config, tiny_folder, tiny_model, tiny_relative

every_relative = pytest.mark.parametrize("name", FAMILY)
SCALED = {"rope_theta": 10_000.0, "factor": 2.0, "original_max_position_embeddings": 128}
LONGROPE = SCALED | {"rope_type": "longrope", "short_factor": [1.0] * 8, "long_factor": [2.0] * 8}
WINDOW = {"sliding_window": 64}
# What our decoder does not take: architecture, config, and the reason it gives.
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("gpt2", {}, "gpt2 is not of the Llama family"),
    ("gemma3", {}, "gemma3_text is not of the Llama family"),
    ("llama", {"hidden_act": "gelu"}, "its activation is gelu, not silu"),
    ("mistral", WINDOW, "some layers attend to a sliding window"),
    ("qwen2", WINDOW | {"use_sliding_window": True, "max_window_layers": 1}, "some layers attend to a sliding window"),
    ("llama", {"rope_parameters": SCALED | {"rope_type": "dynamic"}}, "its rotary embedding is of type dynamic"),
    ("llama", {"rope_parameters": LONGROPE}, "its rotary embedding is of type longrope"),
    (
        "llama",
        {"rope_parameters": {"rope_type": "linear", "rope_theta": 1e4, "factor": 2.0, "partial_rotary_factor": 0.5}},
        "its rotary embedding rotates only a part of each head",
    ),
]


def fused(weights: LlamaWeights, module: Any) -> list[tuple[nn.Module, list[nn.Module]]]:
    """Each of our layers with transformers' that it holds, in order."""
    pairs: list[tuple[nn.Module, list[nn.Module]]] = [(weights.head, [module.lm_head])]
    for layer, source in zip(weights.layers, module.model.layers, strict=True):
        assert isinstance(layer, LlamaLayer)
        attention, mlp = source.self_attn, source.mlp
        pairs += [
            (layer.qkv, [attention.q_proj, attention.k_proj, attention.v_proj]),
            (layer.out, [attention.o_proj]),
            (layer.gate_up, [mlp.gate_proj, mlp.up_proj]),
            (layer.down, [mlp.down_proj]),
        ]
    return pairs


@every_relative
def test_every_weight_is_there_bit_for_bit(name: str):
    module, weights = tiny_relative(name), take_weights(tiny_relative(name))
    for ours, theirs in fused(weights, module):
        assert torch.equal(ours.weight, torch.cat([part.weight for part in theirs]))
        assert (ours.bias is None) is (theirs[0].bias is None)
        if ours.bias is not None:
            assert torch.equal(ours.bias, torch.cat([part.bias for part in theirs]))
    assert torch.equal(weights.get_input_embeddings().weight, module.model.embed_tokens.weight)
    assert count_parameters(weights) == count_parameters(module)
    assert not weights.training
    assert not any(parameter.requires_grad for parameter in weights.parameters())


@every_relative
def test_the_source_is_empty_afterwards_and_its_memory_free(name: str):
    module = tiny_relative(name)
    before = [weakref.ref(parameter) for parameter in module.parameters()]
    weights = take_weights(module)
    gc.collect()
    assert list(module.parameters()) == []
    assert not any(parameter() is not None for parameter in before)
    assert weights_bytes(module) < 1000  # rotary frequencies
    assert weights_bytes(weights) > 100_000


@every_relative
def test_a_tied_head_is_the_table(name: str):
    tied = tiny_relative(name).config.tie_word_embeddings
    weights = take_weights(tiny_relative(name))
    head, table = weights.get_output_embeddings(), weights.get_input_embeddings()
    assert (head.weight.data_ptr() == table.weight.data_ptr()) is tied
    assert weights_bytes(weights) - step_bytes(weights) == (0 if tied else table.weight.nbytes)


@every_relative
@pytest.mark.parametrize("quantization", ["int8", "int4"])
def test_both_paths_multiply_by_the_same_packed_weights(name: str, quantization: str):
    module, weights = tiny_relative(name), take_weights(tiny_relative(name))
    pack_cpu(module, quantization)
    pack_cpu(weights, quantization)
    for ours, theirs in fused(weights, module):
        assert torch.equal(dequantized(ours), torch.cat([dequantized(part) for part in theirs]))
        if theirs[0].bias is not None:
            assert torch.equal(ours.bias, torch.cat([part.bias for part in theirs]))
    embedding = module.get_input_embeddings()
    assert torch.equal(dequantized(weights.get_input_embeddings()), dequantized(embedding))


@every_relative
@pytest.mark.parametrize("quantization", ["fp32", "bf16", "int8", "int4"])
def test_the_bytes_are_those_of_transformers_module_but_for_padding(name: str, quantization: str):
    module, weights = tiny_relative(name), take_weights(tiny_relative(name))
    frequencies = weights.inverse_frequencies.nbytes  # transformers holds them twice
    rows = [part.weight.shape for _, parts in fused(weights, module) for part in parts]
    if quantization in ("int8", "int4"):
        pack_cpu(module, quantization)
        pack_cpu(weights, quantization)
    padded = sum(-out % ROW_BLOCK * (width // 2 + width // 32 * 4) for out, width in rows)
    saved = weights_bytes(module) - weights_bytes(weights) - frequencies
    assert 0 <= saved <= (padded if quantization == "int4" else 0)


@pytest.mark.parametrize("quantization", ["bf16", "int8"])
def test_frequencies_keep_their_precision(tiny_entry: Any, quantization: str):
    weights = load(tiny_entry("llama"), quantization, device="cpu", engine="decoder").module
    assert torch.equal(weights.inverse_frequencies, tiny_model("llama").model.rotary_emb.inv_freq)


@every_relative
def test_the_family_is_taken(name: str):
    arch, config = FAMILY[name]
    assert unsupported(tiny_config(arch, **config)) is None


@pytest.mark.parametrize(
    ("arch", "config"), [("qwen2", WINDOW), ("qwen3", WINDOW), ("mistral", {"sliding_window": None})]
)
def test_a_window_that_is_switched_off_is_none(arch: str, config: dict[str, Any]):
    assert unsupported(tiny_config(arch, **config)) is None


@pytest.mark.parametrize(("arch", "config", "reason"), REFUSED)
def test_what_it_does_not_take_has_its_reason(arch: str, config: dict[str, Any], reason: str):
    assert unsupported(tiny_config(arch, **config)) == reason


@pytest.mark.parametrize(("arch", "config", "reason"), REFUSED[:6])
def test_what_it_does_not_take_runs_on_transformers(tmp_path: Path, arch: str, config: dict[str, Any], reason: str):
    with quiet():
        entry = local_entry(tiny_folder(tmp_path, arch, **config), taken=set())
    assert load(entry, "fp32", device="cpu").facts.path == "transformers"
    with pytest.raises(PlaygroundError, match=f"Our decoder can't run .*: {reason}."):
        load(entry, "fp32", device="cpu", engine="decoder")


@pytest.mark.parametrize("quantization", ["fp32", "bf16", "fp16", "int8", "int4"])
def test_the_facts_say_which_path_runs(tiny_entry: Any, quantization: str):
    entry: ModelEntry = tiny_entry("llama")
    by = {
        engine: load(entry, quantization, device="cpu", engine=engine) for engine in ("auto", "decoder", "transformers")
    }
    assert {engine: loaded.facts.path for engine, loaded in by.items()} == {
        "auto": "decoder", "decoder": "decoder", "transformers": "transformers",
    }  # fmt: skip
    assert isinstance(by["auto"].module, LlamaWeights)
    assert not isinstance(by["transformers"].module, LlamaWeights)
    assert by["auto"].facts.parameters == by["transformers"].facts.parameters
    assert by["auto"].facts.vocabulary == by["transformers"].facts.vocabulary
    assert by["auto"].facts.kv_bytes_per_token == by["transformers"].facts.kv_bytes_per_token


@pytest.mark.parametrize("name", ["llama", "untied"])
@pytest.mark.parametrize("quantization", ["fp32", "bf16", "int4"])
def test_a_loaded_model_no_longer_needs_its_file(tmp_path: Path, name: str, quantization: str):
    arch, config = FAMILY[name]
    with quiet():
        folder = tiny_folder(tmp_path, arch, **config)
    decoder = Decoder(load(local_entry(folder, taken=set()), quantization, device="cpu", engine="decoder").module)
    ids = torch.tensor([[5, 200, 17, 40, 3]])
    expected = decoder.forward(ids, decoder.new_cache())
    weights = folder / "model.safetensors"
    weights.write_bytes(b"\0" * weights.stat().st_size)  # in place: a mapped weight would now be zero
    assert torch.equal(decoder.forward(ids, decoder.new_cache()), expected)
