"""Every weight of a file must have a place in the model: transformers silently drops the others."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from transformers.integrations.gguf.gguf_conversion_mapping import GGUF_ARCHS
from transformers.modeling_gguf_pytorch_utils import TENSOR_PROCESSORS, TensorProcessor, get_gguf_hf_weights_map

from playground.errors import PlaygroundError
from playground.models.gguf_header import GgufHeader

# Weights that are computed elsewhere, or that belong to another use of the checkpoint.
_HARMLESS = re.compile(
    r"(.*\.)?(rotary_emb\.(inv_freq|cos_cached|sin_cached)|masked_bias|position_ids)"  # buffers
    r"|(model\.)?(vision|visual|audio|image|multi_modal|mm|vq)\w*\..*"  # towers for other input than text
    r"|mtp\..*"  # draft heads, which guess several tokens at once
)
_MASK = re.compile(r"(.*\.)?(attn|attention)\.bias")  # GPT-2's causal mask, unless it is a vector
# In a GGUF file: read separately, or made from the config.
_READ_APART = re.compile(r"rope_(freqs|factors_long|factors_short)\.weight|blk\.\d+\.attn_rot_embd\.weight")


def check_placed(title: str, unplaced: Iterable[str], config: Any, shapes: Mapping[str, Sequence[int]]) -> None:
    """Reject weights that the model has no place for, except those that change no answer.

    `shapes` are those of all weights by their name in the files.

    Raises:
        PlaygroundError: Names the weights.
    """
    lost = sorted(
        name
        for name in unplaced
        if not (_HARMLESS.fullmatch(name) or _is_mask(name, shapes) or _is_draft(name, config))
    )
    if lost:
        shown = ", ".join(lost[:4]) + (f" and {len(lost) - 4} more" if len(lost) > 4 else "")
        raise PlaygroundError(
            f"{title}: {len(lost)} of its weights have no place in the model that its config describes: {shown}. "
            "Without them the answers would be wrong: correct the config, or fetch config and weights again."
        )


def _is_mask(name: str, shapes: Mapping[str, Sequence[int]]) -> bool:
    if not _MASK.fullmatch(name):
        return False
    return any(len(shape) > 1 for own, shape in shapes.items() if own.endswith(name) or name.endswith(own))


def _is_draft(name: str, config: Any) -> bool:
    """Whether it belongs to the layers after the last, which predict several tokens at once (DeepSeek, GLM)."""
    text = config.get_text_config(decoder=True)
    drafts, layer = getattr(text, "num_nextn_predict_layers", None), re.match(r"(?:model\.)?layers\.(\d+)\.", name)
    layers = getattr(text, "num_hidden_layers", None)
    if not layer or type(drafts) is not int or type(layers) is not int:
        return False
    return layers <= int(layer[1]) < layers + drafts


def unplaced_tensors(header: GgufHeader, skeleton: Any) -> list[str]:
    """Tensors of a GGUF file that transformers' older reader skips; the newer reader reports them."""
    if header.architecture in GGUF_ARCHS:
        return []
    names = get_gguf_hf_weights_map(skeleton, TENSOR_PROCESSORS.get(header.architecture, TensorProcessor)())
    placed = set(names) | ({"output.weight"} if header.architecture == "gpt2" else set())
    return [
        tensor.name
        for tensor in header.tensors
        if not {tensor.name, tensor.name.removesuffix(".weight")} & placed and not _READ_APART.fullmatch(tensor.name)
    ]
