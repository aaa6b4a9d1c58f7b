"""Decoding of one row: our loop and our decoder against others and across quantizations, and what recording costs.

All requested arms are measured in turn in every round, each once, whatever the number of comparisons it is part of.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch

from playground.bench.alternating import Alternating
from playground.bench.models import RECORDED, prompt_ids
from playground.bench.rates import bare_decode_rate, generate_decode_rate, recorded, seconds, timed_rows
from playground.bench.result import Result, compared
from playground.models.loading import Engine
from playground.settings import make_settings

_STEPS = 20


@dataclass(frozen=True)
class Arm:
    """One method to decode, and the form of the model.

    Attributes:
        how: `product` is our loop with everything recorded, `bare` nothing but forward and argmax, `generate` that of
            transformers with a streamer.
        quantization, engine: As in `load`.
    """

    how: Literal["product", "bare", "generate"]
    quantization: str = "fp32"
    engine: Engine = "decoder"

    def rate(self, bench: Alternating) -> float:
        """Tokens a second, from the median step."""
        backend = bench.models.of(self.quantization, self.engine)
        ids = prompt_ids(backend)
        if self.how == "product":
            return timed_rows(backend, ids, make_settings(**RECORDED, max_new_tokens=bench.tokens), 1).tokens_per_s
        if self.how == "bare":
            return bare_decode_rate(backend.text_model.model, ids, bench.tokens)
        return generate_decode_rate(backend, ids, bench.tokens)


@dataclass(frozen=True)
class Pair:
    """A comparison of two arms; `measurement` is the name by which it is requested."""

    measurement: str
    name: str
    ours: Arm
    peer: Arm
    target: float
    note: str


_PRODUCT, _BARE = Arm("product"), Arm("bare")
_LOOP = "decode, everything recorded / bare loop of forward and argmax over the same model"
_GENERATE = "decode, everything recorded / model.generate with a TextIteratorStreamer, same sampling"
_MODULE = Arm("bare", engine="transformers")
_PAIRS = (
    Pair("loop", "loop over transformers", Arm("product", engine="transformers"), _MODULE, 0.95, _LOOP),
    Pair("loop", "loop over decoder", _PRODUCT, _BARE, 0.95, _LOOP),
    Pair("generate", "generate", _PRODUCT, Arm("generate", engine="transformers"), 2.0, _GENERATE),
    Pair("decoder", "decoder", _BARE, _MODULE, 1.10, "bare loop over our decoder / over transformers' module, fp32"),
    Pair("quantization", "bf16", Arm("product", "bf16"), _PRODUCT, 1.0, "decode / fp32"),
    Pair("quantization", "int8", Arm("product", "int8"), _PRODUCT, 1.4, "decode / fp32"),
    Pair("quantization", "int4", Arm("product", "int4"), _PRODUCT, 1.9, "decode / fp32"),
)


def decoding(bench: Alternating, names: Sequence[str]) -> Iterator[Result]:
    """The loop, `generate`, the decoder and the quantizations, as far as they are requested."""
    pairs = [pair for pair in _PAIRS if pair.measurement in names]
    arms = list(dict.fromkeys(arm for pair in pairs for arm in (pair.ours, pair.peer)))
    for arm in arms:
        bench.models.of(arm.quantization, arm.engine)  # before the rounds, whose length says how many there may be
    seen = bench.rounds(lambda: {arm: arm.rate(bench) for arm in arms})
    for pair in pairs:
        yield compared(
            pair.name,
            seen,
            ours=lambda rates, arm=pair.ours: rates[arm],
            peer=lambda rates, arm=pair.peer: rates[arm],
            target=pair.target,
            unit="tok/s",
            note=pair.note + _weight(bench, pair.ours),
            limit=bench.limit(bench.models.of(pair.ours.quantization, pair.ours.engine)),
        )


def _weight(bench: Alternating, arm: Arm) -> str:
    if arm.quantization == "fp32":
        return ""
    packed, base = (bench.models.of(one).facts.weights_bytes for one in (arm.quantization, "fp32"))
    return f"; weights {packed / 1e6:.1f} MB, {packed / base:.3f} of fp32"


def recording(bench: Alternating) -> Iterator[Result]:
    """What recording probabilities, entropy and alternatives costs, in shares of a step."""
    steps, records = dict[str, partial[object]](), dict[str, partial[object]]()
    for form in ("fp32", "int4"):
        backend = bench.models.of(form)
        model, ids = backend.text_model.model, torch.tensor([prompt_ids(backend)])
        cache = model.new_cache()
        logits = model.forward(ids, cache)
        steps[form] = partial(model.forward, ids[:, -1:], cache)
        records[form] = partial(recorded, backend, logits, int(RECORDED["top"]))
    seen = bench.rounds(
        lambda: {form: (seconds(steps[form], _STEPS), seconds(records[form], _STEPS)) for form in steps}
    )
    for form in steps:
        yield compared(
            f"recording in {form}",
            seen,
            ours=lambda times, form=form: times[form][0],
            peer=lambda times, form=form: times[form][1],
            target=1 / 0.03,
            unit="s",
            note="time of a step / time to record its distribution: at least 33 means under 3 % of a step",
        )
