"""Tiny random models and a byte-level tokenizer, made from configs in milliseconds: no file, no network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    LlamaConfig,
    MistralConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
)

ARCHITECTURES = ("llama", "gpt2", "qwen3", "gemma3")
SPECIAL_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
ENDOFTEXT_ID, IM_START_ID, IM_END_ID = 285, 286, 287
VOCABULARY = 288  # 256 bytes, 29 merges, 3 special tokens; a multiple of 32 so that every kernel takes it
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# fmt: off
_MERGES = ("th", "he", "in", "er", "an", "re", "on", "at", "en", "nd", "ti", "es", "or", "te", "of",
           "ed", "is", "it", "al", "ar", "st", "to", "nt", "ng", "se", "ha", "as", "ou", "io")
# fmt: on

_SHAPE = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 512,
    "initializer_range": 0.15,  # wide enough that likelihoods differ clearly from token to token
    "bos_token_id": ENDOFTEXT_ID,
    "eos_token_id": IM_END_ID,
    "pad_token_id": IM_END_ID,
}
_SCALED = {"rope_theta": 10_000.0, "factor": 4.0, "original_max_position_embeddings": 128}
# Every turn of the Llama family: an architecture, and what sets it apart from the others.
FAMILY: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", {}),
    "qwen2": ("qwen2", {}),
    "qwen3": ("qwen3", {}),
    "mistral": ("mistral", {"sliding_window": None}),
    "biases": ("llama", {"attention_bias": True, "mlp_bias": True}),
    "untied": ("llama", {"tie_word_embeddings": False}),
    "keys for every head": ("llama", {"num_key_value_heads": 4}),
    "keys for all heads": ("llama", {"num_key_value_heads": 1}),
    "three heads a group": ("llama", {"hidden_size": 96, "num_attention_heads": 6}),
    "wide heads": ("llama", {"head_dim": 32}),
    "narrow heads": ("qwen3", {"head_dim": 8, "num_key_value_heads": 1}),
    "llama3 rope": ("llama", {"rope_parameters": _SCALED | {
        "rope_type": "llama3", "low_freq_factor": 1.0, "high_freq_factor": 4.0}}),
    "linear rope": ("llama", {"rope_parameters": {"rope_type": "linear", "rope_theta": 10_000.0, "factor": 4.0}}),
    "yarn rope": ("qwen2", {"rope_parameters": _SCALED | {"rope_type": "yarn"}}),
}  # fmt: skip
_CONFIGS = {"llama": LlamaConfig, "mistral": MistralConfig, "qwen2": Qwen2Config, "qwen3": Qwen3Config}
_GPT2_NAMES = {
    "hidden_size": "n_embd",
    "num_hidden_layers": "n_layer",
    "num_attention_heads": "n_head",
    "max_position_embeddings": "n_positions",
    "intermediate_size": "n_inner",
}
_GEMMA3 = {
    "num_hidden_layers": 3,
    "sliding_window": 16,
    "layer_types": ["sliding_attention", "sliding_attention", "full_attention"],
    "query_pre_attn_scalar": 16,
}


def tiny_config(arch: str, **config: Any) -> PreTrainedConfig:
    """The config of a tiny model; keywords are the config's own fields and override the defaults."""
    if arch == "gpt2":
        shape = {_GPT2_NAMES.get(k, k): v for k, v in _SHAPE.items() if k not in ("num_key_value_heads", "head_dim")}
        made: PreTrainedConfig = GPT2Config(**{**shape, **config})
    elif arch == "gemma3":
        made = Gemma3TextConfig(**{**_SHAPE, **_GEMMA3, **config})
    else:
        tied = {"tie_word_embeddings": arch == "llama"}
        made = _CONFIGS[arch](**{**_SHAPE, **tied, **config})
    made._attn_implementation = "sdpa"
    return made


