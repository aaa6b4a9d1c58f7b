import pytest
import torch
from transformers import DynamicCache, GPT2Config, LlamaConfig, MistralConfig

from playground.engine.module import module_logits
from playground.models.kv import kv_bytes_per_token, kv_cache_bytes, layer_windows
from tests.tiny import ARCHITECTURES, tiny_config, tiny_model


def measured(model, tokens: int) -> int:
    cache = DynamicCache(config=model.config)
    module_logits(model, torch.arange(tokens)[None] % 200, cache)
    return sum(t.numel() * t.element_size() for layer in cache.layers for t in (layer.keys, layer.values))


@pytest.mark.parametrize("arch", ["llama", "gpt2", "qwen3"])
@pytest.mark.parametrize("tokens", [1, 7, 40])
def test_the_formula_is_what_the_cache_holds(arch, tokens):
    model = tiny_model(arch)
    assert kv_cache_bytes(model.config, tokens, torch.float32) == measured(model, tokens)
    assert kv_cache_bytes(model.config, tokens, torch.float32) == tokens * kv_bytes_per_token(
        model.config, torch.float32
    )


@pytest.mark.parametrize("tokens", [5, 15, 16, 60])
def test_a_sliding_layer_holds_no_more_than_its_window(tokens):
    model = tiny_model("gemma3")  # two sliding layers with a window of 16, one full
    layer = kv_bytes_per_token(model.config, torch.float32) // 3
    predicted = kv_cache_bytes(model.config, tokens, torch.float32)
    assert predicted == layer * (2 * min(tokens, 16) + tokens)
    # Between steps transformers drops the oldest token of a full window, which the next step no longer reads.
    assert 0 <= predicted - measured(model, tokens) <= 2 * layer


def test_llama_2_7b_takes_half_a_mebibyte_a_token_in_fp16():
    config = LlamaConfig(hidden_size=4096, num_hidden_layers=32, num_attention_heads=32)
    assert kv_bytes_per_token(config, torch.float16) == 512 * 1024


def test_grouped_queries_take_less():
    config = LlamaConfig(hidden_size=4096, num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=8)
    assert kv_bytes_per_token(config, torch.bfloat16) == 128 * 1024


def test_a_window_in_the_config_holds_for_every_layer():
    config = MistralConfig(num_hidden_layers=2, sliding_window=100)
    assert kv_cache_bytes(config, 1000, torch.float32) == 100 * kv_bytes_per_token(config, torch.float32)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_there_is_one_window_a_layer(arch):
    config = tiny_config(arch)
    assert len(layer_windows(config)) == config.num_hidden_layers


def test_a_model_without_windows_says_so():
    assert layer_windows(GPT2Config(n_layer=3)) == [None, None, None]
