"""What packed weights stand for: the law that tests compare them by."""

import torch
from torch import nn

from playground.models.packing import GROUP, Int4Linear, Int8Embedding, Int8Linear


def dequantized(module: nn.Module) -> torch.Tensor:
    """The float weight [out, in] that a packed module effectively multiplies by."""
    if isinstance(module, Int8Linear | Int8Embedding):
        return module.rows.float() * module.scale.float()[:, None]
    if isinstance(module, Int4Linear):
        # The packed layout depends on the processor, so its kernel reads it: a product with the unit matrix.
        unit = torch.eye(module.in_features, dtype=torch.bfloat16, device=module.packed.device)
        columns = torch.ops.aten._weight_int4pack_mm_for_cpu(unit, module.packed, GROUP, module.scale_zero)
        return columns[:, : module.out_features].t().float().contiguous()
    raise TypeError(f"{type(module).__name__} is not packed")
