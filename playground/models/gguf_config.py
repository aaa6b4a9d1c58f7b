"""The config of a GGUF file: what transformers reads from the metadata, and what it leaves out.

transformers drops every key it does not know and uses a class default: the model would then be another one. So each
key of the architecture is applied here, known to have no effect, or rejected by name.
Keys and their meaning: github.com/ggml-org/llama.cpp, src/llama-arch.cpp and src/llama-model.cpp.
"""

import math
from pathlib import Path
from typing import Any

from transformers import AutoConfig, PreTrainedConfig
from transformers.integrations.ggml import GGUF_CONFIG_MAPPING
from transformers.integrations.gguf.gguf_config_mapping import GGUF_CONFIG_ARCHS

from playground.errors import PlaygroundError
from playground.models.gguf_header import GgufHeader
from playground.models.gguf_rope import apply_rope

# Metadata key: possible names of the config's field; a config has at most one.
_FIELDS = {
    "attention.key_length": ("head_dim",),
    "attention.layer_norm_epsilon": ("layer_norm_epsilon", "layer_norm_eps", "norm_epsilon", "norm_eps"),
    "attention.layer_norm_rms_epsilon": ("rms_norm_eps", "norm_eps"),
    "final_logit_softcapping": ("final_logit_softcapping",),
    "attn_logit_softcapping": ("attn_logit_softcapping",),
    "expert_feed_forward_length": ("moe_intermediate_size",),
    "expert_shared_feed_forward_length": ("shared_expert_intermediate_size",),
    "expert_weights_norm": ("norm_topk_prob",),
    "feed_forward_length": ("intermediate_size", "n_inner", "ffn_hidden_size"),
    "use_parallel_residual": ("use_parallel_residual",),
    "vocab_size": ("vocab_size",),
}
# Values without effect; each item of a list is checked.
_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "attention.causal": (True,),
    "expert_gating_func": (0, 1),  # 1 is softmax
    **dict.fromkeys(("logit_scale", "residual_scale", "embedding_scale", "expert_weights_scale"), (0, 1)),
    **dict.fromkeys(("attention.output_scale", "attention.scale", "attention.temperature_scale"), (0,)),
    **dict.fromkeys(("final_logit_softcapping", "attn_logit_softcapping", "router_logit_softcapping"), (0,)),
    **dict.fromkeys(("expert_count", "expert_used_count", "expert_shared_count", "expert_group_count"), (0,)),
    **dict.fromkeys(("attention.sliding_window", "attention.max_alibi_bias", "attention.clamp_kqv"), (0,)),
    **dict.fromkeys(("nextn_predict_layers", "leading_dense_block_count", "attention.shared_kv_layers"), (0,)),
    **dict.fromkeys(("expert_feed_forward_length", "expert_shared_feed_forward_length"), (0,)),
    **dict.fromkeys(("swin_norm", "ssm.dt_b_c_rms", "expert_weights_norm"), (False,)),
}
# Lengths that the tensor shapes repeat, and notes.
_HARMLESS = ("feed_forward_length", "context_length", "tensor_data_layout", "pooling_type")
_SLIDING = ("phi3", "mistral", "starcoder2", "gemma2", "gemma3_text", "gpt_oss")
_WIDE_GEMMA = (("gemma2", 46), ("gemma3_text", 62))  # the 27B models, which scale attention by the width of the model


def gguf_config(path: Path, header: GgufHeader) -> PreTrainedConfig:
    """The config of a GGUF file, with nothing left out that changes an answer.

    Raises:
        PlaygroundError: The file needs something that transformers' model can't do; names the key.
    """
    config = AutoConfig.from_pretrained(
        str(path.parent), gguf_file=path.name, local_files_only=True, trust_remote_code=False
    )
    read = _read_by_transformers(config, header.architecture)
    refused = [
        f"{header.architecture}.{key} ({value})"
        for key, value in header.own.items()
        if key not in read and not key.startswith("rope.") and not _apply(config, header.own, key, value)
    ]
    if refused:
        raise PlaygroundError(
            f"{path.name} sets {', '.join(refused[:5])}, which transformers' {config.model_type} can't follow: "
            "the answers would be wrong. Choose the model's safetensors instead."
        )
    _apply_defaults(config, header)
    apply_rope(config, path, header)
    return config


