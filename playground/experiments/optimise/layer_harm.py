"""Which layer hurts: the distribution when one layer alone is rounded to fewer bits, the others left as they are."""

from collections.abc import Sequence

from torch import Tensor

from playground.engine.decoder import Decoder
from playground.experiments.optimise.closeness import closeness
from playground.experiments.optimise.records import Figure, Line
from playground.experiments.optimise.scoring import text_logits
from playground.models.llama import LlamaWeights
from playground.models.rounded import can_round, with_rounded_layer
from playground.numbers import short_number
from playground.runs.stages import ShouldStop, Stage, Steps

BITS = {"int8": 8, "int4": 4}


def harm_by_layer(
    weights: object, ids: Sequence[int], wanted: Tensor, every: int, should_stop: ShouldStop
) -> Steps[Figure | None]:
    """KL(reference || reference with one rounded layer), for every layer or one of every few; None if none can be.

    The model itself is not changed: the rounded layer is a copy.

    Raises:
        Stopped: `should_stop` said so.
    """
    if not isinstance(weights, LlamaWeights) or not can_round(weights):
        return None
    places = range(0, len(weights.layers), every)
    lines, total = list[Line](), len(places) * len(BITS)
    for name, bits in BITS.items():
        ys = list[float | None]()
        for place in places:
            yield Stage(f"layer {place + 1} alone in {name}", (len(lines) * len(places) + len(ys)) / total)
            got = text_logits(Decoder(with_rounded_layer(weights, place, bits)), ids, should_stop)
            ys.append(closeness(wanted, got).numbers()["kl_mean_nats"])
        lines.append(Line(name=f"{name}, this layer alone", xs=[float(place + 1) for place in places], ys=ys))
    return Figure(
        title="Which layer hurts", x="layer", y="KL, mean", y_unit="nats", lines=lines,
        summary=" ".join(_worst(line) for line in lines) + " Weights were rounded; activations kept their bits.",
    )  # fmt: skip


def _worst(line: Line) -> str:
    """The layer that changes most, and how it compares with the mean of all."""
    found = [(y, x) for x, y in zip(line.xs, line.ys, strict=True) if y is not None]
    most, place = max(found)
    mean = sum(y for y, _ in found) / len(found)
    is_one = len(found) == 1 or not mean
    times = "" if is_one else f", {short_number(most / mean)} times the mean of the layers measured"
    return f"{line.name}: layer {place:.0f} changes most, {short_number(most)} nats{times}."
