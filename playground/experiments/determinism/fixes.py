"""Cures, tried and measured: what differed without each, what differs with it, and what it costs."""

import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from playground.errors import NotEnoughMemory, PlaygroundError
from playground.experiments.determinism.answers import Measured, fork_between, greedy, measure
from playground.experiments.determinism.climbing import drawn_twice
from playground.experiments.determinism.drift import NotFinite
from playground.experiments.determinism.instruction_sets import strict_cnr
from playground.experiments.determinism.manners import Manner, ModuleManner
from playground.experiments.determinism.process import in_fresh_process
from playground.experiments.determinism.records import ControlRecord, FixRecord
from playground.experiments.determinism.rungs import Fix
from playground.experiments.determinism.scene import Scene
from playground.experiments.determinism.switches import fixed_tile, layer_cast
from playground.models.loading import LoadedModel
from playground.runs.experiment import TIMES
from playground.runs.stages import Stage, Steps, obey

ROWS = 8  # the batch that all cures are tried on
TIMED_STEPS = 12
Switch = Callable[[Any], AbstractContextManager[None]]
Rates = tuple[float | None, float | None]  # tokens per second without and with the cure


class Pair:
    """A model alone and in a batch: how far its logits move."""

    def __init__(self, measured: Measured):
        self.max_abs, self.fork = measured.max_abs, measured.fork

    def words(self, name: str) -> str:
        """What was measured, with numbers."""
        if self.max_abs == 0:
            return f"{name}: batch of {ROWS} bitwise equal to one alone"
        forks = "no fork" if self.fork is None else f"fork at token {self.fork}"
        return f"{name}: batch of {ROWS} moves logits by up to {self.max_abs:.2g}, {forks}"


@dataclass(frozen=True)
class Cost:
    """Tokens per second without and with a cure, for one request alone and for the whole batch."""

    alone_rates: Rates
    batch: Rates

    @property
    def alone(self) -> str:
        """In words."""
        return f"one alone: {self.alone_rates[0]:.1f} tokens/s without, {self.alone_rates[1]:.1f} with"


class Fixes:
    """Tries cures on one scene; pairs that several of them need are measured once."""

    def __init__(self, scene: Scene, control: ControlRecord):
        self._scene, self._control = scene, control
        self._pairs: dict[str, Pair] = {}

    def attempt(self, fix: Fix) -> Steps[FixRecord]:
        """Try one cure; one that can't be tried here says why."""
        how = {
            "greedy": self._greedy, "seed": self._seed, "fp32": self._fp32, "fixed-tile": self._fixed_tile,
            "layer-cast": self._layer_cast, "strict-cnr": self._strict_cnr,
        }[fix.name]  # fmt: skip
        try:
            return (yield from how(fix))
        except PlaygroundError as error:
            return _skipped(fix, str(error))
        except NotFinite:
            return _skipped(fix, "The model gives logits that are not finite in this number type.")
        except (TypeError, ValueError, RuntimeError, NotImplementedError) as error:  # what an architecture can't do
            return _skipped(fix, f"This architecture can't be computed so: {' '.join(str(error).split())[:300]}")

    def _greedy(self, fix: Fix) -> Steps[FixRecord]:
        before, has_parted = yield from self._unseeded()
        after = f"{self._control.repeats} greedy runs: every logit bitwise equal"
        return _fixed(fix, before, after, self._control.bitwise_equal if has_parted else None)

    def _seed(self, fix: Fix) -> Steps[FixRecord]:
        before, has_parted = yield from self._unseeded()
        first, second = yield from drawn_twice(self._scene, "seeded")
        parted = fork_between(first, second)
        says = "the same answer" if parted is None else f"diverged at token {parted}"
        return _fixed(
            fix, before, f"two runs with seed {self._scene.settings.seed}: {says}",
            parted is None if has_parted else None,
        )  # fmt: skip

    def _unseeded(self) -> Steps[tuple[str, bool]]:
        first, second = yield from drawn_twice(self._scene, "unseeded")
        parted = fork_between(first, second)
        says = "the same answer" if parted is None else f"diverged at token {parted}"
        heat = f"temperature {self._scene.settings.temperature:g}"
        return f"two runs without a seed at {heat}: {says}", parted is not None

    def _fp32(self, fix: Fix) -> Steps[FixRecord]:
        before, after = (yield from self._native("bf16")), (yield from self._native("fp32"))
        rates = yield from self._rates_of_types("bf16", "fp32")
        return _fixed(fix, before.words("bf16"), after.words("fp32"), _fork_gone(before, after), rates)

    def _fixed_tile(self, fix: Fix) -> Steps[FixRecord]:
        before = yield from self._native("bf16")
        after, cost = yield from self._changed(fix.title, fixed_tile)
        words = f"{after.words('bf16 in tiles of 16 rows')}; {cost.alone}"
        works = after.max_abs == 0 if before.max_abs else None
        return _fixed(fix, before.words("bf16"), words, works, cost.batch)

    def _layer_cast(self, fix: Fix) -> Steps[FixRecord]:
        before = yield from self._native("bf16")
        after, cost = yield from self._changed(fix.title, layer_cast)
        words = f"{after.words('bf16 weights, fp32 products')}; {cost.alone}"
        return _fixed(fix, before.words("bf16"), words, _fork_gone(before, after), cost.batch)

    def _strict_cnr(self, fix: Fix) -> Steps[FixRecord]:
        if self._scene.quick:
            return _skipped(fix, "Left out: it needs a fresh process, and this is a quick ladder.")
        variables, name = strict_cnr(self._scene.device)
        if not variables:
            return _skipped(fix, name)
        before = yield from self._native("fp32")
        job = self._scene.job(rows=ROWS, quantization="fp32")
        found = yield from in_fresh_process(job, variables, self._scene.should_stop, f"{fix.title}, in a fresh process")
        after = Pair(Measured(**found["measured"]))
        works = after.max_abs == 0 if before.max_abs else None
        words, processor = after.words(f"fp32 with {name}"), self._scene.loaded.facts.device_name
        # "On non-Intel CPUs, only AUTO and COMPATIBLE are supported": Intel oneMKL developer guide, CNR examples.
        if works is False and "intel" not in processor.lower():
            words += f"; MKL offers this on Intel processors, and this is {processor}"
        return _fixed(fix, before.words("fp32"), words, works)

    def _native(self, quantization: str) -> Steps[Pair]:
        """The pair of a number type as it is; the ladder's own rung serves where it was climbed."""
        scene, name = self._scene, f"batch-{ROWS}"
        if quantization not in self._pairs:
            if quantization == scene.quantization and name in scene.rungs:
                self._pairs[quantization] = Pair(scene.rungs[name])
            else:

                def work(loaded: LoadedModel) -> Steps[Pair]:
                    return (yield from _pair(scene, loaded.module, quantization))

                self._pairs[quantization] = yield from scene.with_model(quantization, work)
        return self._pairs[quantization]

    def _rates_of_types(self, without: str, with_: str) -> Steps[Rates]:
        """What another number type costs a batch, both in memory at once; nothing where they do not fit."""
        scene = self._scene

        def both(first: LoadedModel) -> Steps[Rates]:
            def work(second: LoadedModel) -> Steps[Rates]:
                manners = [ModuleManner(loaded.module, rows=ROWS) for loaded in (first, second)]
                return (yield from _timed(scene, manners[0], manners[1], ROWS))

            return (yield from scene.with_model(with_, work))

        try:
            return (yield from scene.with_model(without, both))
        except NotEnoughMemory:
            return None, None

    def _changed(self, doing: str, switch: Switch) -> Steps[tuple[Pair, Cost]]:
        """The pair of bf16 with a change to how it computes, and what the change costs."""
        scene = self._scene

        def work(loaded: LoadedModel) -> Steps[tuple[Pair, Cost]]:
            with switch(loaded.module):
                pair = yield from _pair(scene, loaded.module, doing)
            rates = []
            for rows in (1, ROWS):
                plain = ModuleManner(loaded.module, rows=rows)
                changed = ModuleManner(loaded.module, rows=rows, around=lambda: switch(loaded.module))
                rates.append((yield from _timed(scene, plain, changed, rows)))
            return pair, Cost(*rates)

        return (yield from scene.with_model("bf16", work))


