"""Packing a loaded float model in place: on the CPU into our own small modules, on CUDA by torchao."""

from collections.abc import Callable
from typing import Any  # the type of transformers' modules for a type checker

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from playground.models.dense import DenseLinear
from playground.models.packing import Int4Linear, Int8Embedding, Int8Linear, fits, quantize_rows

Progress = Callable[[float], None]


def packed_as(module: Any, quantization: str) -> dict[str, str]:
    """Name -> `int8` or `int4` for every layer that will be packed: linear layers, the head, the embedding table.

    The head and the embedding are int8 in an int4 model too, so that a tied pair shares one table: on the default
    model that is smaller than an int4 head beside an int8 table, and nine times closer to fp32 (KL divergence).
    """
    head = module.get_output_embeddings()
    plan = {}
    for name, layer in module.named_modules():
        if is_linear(layer) and fits(linear_weight(layer)[0].shape[1]):
            plan[name] = "int8" if layer is head else quantization
    embedding = embedding_name(module)
    if embedding and fits(module.get_submodule(embedding).weight.shape[1]):
        plan[embedding] = "int8"
    return plan


def pack_cpu(module: Any, quantization: str, progress: Progress = lambda _: None) -> list[str]:
    """Pack a float model's linear layers, head and embedding in place; the rest becomes bf16.

    Each float weight is freed as soon as it is packed. A tied head shares its rows with the embedding.

    Returns:
        Names of the linear layers that stayed bf16 because no kernel takes their shape.
    """
    tied, embedding = is_tied(module), embedding_name(module)
    plan = packed_as(module, quantization)
    left = [name for name, layer in module.named_modules() if is_linear(layer) and name not in plan]
    for done, (name, kind) in enumerate(sorted(plan.items(), key=lambda item: item[0] == embedding)):
        layer = module.get_submodule(name)
        if name == embedding:
            head = module.get_output_embeddings() if tied else None
            packed = _pack_table(layer, head)
        else:
            packed = {"int8": Int8Linear, "int4": Int4Linear}[kind](*linear_weight(layer))
        module.set_submodule(name, packed, strict=True)
        del layer, packed
        progress((done + 1) / len(plan))
    _floats_to_bf16(module)
    return left


def _pack_table(table: Any, head: Any) -> Int8Embedding:
    """int8 rows of an embedding: those of a tied head that is already packed."""
    if isinstance(head, Int8Linear):
        return Int8Embedding(head.rows, head.scale, multiplier(table))
    return Int8Embedding(*quantize_rows(table.weight.detach()), multiplier(table))


def pack_cuda(module: Any, quantization: str) -> list[str]:
    """Pack a bf16 model on CUDA with torchao's kernels, head included; the embedding becomes int8 rows.

    Returns:
        Names of the weights that stayed bf16 because no kernel takes their shape.
    """
    from torchao.quantization import (  # noqa: PLC0415  needed on CUDA only, and slow to import
        Int4WeightOnlyConfig,
        Int8WeightOnlyConfig,
        quantize_,
    )
    from torchao.quantization.quantize_.workflows import Int4PackingFormat  # noqa: PLC0415  as above

    plan, embedding = packed_as(module, quantization), embedding_name(module)
    left = [name for name, layer in module.named_modules() if is_linear(layer) and name not in plan]
    if embedding in plan:
        module.set_submodule(embedding, _pack_table(module.get_submodule(embedding), None), strict=True)
    for name in [n for n, layer in module.named_modules() if isinstance(layer, Conv1D)]:
        module.set_submodule(name, _as_linear(module.get_submodule(name)), strict=True)
    # The tiled format is PyTorch's tinygemm kernel: it needs no package beyond torchao.
    tiled = Int4PackingFormat.TILE_PACKED_TO_4D
    int8 = Int8WeightOnlyConfig(set_inductor_config=False)
    int4 = Int4WeightOnlyConfig(group_size=32, int4_packing_format=tiled, set_inductor_config=False)
    for kind, config in (("int8", int8), ("int4", int4)):
        quantize_(module, config, filter_fn=lambda layer, name, kind=kind: plan.get(name) == kind and is_linear(layer))
    return left


def is_linear(layer: Any) -> bool:
    """Whether this layer is a single product: exact types, since a subclass may do more."""
    return type(layer) in (nn.Linear, DenseLinear, Conv1D)


def linear_weight(layer: Any) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Weight [out, in] and bias; GPT-2's Conv1D holds the transpose."""
    weight, bias = layer.weight.detach(), layer.bias
    return (weight.t() if isinstance(layer, Conv1D) else weight), bias


def multiplier(embedding: Any) -> float:
    """The factor an embedding multiplies its rows by (Gemma), rounded to bf16."""
    scale = getattr(embedding, "embed_scale", 1.0)
    return float(torch.as_tensor(scale).bfloat16())


def _as_linear(layer: Any) -> nn.Linear:
    weight, bias = linear_weight(layer)
    linear = nn.Linear(weight.shape[1], weight.shape[0], device="meta", bias=bias is not None)
    linear.weight = nn.Parameter(weight.contiguous(), requires_grad=False)
    linear.register_parameter("bias", None if bias is None else nn.Parameter(bias, requires_grad=False))
    return linear


def is_tied(module: Any) -> bool:
    """Whether head and input embedding are one table."""
    head, table = module.get_output_embeddings(), module.get_input_embeddings()
    return head is not None and table is not None and head.weight is table.weight


def embedding_name(module: Any) -> str | None:
    """The input embedding, if it is a plain table (or Gemma's scaled one): its rows can then be int8."""
    table = module.get_input_embeddings()
    plain = type(table) is nn.Embedding or type(table).__name__.endswith("TextScaledWordEmbedding")
    return next((n for n, layer in module.named_modules() if layer is table), None) if plain else None


def own_memory(module: Any) -> None:
    """Copy parameters out of the file that transformers maps into memory.

    Otherwise the first run would read the disk within its measured times, and a file changed meanwhile would end the
    process.
    """
    for parameter in module.parameters():
        parameter.data = parameter.data.clone()


def _floats_to_bf16(module: Any) -> None:
    """Parameters only: rotary frequencies, a buffer, lose their meaning in bf16. A copy: see `own_memory`."""
    for parameter in module.parameters():
        if parameter.is_floating_point():
            parameter.data = parameter.data.to(torch.bfloat16, copy=True)
