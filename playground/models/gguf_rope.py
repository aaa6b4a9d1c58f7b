"""Rotary positions of a GGUF file, which transformers' reader ignores but for the base: scaling, part, factors.

llama.cpp, src/llama-model.cpp (the keys) and ggml `rope_yarn` (the rule): a frequency is divided by its factor in
`rope_freqs.weight`, then by the scale. Llama 3.1 comes as such factors, Phi-3 long as two lists of them.
"""

import math
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedConfig

from playground.errors import PlaygroundError
from playground.models.gguf_header import GgufHeader

FREQUENCIES = "rope_freqs.weight"
_LONG, _SHORT = "rope_factors_long.weight", "rope_factors_short.weight"
_KNOWN = {
    "freq_base", "dimension_count", "scale_linear", "scaling.type", "scaling.factor", "scaling.original_context_length",
    "scaling.finetuned", "scaling.attn_factor", "scaling.yarn_attn_factor", "scaling.yarn_beta_fast",
    "scaling.yarn_beta_slow",
}  # fmt: skip
_OWN_READER = ("qwen3_5_text", "qwen3_5_moe_text", "gemma4_text")  # rope by transformers' reader or class
_READ_THERE = {"dimension_sections", "freq_base_swa", "dimension_count_swa"}


def apply_rope(config: Any, path: Path, header: GgufHeader) -> None:
    """Put the file's rotary positions into `config.rope_parameters`.

    Raises:
        PlaygroundError: The file needs a kind that is not supported; names the key.
    """
    own = {key.removeprefix("rope."): value for key, value in header.own.items() if key.startswith("rope.")}
    nested = getattr(config, "rope_parameters", None)
    if not nested:  # learned or no positions
        return
    by_class = config.model_type in _OWN_READER
    known = _KNOWN | (_READ_THERE if by_class else set())
    rope = nested.get("full_attention", nested)
    if "sliding_attention" in nested and "freq_base_swa" in own:
        nested["sliding_attention"]["rope_theta"] = own["freq_base_swa"]
        known |= {"freq_base_swa"}
    unknown = [key for key, value in own.items() if key not in known and value not in (0, None)]
    if unknown:
        raise _refused(path, f"{header.architecture}.rope.{unknown[0]} ({own[unknown[0]]})")
    if rope is nested or "freq_base" in own:
        rope["rope_theta"] = own.get("freq_base", 10_000.0)  # llama.cpp's default
    if not by_class:
        _apply_part(rope, path, header, own.get("dimension_count"))
    _apply_scaling(config, rope, path, header, own)


def _apply_part(rope: dict[str, Any], path: Path, header: GgufHeader, dimensions: int | None) -> None:
    """How many dimensions of each head are rotated."""
    heads = header.own.get("attention.head_count")
    width = header.own.get("attention.key_length")
    if not width and isinstance(heads, int) and heads:
        width = header.own["embedding_length"] // heads
    if not dimensions or not width or dimensions == width * rope.get("partial_rotary_factor", 1.0):
        return
    if "partial_rotary_factor" not in rope:
        raise _refused(path, f"{header.architecture}.rope.dimension_count ({dimensions} of {width} in each head)")
    rope["partial_rotary_factor"] = dimensions / width


def _apply_scaling(config: Any, rope: dict[str, Any], path: Path, header: GgufHeader, own: dict[str, Any]) -> None:
    kind = own.get("scaling.type", "linear")
    factor = own.get("scaling.factor") or own.get("scale_linear") or 1.0
    attention = own.get("scaling.attn_factor", 1.0) * own.get("scaling.yarn_attn_factor", 1.0)
    before = own.get("scaling.original_context_length") or header.context_length or config.max_position_embeddings
    long, short = header.read_vector(path, _LONG), header.read_vector(path, _SHORT)
    if long is not None and short is not None and config.model_type == "phi3":
        config.original_max_position_embeddings = before
        rope |= {
            "rope_type": "longrope", "original_max_position_embeddings": before,
            "factor": config.max_position_embeddings / before,
            "long_factor": long.tolist(), "short_factor": short.tolist(),
        }  # fmt: skip
        if "scaling.attn_factor" in own:
            rope["attention_factor"] = float(attention)
        return
    if long is not None or short is not None or kind not in ("none", "linear", "yarn"):
        raise _refused(path, f"long rotary factors ({kind})")
    if kind == "none" or (factor == 1 and attention == 1):
        return
    if config.model_type == "phi3" or (kind == "linear" and attention != 1):  # transformers has no such pair
        raise _refused(path, f"{header.architecture}.rope.scaling.type ({kind}, attention factor {attention})")
    rope |= {"rope_type": kind, "factor": float(factor)}
    if kind == "yarn":
        rope |= {
            "original_max_position_embeddings": before,
            "attention_factor": float(attention * (1.0 + 0.1 * math.log(factor))),
            "beta_fast": float(own.get("scaling.yarn_beta_fast", 32.0)),
            "beta_slow": float(own.get("scaling.yarn_beta_slow", 1.0)),
        }


@torch.no_grad()
def divide_frequencies(module: Any, path: Path, header: GgufHeader) -> None:
    """Divide the rotary frequencies of a model by the file's `rope_freqs.weight`, if it has one.

    Raises:
        PlaygroundError: The model has no such frequencies, or several sets.
    """
    factors = header.read_vector(path, FREQUENCIES)
    if factors is None:
        return
    config: PreTrainedConfig = module.config
    rope = getattr(config, "rope_parameters", None) or {}
    full, divisor = rope.get("full_attention", rope), torch.from_numpy(factors.copy())
    if full.get("rope_type") == "proportional":  # gemma4: its class has the factors already, if they are equal
        angles = torch.arange(0, 2 * len(divisor), 2) / (2 * len(divisor))
        held = [b for name, b in module.named_buffers() if name.endswith("full_attention_inv_freq")]
        expected = full["rope_theta"] ** -angles / divisor
        if len(held) == 1 and held[0].shape == expected.shape and torch.allclose(held[0].cpu(), expected, atol=1e-9):
            return
    turning = [part for part in module.modules() if isinstance(getattr(part, "inv_freq", None), torch.Tensor)]
    fixed = full.get("rope_type", "default") in ("default", "linear", "yarn")
    if not fixed or len(turning) != 1 or turning[0].inv_freq.shape != divisor.shape:
        raise _refused(path, f"{FREQUENCIES} ({len(divisor)} factors)")
    for name in ("inv_freq", "original_inv_freq"):
        held = getattr(turning[0], name, None)
        if held is not None:
            held /= divisor.to(held)


def _refused(path: Path, what: str) -> PlaygroundError:
    return PlaygroundError(
        f"{path.name} sets {what}, a kind of rotary position that is not supported here: the answers would be "
        "wrong. Choose the model's safetensors instead."
    )
