"""Tiny random models of every causal architecture that transformers names, from its own default configs.

A generic rule makes each config small and keeps the kinds of its layers; `OWN` says what the rule cannot know. Zeros
and ones of a fresh model (norms, biases, gates) are randomised, so that a fault in any part moves the logits.
"""

from functools import cache
from typing import Any

import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, PreTrainedConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from tests.tiny import VOCABULARY
from tests.zoo.configs import ALL_SHARED, LAYERS, OWN, SMALL, UNSAID, VARIANTS, WIDE

BASES = tuple(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
NAMES = (*BASES, *(name for name in VARIANTS if name not in BASES))


def zoo_config(name: str) -> PreTrainedConfig:
    """The tiny config of a model type."""
    base, more = VARIANTS.get(name, (name, {}))
    fields = _merged(_shrunk(_default(base).to_dict()), OWN.get(base, {}))
    config: PreTrainedConfig = CONFIG_MAPPING[base](**_merged(fields, more))
    return config


def _default(name: str) -> PreTrainedConfig:
    """transformers' own default of a model type; for two drafters it is not valid, so their text model's."""
    text = {"text_config": {"model_type": "gemma4_text", **ALL_SHARED, "num_kv_shared_layers": 30}}
    kind: Any = CONFIG_MAPPING[name]
    return kind(**(text if name == "gemma4_assistant" else {}))


def _merged(fields: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The fields with those of `own` over them, in sub-configs too."""
    made = dict(fields)
    for key, value in own.items():
        nested = key.endswith("_config") and key != "per_layer_config" and isinstance(made.get(key), dict)
        made[key] = _merged(made[key], value) if nested else value
    return made


@cache
def zoo_model(name: str, seed: int = 0) -> Any:
    """A tiny random model in fp32 and eval mode, the same in every process."""
    config = zoo_config(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=False, dtype=torch.float32)
        model = model.float().eval().requires_grad_(False)
        _randomise(model)
    return model


def _shrunk(fields: dict[str, Any]) -> dict[str, Any]:
    """The same config with small numbers, and only as many layers as there are kinds of them."""
    count = next((fields[n] for n in ("num_hidden_layers", "n_layer", "n_layers", "num_layers") if fields.get(n)), 0)
    lists = {k: v for k, v in fields.items() if isinstance(v, list) and len(v) == count > 4 and v != list(range(count))}
    own = {int(k): v for k, v in (fields.get("per_layer_config") or {}).items()}
    kept = _one_of_each([(*(str(v[i]) for v in lists.values()), str(own.get(i))) for i in range(count)])
    made = {k: _small(k, v) for k, v in fields.items() if k not in UNSAID and v != list(range(count))}
    if made.get("kv_lora_rank"):  # latent attention: a key for every head, and only the rotary part is `head_dim`
        made |= {"num_key_value_heads": 4} | ({"head_dim": 8} if "head_dim" in made else {})
    made |= {k: [_small(k.removesuffix("_per_layer"), v[i]) for i in kept] for k, v in lists.items()}
    if own:
        made["per_layer_config"] = {n: _each_small(own[i]) for n, i in enumerate(kept) if i in own}
    for n in ("num_hidden_layers", "n_layer", "n_layers", "num_layers"):
        if n in made and lists:
            made[n] = len(kept)
    return made


def _one_of_each(kinds: list[Any]) -> list[int]:
    """The first layer of each kind, and more from the start until there are enough."""
    first = sorted({kind: i for i, kind in reversed(list(enumerate(kinds)))}.values())
    more = [i for i in range(len(kinds)) if i not in first]
    return sorted(first + more[: max(0, LAYERS - len(first))])


def _each_small(fields: dict[str, Any]) -> dict[str, Any]:
    """What a layer has of its own; its heads stay wider than the others'."""
    made = {k: _small(k, v) for k, v in fields.items()}
    if made.get("kv_lora_rank"):
        made |= {"num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 24}
    elif "head_dim" in made:
        made["head_dim"] = 32
    return made


def _small(name: str, value: Any) -> Any:
    if isinstance(value, dict) and name.endswith("_config") and name != "per_layer_config":
        return _shrunk(value)
    if name in WIDE and value:
        return 0.15
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    if name.endswith("_token_id") and value >= VOCABULARY:
        return VOCABULARY - 1
    return min(value, SMALL.get(name, value))


def _randomise(model: Any) -> None:
    """Move what a fresh model has at a constant: norms, biases, gates, decays."""
    for tensor in model.state_dict().values():
        if not tensor.is_floating_point() or tensor.numel() == 0:
            continue
        constant = bool((tensor == tensor.flatten()[0]).all())
        if tensor.dim() == 1 or constant:
            tensor += 0.2 * torch.randn(tensor.shape)
