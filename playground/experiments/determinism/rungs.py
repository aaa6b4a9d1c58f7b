"""The rungs of the ladder, its fixes and the arms of the load simulator: names and words, nothing that computes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from playground.errors import PlaygroundError, nearest

Group = Literal["sampling", "numerics", "another-model"]


@dataclass(frozen=True)
class Rung:
    """One factor that is changed from the reference; `factor` says from what to what."""

    name: str
    title: str
    group: Group
    factor: str


@dataclass(frozen=True)
class Fix:
    """A cure, and what it is a cure of."""

    name: str
    title: str
    cures: str


@dataclass(frozen=True)
class Arm:
    """One method under load."""

    name: str
    title: str
    quantization: str


RUNGS = (
    Rung("unseeded", "Sampling without a seed", "sampling", "a random draw instead of the likeliest token"),
    Rung("seeded", "Sampling with a seed", "sampling", "a draw fixed by a seed instead of the likeliest token"),
    Rung("greedy", "Greedy again", "sampling", "nothing: the reference once more"),
    Rung("batch-2", "Batch of 2", "numerics", "2 rows computed together instead of 1"),
    Rung("batch-8", "Batch of 8", "numerics", "8 rows computed together instead of 1"),
    Rung("batch-16", "Batch of 16", "numerics", "16 rows computed together instead of 1"),
    Rung("left-padding-8", "8 padding tokens", "numerics", "8 masked tokens before the prompt instead of none"),
    Rung("left-padding-32", "32 padding tokens", "numerics", "32 masked tokens before the prompt instead of none"),
    Rung("no-cache", "No KV cache", "numerics", "all tokens read again at each step instead of a KV cache"),
    Rung("prefill-chunks", "Prompt in chunks of 16", "numerics", "the prompt read 16 tokens at a time, not at once"),
    Rung("eager", "Eager attention", "numerics", "attention as separate products instead of one fused kernel (sdpa)"),
    Rung("threads", "Different number of threads", "numerics", "another number of processor threads"),
    Rung("fp32", "fp32", "numerics", "32-bit numbers instead of the reference's"),
    Rung("bf16", "bf16", "numerics", "16-bit brain floats instead of the reference's numbers"),
    Rung("fp16", "fp16", "numerics", "16-bit half floats instead of the reference's numbers"),
    Rung("instruction-set", "Another instruction set", "numerics", "an older instruction set, in a fresh process"),
    Rung("own-decoder", "Our own decoder", "numerics", "this playground's decoder instead of transformers' module"),
    Rung("int8", "int8 weights", "another-model", "weights rounded to 8 bits, activations bf16"),
    Rung("int4", "int4 weights", "another-model", "weights rounded to 4 bits in groups of 32, activations bf16"),
)

FIXES = (
    Fix("greedy", "Greedy", "another answer at each run, because tokens are drawn at random"),
    Fix("seed", "Seed", "another answer at each run, because tokens are drawn at random"),
    Fix("fp32", "fp32", "another answer in bf16 when the batch around the request changes"),
    Fix("fixed-tile", "Batch-invariant products", "other logits in bf16 when the batch around the request changes"),
    Fix("layer-cast", "LayerCast", "another answer in bf16 when the batch around the request changes"),
    Fix("strict-cnr", "Strict CNR of MKL", "other logits in fp32 when the batch around the request changes"),
)

ARMS = (
    Arm("bf16", "bf16", "bf16"),
    Arm("fp32", "fp32", "fp32"),
    Arm("bf16-fixed-tile", "bf16, batch-invariant products", "bf16"),
    Arm("layer-cast", "LayerCast: bf16 weights, fp32 products", "bf16"),
)
DEFAULT_ARMS = ("bf16", "fp32", "bf16-fixed-tile")


def pick(wanted: Sequence[str], names: Sequence[str], what: str) -> tuple[str, ...]:
    """The requested names, in their order here.

    Raises:
        PlaygroundError: There is no such name.
    """
    for name in wanted:
        if name not in names:
            raise PlaygroundError(f"Unknown {what} {name[:60]!r}: {nearest(name, list(names))}")
    return tuple(dict.fromkeys(name for name in names if name in wanted))
