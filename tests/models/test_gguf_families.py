"""What a GGUF file says of its family reaches the model: its logits are those of transformers' own model."""

from pathlib import Path
from typing import Any

import gguf
import pytest
import torch
from transformers import AutoModelForCausalLM, Gemma2Config, Gemma3TextConfig, Phi3Config, Qwen3Config, Starcoder2Config
from transformers.modeling_gguf_pytorch_utils import TENSOR_PROCESSORS, TensorProcessor, get_gguf_hf_weights_map

from playground.errors import PlaygroundError
from playground.models.files import inspect_gguf
from playground.models.quiet import quiet
from playground.models.reading import read_module
from tests.tiny import VOCABULARY

IDS = torch.arange(3, 203).reshape(1, -1)
SHAPE: dict[str, Any] = {
    "vocab_size": VOCABULARY, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 6,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256, "initializer_range": 0.15,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
KEYS: dict[str, Any] = {
    "context_length": 256, "embedding_length": 64, "feed_forward_length": 96, "block_count": 6,
    "attention.head_count": 4, "attention.head_count_kv": 2, "vocab_size": VOCABULARY,
}  # fmt: skip
LONG, SHORT = [4.0, 4.5, 5.0, 6.0, 7.0, 8.0], [1.0, 1.1, 1.2, 1.3, 1.4, 1.5]
GEMMA: dict[str, Any] = {"head_dim": 32, "query_pre_attn_scalar": 32, "sliding_window": 16}


def write(path: Path, model: Any, architecture: str, keys: dict[str, Any], tensors: dict[str, list[float]]) -> Path:
    """A model as llama.cpp's converter writes it; gemma's norms hold one more than transformers'."""
    writer = gguf.GGUFWriter(path, architecture)
    for key, value in {**KEYS, **keys}.items():
        add = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string}
        (writer.add_array if isinstance(value, list) else add[type(value)])(f"{architecture}.{key}", value)
    names = get_gguf_hf_weights_map(model, TENSOR_PROCESSORS.get(architecture, TensorProcessor)())
    state = model.state_dict()
    tied = model.config.tie_word_embeddings
    for name, own in names.items():
        if not (tied and name == "output.weight"):
            more = 1.0 if architecture.startswith("gemma") and "norm" in name else 0.0
            writer.add_tensor(name, (state[own] + more).numpy())
    for name, values in tensors.items():
        writer.add_tensor(name, torch.tensor(values).numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def made(config: Any) -> Any:
    torch.manual_seed(0)
    with quiet():
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=False).eval()
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.data += 0.2 * torch.randn(parameter.shape)
    return model


FAMILIES: dict[str, tuple[Any, str, dict[str, Any], dict[str, list[float]]]] = {
    "phi3 window and part": (
        Phi3Config(**SHAPE, sliding_window=16, rope_parameters={"rope_theta": 5e3, "partial_rotary_factor": 0.75}),
        "phi3",
        {"attention.sliding_window": 16, "rope.dimension_count": 12, "rope.freq_base": 5e3},
        {},
    ),
    "phi3 long": (
        Phi3Config(
            **SHAPE,
            original_max_position_embeddings=128,
            rope_parameters={
                "rope_theta": 1e4, "partial_rotary_factor": 0.75, "rope_type": "longrope", "attention_factor": 1.25,
                "long_factor": LONG, "short_factor": SHORT,
            },
        ),
        "phi3",
        {
            "rope.dimension_count": 12, "rope.freq_base": 1e4, "rope.scaling.original_context_length": 128,
            "rope.scaling.attn_factor": 1.25,
        },
        {"rope_factors_long.weight": LONG, "rope_factors_short.weight": SHORT},
    ),
    "gemma3 scaled": (
        Gemma3TextConfig(
            **SHAPE,
            **GEMMA,
            rope_parameters={
                "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
                "sliding_attention": {"rope_type": "default", "rope_theta": 5e3},
            },
        ),
        "gemma3",
        {
            "attention.key_length": 32, "attention.value_length": 32, "attention.sliding_window": 16,
            "rope.freq_base": 1e6, "rope.freq_base_swa": 5e3, "rope.scaling.type": "linear", "rope.scaling.factor": 8.0,
            "attention.layer_norm_rms_epsilon": 1e-6,
        },
        {},
    ),
    "gemma2 caps": (
        Gemma2Config(
            **SHAPE, **GEMMA, attn_logit_softcapping=5.0, final_logit_softcapping=3.0,
        ),
        "gemma2",
        {
            "attention.key_length": 32, "attention.value_length": 32, "attention.sliding_window": 16,
            "attn_logit_softcapping": 5.0, "final_logit_softcapping": 3.0,
        },
        {},
    ),
    "starcoder2 base": (
        Starcoder2Config(**SHAPE, rope_parameters={"rope_theta": 1e5}, sliding_window=None, tie_word_embeddings=True),
        "starcoder2",
        {"rope.freq_base": 1e5, "attention.layer_norm_epsilon": 1e-5},
        {},
    ),
    "qwen3 heads": (
        Qwen3Config(**SHAPE, head_dim=32, tie_word_embeddings=True),
        "qwen3",
        {"attention.key_length": 32, "attention.value_length": 32, "attention.layer_norm_rms_epsilon": 1e-6},
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_a_file_gives_the_logits_of_the_model_that_it_was_made_of(tmp_path, name):
    config, architecture, keys, tensors = FAMILIES[name]
    model = made(config)
    path = write(tmp_path / "m.gguf", model, architecture, keys, tensors)
    with quiet():
        read = read_module("M", inspect_gguf(path), torch.float32)
    torch.testing.assert_close(read(IDS).logits, model(IDS).logits, atol=1e-3, rtol=1e-3)


def test_a_pattern_of_windows_that_the_class_does_not_have_is_refused(tmp_path):
    config, architecture, keys, _ = FAMILIES["gemma3 scaled"]
    path = write(tmp_path / "m.gguf", made(config), architecture, {**keys, "attention.sliding_window_pattern": 2}, {})
    with pytest.raises(PlaygroundError, match=r"gemma3\.attention\.sliding_window_pattern \(2\)"), quiet():
        read_module("M", inspect_gguf(path), torch.float32)