def _pair(scene: Scene, module: Any, doing: str) -> Steps[Pair]:
    """This module's own greedy answer, and a batch of it compared with that."""
    reference = yield from greedy(ModuleManner(module), scene.ground, f"{doing}: one alone")
    manner = ModuleManner(module, rows=ROWS)
    return Pair((yield from measure(manner, reference, scene.ground, f"{doing}: batch of {ROWS}")))


def _timed(scene: Scene, without: Manner, with_: Manner, rows: int) -> Steps[Rates]:
    """The others read why it takes the machine for longer."""
    with scene.alone(TIMES):
        return (yield from _rates(scene, without, with_, rows))


def _rates(scene: Scene, without: Manner, with_: Manner, rows: int) -> Steps[Rates]:
    """Tokens per second without and with a cure: steps in alternation, so that a busy machine slows both alike."""
    manners, times_s = (without, with_), ([], [])
    token = int(without.start(scene.prompt).argmax())
    with_.start(scene.prompt)
    limit = scene.loaded.facts.context_length
    for _ in range(TIMED_STEPS if limit is None else min(TIMED_STEPS, limit - len(scene.prompt))):
        for manner, times in zip(manners, times_s, strict=True):
            obey(scene.should_stop)
            begun = time.perf_counter()
            manner.step(token)
            times.append(time.perf_counter() - begun)
        yield Stage("What the fix costs", 1.0)
    return rows / statistics.median(times_s[0]), rows / statistics.median(times_s[1])


def _fork_gone(before: Pair, after: Pair) -> bool | None:
    """Whether a cure of answers, not of bits, works; None if no answer differed."""
    return None if before.fork is None else after.fork is None


def _fixed(fix: Fix, before: str, after: str, works: bool | None, rates: Rates = (None, None)) -> FixRecord:
    return FixRecord(
        name=fix.name, title=fix.title, cures=fix.cures, before=before, after=after, works=works,
        tokens_per_s_before=rates[0], tokens_per_s_after=rates[1],
    )  # fmt: skip


def _skipped(fix: Fix, why: str) -> FixRecord:
    return FixRecord(name=fix.name, title=fix.title, cures=fix.cures, before="", after="", works=None, skipped=why)
