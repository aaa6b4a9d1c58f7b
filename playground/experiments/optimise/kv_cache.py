"""Panel: what the KV cache saves, what it takes, and how few bits it can have."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

import torch

from playground.backends.local import text_model_of
from playground.engine.decoder import Decoder
from playground.engine.kv_bits import Bits, NarrowCache
from playground.engine.model import KVCache, TextModel
from playground.experiments.optimise.closeness import Closeness, closeness, logits_of
from playground.experiments.optimise.declare import finished
from playground.experiments.optimise.declared.kv_cache import NAME, NARROW, WITH, WITHOUT, KVCacheRequest
from playground.experiments.optimise.greedy import Greedy, answer
from playground.experiments.optimise.protocol import Arm, Sample, Trial, nothing
from playground.experiments.optimise.records import Figure, Line, OptimisationRecord, Standing
from playground.experiments.optimise.verdict import difference, verdict_of
from playground.metrics.roofline import step_limit_s
from playground.numbers import short_number
from playground.runs.experiment import Lab
from playground.runs.stages import Stage, Steps

HEADLINE = ["decode_tokens_per_s", "kv_cache_bytes"]


def measure(lab: Lab, request: KVCacheRequest) -> Steps[OptimisationRecord | None]:
    """Greedy answers of the same length, one way after the other."""
    prompt = lab.read(lambda backend: backend.prepare(request.prompt, request.settings, request.recorded))
    yield prompt
    bench = _Bench(lab, text_model_of(lab.backend.weights()), prompt.ids, request.length)
    yield Stage("measuring how close the narrow caches are", 0.0)
    arms = bench.arms()
    trial = Trial(arms, HEADLINE)
    found = yield from trial.run(lab, request.cycles)
    if found is None:
        return None
    found = found.model_copy(update={"figures": [bench.times()]})
    return finished(lab, NAME, request, found, verdict_of(found, _saving(found)))


class _Bench:
    """What all arms share, and the time of each token, by arm."""

    def __init__(self, lab: Lab, text_model: TextModel, prompt: Sequence[int], tokens: int):
        self._lab, self._text_model, self._prompt, self._tokens = lab, text_model, prompt, tokens
        self._model = text_model.model
        self._token_s: dict[str, list[list[float]]] = {}

    def arms(self) -> list[Arm]:
        """The baseline keeps what it computes; of the narrow ones, what they change is measured here, once."""
        own = self._model.new_cache
        before = self._answer(own)
        arms = [
            Arm(WITH, partial(self._run, WITH, own), {"kept": True}, {"decode_tokens_per_s": self._limit(before)}),
            Arm(WITHOUT, partial(self._run, WITHOUT, own, keeps=False), {"kept": False}, self._recomputed(before)),
        ]
        if not isinstance(self._model, Decoder):
            why = "This model runs through transformers' own module, whose cache has the bits of the model."
            return [*arms, *(Arm(_named(*bits), nothing, not_here=why) for bits in NARROW)]
        wanted = logits_of(self._model, self._prompt, before.ids, own(), self._lab.should_stop)
        return [*arms, *(self._narrow(bits, before, wanted) for bits in NARROW)]

    def _narrow(self, bits: tuple[Bits, Bits], before: Greedy, wanted: torch.Tensor) -> Arm:
        model, name = cast(Decoder, self._model), _named(*bits)
        try:
            NarrowCache(model.new_cache(), *bits)
        except ValueError as error:
            return Arm(name, nothing, not_here=f"Its heads do not fit: {error}.")
        cache = partial(_narrow_cache, model, *bits)
        got = logits_of(model, self._prompt, before.ids, cache(), self._lab.should_stop)
        near: Closeness = closeness(wanted, got)
        settings = {"key_bits": bits[0], "value_bits": bits[1]}
        share = cache().token_bytes / self._own_token_bytes(before)
        predicted = {"kv_cache_bytes": before.kv_cache_bytes * share}
        return Arm(name, partial(self._run, name, cache), settings, predicted, near.numbers())

    def _own_token_bytes(self, before: Greedy) -> float:
        return before.kv_cache_bytes / (len(self._prompt) + self._tokens - 1)

    def _limit(self, before: Greedy) -> float:
        """Tokens a second if a token takes as long as reading the weights and the cache from memory once."""
        facts, runner = self._lab.backend.facts, self._lab.runner
        return 1 / step_limit_s(facts.step_bytes, before.kv_cache_bytes, runner.bandwidth(facts.device))

    def _recomputed(self, before: Greedy) -> dict[str, float]:
        """Every token takes as long as reading all before it, at the prefill rate that was just measured."""
        rate = len(self._prompt) / before.prefill_s
        mean = len(self._prompt) + self._tokens / 2
        return {"decode_tokens_per_s": rate / mean, "kv_cache_bytes": 0.0}

    def _answer(self, cache: Callable[[], KVCache], *, keeps: bool = True) -> Greedy:
        clock, stop = self._lab.clock, self._lab.should_stop
        return answer(self._model, self._prompt, self._tokens, clock, stop, new_cache=cache, keeps=keeps)

    def _run(self, name: str, cache: Callable[[], KVCache], *, keeps: bool = True) -> Sample:
        found = self._answer(cache, keeps=keeps)
        self._token_s.setdefault(name, []).append(found.token_s)
        numbers = {"decode_tokens_per_s": 1 / found.tpot_s, "kv_cache_bytes": float(found.kv_cache_bytes)}
        text = self._lab.decoded(found.ids)
        return Sample(numbers, found.ids, text)

    def times(self) -> Figure:
        """Time of each token against its position, the median of all runs but the warm-up."""
        start = len(self._prompt) + 1
        lines = []
        for name in (WITH, WITHOUT):
            runs = self._token_s[name][1:]
            ys: list[float | None] = [float(sorted(one)[len(one) // 2]) for one in zip(*runs, strict=True)]
            lines.append(Line(name=name, xs=[float(start + place) for place in range(len(ys))], ys=ys))
        ends = [cast(float, line.ys[-1]) for line in lines]
        return Figure(
            title="Time per token by position", x="position", x_unit="tokens", y="time per token", y_unit="s",
            lines=lines, summary=f"At the end, a token takes {short_number(ends[1] / ends[0])} times as long without.",
        )  # fmt: skip


def _saving(found: Standing) -> str:
    """What keeping saves, against reading everything again."""
    one = difference(found, found.variants[0], HEADLINE[0])
    if one is None or not one.is_seen or not one.times:
        return ""
    return f"With a kept cache, decode is {short_number(1 / one.times)} times as fast as without."


def _narrow_cache(model: Decoder, key_bits: Bits, value_bits: Bits) -> NarrowCache:
    return NarrowCache(model.new_cache(), key_bits, value_bits)


def _named(key_bits: int, value_bits: int) -> str:
    kinds = {16: "bf16", 8: "int8", 4: "int4"}
    return f"keys {kinds[key_bits]}, values {kinds[value_bits]}"
