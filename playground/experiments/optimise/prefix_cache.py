"""Panel: what the keys and values of an earlier prompt save, where the beginning breaks, and which bits change."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

import torch

from playground.backends.answering import answered
from playground.backends.kept import KeptCaches
from playground.backends.local import text_model_of
from playground.data.optimise import shipped_prefix
from playground.engine.chunks import chunk_tokens, whole_chunks
from playground.engine.events import PreparedPrompt, PromptProcessed, TokenEvent
from playground.engine.model import KVCache, TextModel
from playground.engine.reading import read_to
from playground.experiments.optimise.closeness import closeness, logits_of
from playground.experiments.optimise.declare import finished
from playground.experiments.optimise.declared.prefix_cache import NAME, WARM, PrefixCacheRequest
from playground.experiments.optimise.greedy import answer
from playground.experiments.optimise.prefix_prompts import Prompts, prompts_of
from playground.experiments.optimise.prefix_shown import COLD, MIDDLE, TIME, Bits, Shown
from playground.experiments.optimise.protocol import Arm, Sample, Trial
from playground.experiments.optimise.records import OptimisationRecord
from playground.metrics.cost import api_cost
from playground.runs.experiment import Lab
from playground.runs.stages import Stage, Steps, Stopped
from playground.settings import make_settings

HEADLINE = ["ttft_s", "computed_prompt_tokens"]
_STEPS = 5  # of one token, whose median is the time of a step
_CANNOT = "The cache of this model can't forget its end, so nothing of another prompt can be used."


def measure(lab: Lab, request: PrefixCacheRequest) -> Steps[OptimisationRecord | None]:
    """The same prompt read from nothing, and after earlier ones."""
    data = shipped_prefix()
    prompts = lab.read(lambda backend: prompts_of(backend, request, data))
    yield prompts.read
    bench = _Bench(lab, prompts, request.length)
    yield Stage("reading the earlier prompts", 0.0)
    arms = bench.arms()
    found = yield from Trial(arms, HEADLINE).run(lab, request.cycles)
    if found is None:
        return None
    shown = Shown(lab, prompts, found, bench.bits(), bench.held, bench.speed.seconds)
    found = found.model_copy(update={"figures": [shown.times()], "grids": shown.grids(), "texts": shown.texts()})
    return finished(lab, NAME, request, found, shown.verdict(found))


@dataclass(frozen=True)
class _Speed:
    """What was measured before the arms: one step of one token, and a prompt."""

    step_s: float
    prompt_tokens: int
    prompt_s: float

    def seconds(self, tokens: float) -> float:
        """Time to read this many tokens at once: a step, and the rest at the rate of the prompt."""
        rate = (self.prompt_s - self.step_s) / max(1, self.prompt_tokens - 1)
        return self.step_s + (tokens - 1) * max(0.0, rate)


class _Bench:
    """What all arms share.

    Attributes:
        held: By arm, how many tokens of the prompt are in the cache.
        speed: Of reading, measured before the arms.
    """

    def __init__(self, lab: Lab, prompts: Prompts, tokens: int):
        self._lab, self._prompt = lab, prompts.read
        self._text_model: TextModel = text_model_of(lab.backend.weights()).without_eos()
        self._model = self._text_model.model
        self._settings = make_settings(temperature=0, seed=0, top=0, max_new_tokens=tokens, reuse_prefix=True)
        self._earlier: dict[str, PreparedPrompt] = {WARM: prompts.same, TIME: prompts.time, MIDDLE: prompts.middle}
        self._caches: dict[str, KVCache] = {}
        self.held: dict[str, int] = {COLD: 0}

    def arms(self) -> list[Arm]:
        """Read the earlier prompts, whose times predict those of the arms."""
        times = []
        for name, earlier in self._earlier.items():
            begun_s = self._lab.clock.now()
            self._caches[name] = self._read(earlier.ids)
            times.append((self._lab.clock.now() - begun_s) / len(earlier.ids))
            begun = self._kept(name).beginning(self._prompt.ids)
            self.held[name] = 0 if begun is None else begun.length
        # The first of them was a warm-up.
        tokens = len(self._prompt.ids)
        self.speed = _Speed(self._step_s(), tokens, min(times[1:]) * tokens)
        self._compare()
        return [self._arm(name) for name in (COLD, *self._earlier)]

    def _compare(self) -> None:
        """The greedy answer without a cache, and what each beginning does to the logits of its steps."""
        model, ids, stop = self._model, self._prompt.ids, self._lab.should_stop
        self._answer = answer(model, ids, self._settings.max_new_tokens, self._lab.clock, stop).ids
        self._wanted = logits_of(model, ids, self._answer, model.new_cache(), stop)
        found = {name: self._bits_of(cache, self.held[name]) for name, cache in self._caches.items()}
        self._bits = {name: bits for name, bits in found.items() if bits is not None}

    def _read(self, ids: Sequence[int]) -> KVCache:
        cache = self._model.new_cache()
        if read_to(self._text_model, ids, (), cache, self._lab.should_stop) is None:
            raise Stopped
        return cache

    def _step_s(self) -> float:
        cache, times = self._caches[WARM].fork(), []
        for _ in range(_STEPS):
            begun_s = self._lab.clock.now()
            self._model.forward(torch.tensor([[self._prompt.ids[0]]]), cache)
            times.append(self._lab.clock.now() - begun_s)
        return median(times)

    def _kept(self, name: str) -> KeptCaches:
        """What is in memory before the prompt is read: nothing, or one earlier prompt."""
        kept = KeptCaches(lambda tokens: whole_chunks(self._model, tokens))
        if name in self._caches:
            kept.keep(self._earlier[name].ids, (), self._caches[name])
        return kept

    def _arm(self, name: str) -> Arm:
        held = self.held[name]
        left = len(self._prompt.ids) - held
        seconds = self.speed.seconds(left)
        why = _CANNOT if name == WARM and not held else ""
        settings = {"in_memory": "nothing" if name == COLD else "an earlier prompt", "cached_tokens": held}
        predicted = {"ttft_s": seconds, "prefill_s": seconds, "computed_prompt_tokens": float(left)}
        once = self._bits[name].numbers() if name in self._bits else {}
        return Arm(name, partial(self._run, name), settings, predicted, once, not_here=why)

    def _counted(self, held: int) -> dict[str, float]:
        """What follows from how many tokens of the prompt are in the cache."""
        tokens = len(self._prompt.ids)
        usd = api_cost(self._lab.runner.pricing.reference, tokens, 0, held).input_usd
        return {
            "computed_prompt_tokens": float(tokens - held), "cached_prompt_tokens": float(held),
            "hit_share": held / tokens, "input_usd": float(usd),
        }  # fmt: skip

    def _run(self, name: str) -> Sample:
        """One answer, as Play computes it, over the cache that holds one earlier prompt."""
        kept, clock = self._kept(name), self._lab.clock
        begun_s, times, ids, processed = clock.now(), list[float](), list[int](), None
        for event in answered(
            self._text_model, kept, self._prompt, self._settings, should_stop=self._lab.should_stop, clock=clock
        ):
            if isinstance(event, PromptProcessed):
                processed = event
            elif isinstance(event, TokenEvent):
                times.append(event.time_s)
                ids.append(event.id)
        self._lab.obey()
        assert processed is not None
        counted = self._counted(processed.prompt_tokens - processed.computed_tokens)
        numbers = {"ttft_s": times[0] - begun_s, "prefill_s": processed.prefill_s, **counted}
        return Sample(numbers, ids, self._lab.decoded(ids))

    def bits(self) -> list[Bits]:
        """Of beginnings that end at the border of a chunk, and within one."""
        border = whole_chunks(self._model, len(self._prompt.ids))
        found = (self._bits_of(self._read(self._prompt.ids), border), self._bits.get(WARM))
        return [one for one in found if one is not None]

    def _bits_of(self, source: KVCache, at: int) -> Bits | None:
        """The logits of every step of the answer after this beginning, against those without; None if it has none."""
        cache = source.fork_at(at) if at else None
        if cache is None:
            return None
        prompt, model = self._prompt.ids, self._model
        got = logits_of(model, prompt[at:], self._answer, cache, self._lab.should_stop)
        is_border = at % chunk_tokens(model, len(prompt)) == 0
        apart, largest = float((self._wanted - got).abs().max()), float(self._wanted.abs().max())
        return Bits(is_border, at, apart, largest, torch.equal(self._wanted, got), closeness(self._wanted, got))
