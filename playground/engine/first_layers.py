"""The first layers of a model as a model: its last norm and its head read what they leave."""

from torch import nn

from playground.models.llama import LlamaWeights


def first_layers(weights: LlamaWeights, count: int) -> LlamaWeights:
    """The same weights with the first layers only; nothing is copied."""
    few = LlamaWeights(weights.config, weights.shape, weights.inverse_frequencies)
    few.layers = nn.ModuleList(list(weights.layers)[:count])
    few.embedding, few.norm, few.head = weights.embedding, weights.norm, weights.head
    return few