def _read_by_transformers(config: PreTrainedConfig, architecture: str) -> set[str]:
    if architecture in GGUF_CONFIG_ARCHS:  # a newer reader, which takes each key it needs and fails without it
        return {
            "block_count", "embedding_length", "attention.head_count", "attention.head_count_kv", "context_length",
            "attention.key_length", "attention.value_length", "attention.layer_norm_rms_epsilon", "vocab_size",
            "feed_forward_length", "full_attention_interval", "nextn_predict_layers", "shortconv.l_cache",
            "ssm.conv_kernel", "ssm.state_size", "ssm.group_count", "ssm.time_step_rank", "ssm.inner_size",
            "expert_count", "expert_used_count", "expert_feed_forward_length", "expert_shared_feed_forward_length",
        }  # fmt: skip
    mapping = GGUF_CONFIG_MAPPING.get(config.model_type.removesuffix("_text"), {})
    return {key for key, field in mapping.items() if field is not None} - {"attention.sliding_window"}


def _apply(config: Any, own: dict[str, Any], key: str, value: Any) -> bool:
    """Put one key into the config, or verify that it has no effect; False if neither is possible."""
    if key == "attention.sliding_window" and value and config.model_type in _SLIDING:
        config.sliding_window = value
        return True
    if key.endswith("_length") and not value:  # a kind of layer that the model does not have
        return True
    field = next((name for name in _FIELDS.get(key, ()) if _settable(config, name)), None)
    if field is not None:
        setattr(config, field, None if key.endswith("softcapping") and not value else value)
        return True
    items = value if isinstance(value, tuple) else (value,)
    return key in _HARMLESS or all(item in _NEUTRAL.get(key, ()) for item in items) or _says_again(config, own, key)


def _settable(config: Any, name: str) -> bool:
    return hasattr(config, name) and not isinstance(getattr(type(config), name, None), property)


def _says_again(config: Any, own: dict[str, Any], key: str) -> bool:
    """Whether the config says the same under other names."""
    heads, value = own.get("attention.head_count"), own[key]
    width = getattr(config, "head_dim", None)
    if not width and isinstance(heads, int) and heads:
        width = own["embedding_length"] // heads
    if key == "attention.head_count_kv":
        return value == heads
    if key in ("attention.key_length", "attention.value_length"):
        return value in (width, own.get("attention.key_length"))
    if key == "attention.scale":
        return bool(width) and math.isclose(value, width**-0.5, rel_tol=1e-4)
    if key == "attention.sliding_window":  # texts can't be longer anyway
        return value >= own.get("context_length", math.inf)
    if key == "attention.sliding_window_pattern":
        slides = [kind == "sliding_attention" for kind in getattr(config, "layer_types", None) or ()]
        wanted = value if isinstance(value, tuple) else [value and (i + 1) % value != 0 for i in range(len(slides))]
        return slides == [bool(slide) for slide in wanted]
    return False


def _apply_defaults(config: Any, header: GgufHeader) -> None:
    """Where the file is silent, llama.cpp's rule applies, not the default of transformers' class."""
    for kind, field in (("bos", "bos_token_id"), ("eos", "eos_token_id"), ("padding", "pad_token_id")):
        if header.metadata.get(f"tokenizer.ggml.{kind}_token_id") is None:
            setattr(config, field, None)
    if config.model_type == "mistral" and not header.own.get("attention.sliding_window"):
        config.sliding_window = None
    if config.model_type in ("gemma2", "gemma3_text"):
        wide = (config.model_type, config.num_hidden_layers) in _WIDE_GEMMA
        config.query_pre_attn_scalar = config.hidden_size // config.num_attention_heads if wide else config.head_dim
