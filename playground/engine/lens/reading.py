"""The logit lens: each layer's state read as if it were the last one (nostalgebraist 2020, "interpreting GPT")."""

from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from playground.engine.decoder import Decoder
from playground.engine.lens.base import LayerPass, Lens, LensUnavailable
from playground.engine.lens.decoder import DecoderLens
from playground.engine.lens.module import ModuleLens
from playground.engine.model import LanguageModel
from playground.engine.module import ModuleModel

_TOLERANCE = 0.05  # in probability: half-precision heads differ in their last bits, a wrong path by far more


@dataclass(frozen=True)
class LensGrid:
    """What each state [layers + 1, positions] would predict, compared with the model's output there.

    Attributes:
        top_ids, top_probs: The likeliest token, and its probability.
        final_ids: The model's likeliest token at each position, [positions].
        final_ranks, final_probs: Rank (1 is the likeliest) and probability that each state gives that token.
        last_layer_diff: Largest difference of a probability between the last state, read by the lens, and the model's
            distribution, at the last position.
        block_bytes: Peak bytes of logits held at once.
    """

    top_ids: Tensor
    top_probs: Tensor
    final_ids: Tensor
    final_ranks: Tensor
    final_probs: Tensor
    last_layer_diff: float
    block_bytes: int


def lens_of(model: LanguageModel) -> Lens:
    """A lens on our decoder or on a transformers module.

    Raises:
        LensUnavailable: Its layers can't be watched.
    """
    if isinstance(model, Decoder):
        return DecoderLens(model)
    if isinstance(model, ModuleModel):
        return ModuleLens(model)
    raise LensUnavailable(f"A {type(model).__name__} does not show its layers.")


@torch.inference_mode()
def read_grid(lens: Lens, seen: LayerPass) -> Generator[int, None, LensGrid]:
    """Read the states of one layer at a time, the last first, so only one layer's logits are held at a time.

    Args:
        lens: The lens that made the pass.
        seen: Its states; the last position is the one of the pass's logits.

    Yields:
        Layers read, after each.

    Raises:
        LensUnavailable: The last layer, read this way, differs from the model's output: its head is of an unknown kind.
    """
    final_ids, diff, block_bytes = None, 0.0, 0
    rows: list[tuple[Tensor, ...]] = []
    for number, states in enumerate(seen.states.flip(0)):
        logits = lens.unembed(states)
        block_bytes = max(block_bytes, 2 * logits.nbytes)  # logits and probabilities
        probs = logits.softmax(-1)
        if final_ids is None:
            final_ids = logits.argmax(-1)
            diff = float((probs[-1].cpu() - seen.logits.softmax(-1)).abs().max())
            _check(diff)
        own = probs.gather(1, final_ids[:, None])
        top_probs, top_ids = probs.max(-1)
        rows.append((top_ids.cpu(), top_probs.cpu(), (probs > own).sum(-1).cpu() + 1, own[:, 0].cpu()))
        yield number + 1
    assert final_ids is not None
    top_ids, top_probs, ranks, own_probs = (torch.stack(parts).flip(0) for parts in zip(*rows, strict=True))
    return LensGrid(top_ids, top_probs, final_ids.cpu(), ranks, own_probs, diff, block_bytes)


def _check(diff: float) -> None:
    if not diff <= _TOLERANCE:  # true for NaN too
        raise LensUnavailable(
            f"The last layer, read through final norm and head, differs by {diff:.2g} from the model's "
            "probabilities: this architecture computes its logits in another way, so its layers can't be read."
        )
