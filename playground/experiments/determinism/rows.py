"""Caches of single requests, joined for one forward pass and taken apart again after it."""

import copy
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from playground.engine.module import ModuleModel
from playground.errors import PlaygroundError
from playground.models.loading import LoadedModel

_KINDS = (DynamicLayer, DynamicSlidingWindowLayer)


def check_joinable(cache: DynamicCache) -> None:
    """Refuse a cache that holds more than keys and values.

    Raises:
        PlaygroundError: Some layer keeps a state of another kind.
    """
    others = {type(layer).__name__ for layer in cache.layers if type(layer) not in _KINDS}
    if others:
        raise PlaygroundError(
            f"The load simulator moves requests from batch to batch by their keys and values; this model keeps other "
            f"state ({', '.join(sorted(others))}): choose a model with plain attention."
        )


def check_plain(loaded: LoadedModel, tokens: int) -> None:
    """Refuse a model whose text of this length is not read as that of others: its rungs and arms would lie.

    Raises:
        PlaygroundError: It says what is different.
    """
    if not ModuleModel(loaded.module, loaded.findings).is_plain(tokens):
        why = " ".join(loaded.facts.limits) or f"Within {tokens:,} tokens, its positions change."
        raise PlaygroundError(
            f"Methods are compared on models that read chunk by chunk into one cache, which "
            f"{loaded.facts.title} does not. {why} Choose another model."
        )


@torch.inference_mode()
def join(caches: list[DynamicCache]) -> DynamicCache:
    """One cache of all rows, of requests that have read equally many tokens; keys and values are copied."""
    return _with_layers(
        caches[0],
        [
            (torch.cat([each.keys for each in layers]), torch.cat([each.values for each in layers]))
            for layers in zip(*(cache.layers for cache in caches), strict=True)
        ],
    )


@torch.inference_mode()
def split(cache: Any, rows: int) -> list[DynamicCache]:
    """A cache for each row; keys and values are seen where they are."""
    return [
        _with_layers(cache, [(layer.keys[row : row + 1], layer.values[row : row + 1]) for layer in cache.layers])
        for row in range(rows)
    ]


def _with_layers(like: Any, tensors: list[tuple[Any, Any]]) -> DynamicCache:
    """The same cache, its counters too, over other keys and values."""
    made = copy.copy(like)
    made.layers = [copy.copy(layer) for layer in like.layers]
    for layer, (keys, values) in zip(made.layers, tensors, strict=True):
        layer.keys, layer.values = keys, values
    return made