def tiny_model(
    arch: str = "llama",
    *,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    made: PreTrainedConfig | None = None,
    **config: Any,
) -> Any:
    """A random causal LM in eval mode, the same for the same arguments; mistral, qwen2 and qwen3 have untied heads.

    A config that was `made` already is taken as it is.
    """
    made = made or tiny_config(arch, **config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: PreTrainedModel = AutoModelForCausalLM.from_config(made, trust_remote_code=False)
    return model.to(dtype).eval().requires_grad_(False)


def tiny_relative(name: str, *, dtype: torch.dtype = torch.float32, **config: Any) -> Any:
    """One of `FAMILY`, with random norms and biases too: those of a new model are all one, or all zero."""
    arch, own = FAMILY[name]
    model = tiny_model(arch, **{**own, **config})
    numbers = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        if parameter.dim() == 1:
            parameter += 0.3 * torch.randn(parameter.shape, generator=numbers)
    return model.to(dtype)


def tiny_tokenizer(*, chat: bool = True) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer: every text round-trips, ids 0-255 are the bytes in GPT-2's order."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {symbol: i for i, symbol in enumerate([*alphabet, *_MERGES])}
    core = Tokenizer(models.BPE(vocab=vocab, merges=[(pair[0], pair[1]) for pair in _MERGES]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens(list(SPECIAL_TOKENS))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<|endoftext|>", eos_token="<|im_end|>", pad_token="<|im_end|>"
    )
    if chat:
        tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def tiny_folder(folder: Path, arch: str = "llama", *, chat: bool = True, seed: int = 0, **config: Any) -> Path:
    """A tiny model and its tokenizer as a folder of safetensors, ready for `from_pretrained`."""
    folder = folder / f"tiny-{arch}"
    tiny_model(arch, seed=seed, **config).save_pretrained(folder)
    tiny_tokenizer(chat=chat).save_pretrained(folder)
    return folder


def tiny_gguf(path: Path, *, seed: int = 0, edit: Callable[[gguf.GGUFWriter], object] | None = None) -> Path:
    """A tiny random llama as a GGUF file of F32 tensors, with the tokenizer and chat template inside.

    Args:
        path: The file.
        seed: Of the weights.
        edit: Adds or drops metadata and tensors before they are written.
    """
    shape, numbers = tiny_config("llama"), torch.Generator().manual_seed(seed)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(shape.max_position_embeddings)
    writer.add_embedding_length(shape.hidden_size)
    writer.add_block_count(shape.num_hidden_layers)
    writer.add_feed_forward_length(shape.intermediate_size)
    writer.add_head_count(shape.num_attention_heads)
    writer.add_head_count_kv(shape.num_key_value_heads)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(VOCABULARY)
    tokens = tiny_tokenizer().convert_ids_to_tokens(list(range(VOCABULARY)))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * ENDOFTEXT_ID + [3] * 3)
    writer.add_token_merges([f"{pair[0]} {pair[1]}" for pair in _MERGES])
    writer.add_bos_token_id(ENDOFTEXT_ID)
    writer.add_eos_token_id(IM_END_ID)
    writer.add_chat_template(CHAT_TEMPLATE)
    width, inner, kv = shape.hidden_size, shape.intermediate_size, shape.num_key_value_heads * shape.head_dim
    layer = {
        "attn_norm": (width,), "attn_q": (width, width), "attn_k": (kv, width), "attn_v": (kv, width),
        "attn_output": (width, width), "ffn_norm": (width,), "ffn_gate": (inner, width), "ffn_up": (inner, width),
        "ffn_down": (width, inner),
    }  # fmt: skip
    names = {"token_embd": (VOCABULARY, width), "output_norm": (width,)}
    names |= {f"blk.{i}.{n}": size for i in range(shape.num_hidden_layers) for n, size in layer.items()}
    for name, size in names.items():
        numbers_of = torch.randn(size, generator=numbers) * 0.15 + ("norm" in name)
        writer.add_tensor(f"{name}.weight", numbers_of.numpy())
    if edit is not None:
        edit(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
