"""What a cache will hold, against what transformers' cache does hold, over many kinds of architecture."""

from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, DynamicCache, GPT2Config, LlamaConfig, MistralConfig

from playground.engine.module import module_logits
from playground.models import kv
from playground.models.facts import KVLayer
from playground.models.kv import cache_bytes, kv_layout, layer_windows
from playground.models.quiet import quiet
from tests.tiny import ARCHITECTURES, tiny_config

SHAPE = {
    "vocab_size": 64, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
TWO_KINDS = ["sliding_attention", "full_attention"] * 2
EXPERTS = {"num_local_experts": 2, "num_experts": 2, "num_experts_per_tok": 1, "moe_intermediate_size": 16}
LATENT = {
    "q_lora_rank": 8, "kv_lora_rank": 12, "qk_rope_head_dim": 4, "qk_nope_head_dim": 8, "v_head_dim": 6,
    "num_key_value_heads": 4, "head_dim": 4, "n_routed_experts": 2, "num_experts_per_tok": 1, "n_group": 1,
    "topk_group": 1, "moe_intermediate_size": 16, "first_k_dense_replace": 1,
}  # fmt: skip
MAMBA = {"mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_state": 8}
# Every way to keep a text: keys and values, fewer of them, of two sizes, shared; latents; states of constant size.
KINDS: dict[str, dict[str, Any]] = {
    "llama": {},
    "mistral": {"sliding_window": 8},
    "qwen2": {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 2},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 64, "pad_token_id": 2},
    "gpt_bigcode": {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 64},  # one key for all heads
    "phi3": {},
    "mixtral": EXPERTS,
    "cohere2": {"sliding_window": 8},
    "gpt_oss": {"sliding_window": 8, **EXPERTS},
    "gemma3_text": {"sliding_window": 8, "layer_types": TWO_KINDS},
    "gemma4_text": {
        "sliding_window": 8, "layer_types": TWO_KINDS, "global_head_dim": 16, "num_kv_shared_layers": 2,
        "hidden_size_per_layer_input": 8, "vocab_size_per_layer_input": 64,
    },
    "llama4_text": {"attention_chunk_size": 8, "intermediate_size_mlp": 32, **EXPERTS},
    "deepseek_v2": {**LATENT, "n_group": None},
    "deepseek_v3": LATENT,
    "glm4": {},
    "qwen3_next": {
        "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 8, "linear_value_head_dim": 8,
        "shared_expert_intermediate_size": 16, **EXPERTS,
    },
    "lfm2": {"layer_types": ["conv", "conv", "full_attention", "conv"]},
    "bamba": {"attn_layer_indices": [1], **MAMBA},
    "granitemoehybrid": {"layer_types": ["mamba", "attention", "mamba", "mamba"], **MAMBA, **EXPERTS},
    "jamba": {"attn_layer_offset": 1, "attn_layer_period": 2, "mamba_dt_rank": 4, **EXPERTS},
    "falcon_h1": {"mamba_d_ssm": 64, "mamba_n_groups": 1, **MAMBA},  # attention and a state in each layer
    "mamba": {"state_size": 8},
}  # fmt: skip


def tiny(kind: str) -> Any:
    return AutoConfig.for_model(
        kind, **{**({} if kind.startswith("gpt") and kind != "gpt_oss" else SHAPE), **KINDS[kind]}
    )


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_predicted_is_what_the_cache_of_transformers_holds(kind: str):
    dtype = torch.bfloat16 if kind in ("qwen3_next", "deepseek_v3") else torch.float32  # some states stay in float32
    config = tiny(kind)
    with quiet(), torch.inference_mode():
        layout = kv_layout(config, dtype)
        model = AutoModelForCausalLM.from_config(config).to(dtype).eval()
        assert layout is not None
        cache, held = DynamicCache(config=model.config), 0
        assert layout.nbytes(0) == cache_bytes(cache.layers)
        for size in (1, 5, 1, 30, 1):
            module_logits(model, torch.arange(size)[None], cache)
            held += size
            assert layout.nbytes(held) == cache_bytes(cache.layers) > 0


def test_the_probe_finds_what_the_formula_says(monkeypatch: pytest.MonkeyPatch):
    configs = [tiny_config("llama"), tiny_config("qwen3", head_dim=8), tiny("qwen2")]
    formula = [kv_layout(config, torch.bfloat16) for config in configs]
    monkeypatch.setattr(kv, "LLAMA_FAMILY", ())
    assert [kv_layout(config, torch.bfloat16) for config in configs] == formula


def test_predicting_leaves_config_default_dtype_and_random_numbers_as_they_were():
    config = tiny("gemma4_text")
    before, state = config.to_dict(), torch.random.get_rng_state()
    assert kv_layout(config, torch.bfloat16) is not None
    assert (config.to_dict(), torch.get_default_dtype()) == (before, torch.float32)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_an_architecture_whose_code_can_not_be_probed_is_unknown():
    assert kv_layout(AutoConfig.for_model("minimax", **{**SHAPE, **EXPERTS}), torch.float32) is None


def test_latents_take_a_fraction_of_the_keys_they_stand_for():
    layout = kv_layout(tiny("deepseek_v3"), torch.float32)
    assert layout is not None
    latent, expanded = (12 + 4) * 4, 4 * (8 + 4 + 6) * 4  # numbers of a token x bytes; keys and values of four heads
    assert layout.bytes_per_token == 4 * latent < 4 * expanded


def test_layers_that_share_keys_hold_none_and_full_layers_have_their_own_head_size():
    layout = kv_layout(tiny("gemma4_text"), torch.float32)
    assert layout is not None
    assert layout.layers == (KVLayer(2 * 2 * 8 * 4, 8), KVLayer(2 * 2 * 16 * 4), KVLayer(0), KVLayer(0))


def test_a_layer_with_a_window_holds_what_the_next_token_can_still_see():
    assert [KVLayer(10, window=4).nbytes(tokens) for tokens in (0, 1, 3, 4, 100)] == [0, 10, 30, 30, 30]


def test_a_state_is_there_from_the_first_token_on():
    assert [KVLayer(0, state_bytes=7).nbytes(tokens) for tokens in (0, 1, 100)] == [0, 7, 7]


def test_llama_2_7b_takes_half_a_mebibyte_a_token_in_fp16():
    layout = kv_layout(LlamaConfig(hidden_size=4096, num_hidden_layers=32, num_attention_heads=32), torch.float16)
    assert layout is not None
    assert layout.bytes_per_token == 512 * 1024
    assert layout.nbytes(4096) == 2 * 2**30


def test_grouped_queries_take_less():
    config = LlamaConfig(hidden_size=4096, num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8)
    layout = kv_layout(config, torch.bfloat16)
    assert layout is not None
    assert layout.bytes_per_token == 128 * 1024


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_there_is_one_window_a_layer(arch):
    config = tiny_config(arch)
    assert len(layer_windows(config)) == config.num_hidden_layers


def test_windows_are_those_of_each_layer():
    assert layer_windows(GPT2Config(n_layer=3)) == [None, None, None]
    assert layer_windows(MistralConfig(num_hidden_layers=2, sliding_window=100)) == [100, 100]
    assert layer_windows(tiny("qwen2")) == [None, None, 8, 8]
