"""The determinism ladder: one cause after the other, each measured on this machine, behind an A/A control."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import torch

from playground.engine.events import Candidate
from playground.errors import PlaygroundError
from playground.experiments.determinism.answers import Reference, greedy
from playground.experiments.determinism.climbing import climb
from playground.experiments.determinism.control import FRESH, IN_PROCESS, again, again_fresh, control_record
from playground.experiments.determinism.drift import NotFinite
from playground.experiments.determinism.experiment import LadderRequest, reference_quantization
from playground.experiments.determinism.fixes import Fixes
from playground.experiments.determinism.manners import ModuleManner
from playground.experiments.determinism.operations import Widths
from playground.experiments.determinism.probe import probe
from playground.experiments.determinism.records import (
    ControlRecord,
    FixRecord,
    LadderRecord,
    ProbeRecord,
    ReferenceRecord,
    RungRecord,
)
from playground.experiments.determinism.rows import check_plain
from playground.experiments.determinism.rungs import FIXES, RUNGS
from playground.experiments.determinism.scene import Scene, loading
from playground.models.loading import unload
from playground.runs.environment import describe_environment
from playground.runs.experiment import Lab
from playground.runs.measure import model_record
from playground.runs.stages import Parts, Stage, Steps, Stopped, obey
from playground.settings import Settings

MAX_PROMPT_TOKENS = 2048  # batch rungs read it 16 times, and the rung without a cache at every step


def ladder(lab: Lab, request: LadderRequest) -> Steps[LadderRecord | None]:
    """Everything the ladder finds, each as soon as it is known. Stopped before the control is done, it has no record.

    Raises:
        PlaygroundError: The reference can't be computed.
    """
    settings = _settings(request)
    yield (prepared := lab.read(lambda backend: backend.prepare(request.prompt, settings, request.recorded)))
    settings = prepared.counted(settings)
    room = min(settings.max_new_tokens, prepared.context_length - len(prepared.ids))
    if len(prepared.ids) > MAX_PROMPT_TOKENS:
        raise PlaygroundError(
            f"A ladder takes prompts of at most {MAX_PROMPT_TOKENS:,} tokens; this one has {len(prepared.ids):,}."
        )
    if room < 1:
        raise PlaygroundError("The prompt leaves no room for an answer: shorten it, or raise the context length.")
    computed = reference_quantization(request.quantization)
    if computed != request.quantization:
        yield Stage(f"The reference will be computed in {computed}, not in {request.quantization}.", 0.0)
    loaded = yield from loading(lab.backend.weights(), computed)
    try:
        check_plain(loaded, len(prepared.ids) + room)
        scene = Scene(
            lab.backend, loaded, settings, list(prepared.ids), room, request.quick, lab.should_stop,
            alone=lab.alone, clock=lab.clock,
        )  # fmt: skip
        return (yield from Ladder(scene, request).climb())
    except NotFinite:
        raise PlaygroundError(
            f"The model gives logits that are not finite in {loaded.facts.quantization}: choose fp32 or bf16."
        ) from None
    finally:
        unload(loaded)


def _settings(request: LadderRequest) -> Settings:
    """For the sampling rungs: as given, with a temperature, and nothing that greedy decoding lacks."""
    greedy_only = {"repetition_penalty": 1.0, "stop": (), "time_limit_s": None, "reuse_prefix": False}
    warm = request.settings.temperature or Settings().temperature
    changes = {**greedy_only, "temperature": warm, "max_new_tokens": request.tokens}
    return request.settings.model_copy(update=changes)


class Ladder:
    """One climb: control, probe, reference, rungs, fixes, and the record of them all."""

    def __init__(self, scene: Scene, request: LadderRequest):
        self._scene, self._prompt, only = scene, request.prompt, request.only
        self._rungs = [rung for rung in RUNGS if not only or rung.name in only]
        self._fixes = [fix for fix in FIXES if not only or fix.name in only]
        self._fresh = 0 if scene.quick else FRESH
        self._parts = Parts(IN_PROCESS + self._fresh + 1 + len(self._rungs) + len(self._fixes))
        self._control: ControlRecord | None = None
        self._reference: ReferenceRecord | None = None
        self._found: dict[type, list[Any]] = {ProbeRecord: [], RungRecord: [], FixRecord: []}

    def climb(self) -> Steps[LadderRecord | None]:
        """Everything, each as soon as it is known; its record."""
        with suppress(Stopped):
            for update in self._updates():
                self._keep(update)
                yield update
        return self._record(self._control, self._reference) if self._control and self._reference else None

    def _keep(self, update: Any) -> None:
        if isinstance(update, ControlRecord):
            self._control = update
        elif isinstance(update, ReferenceRecord):
            self._reference = update
        elif type(update) in self._found:
            self._found[type(update)].append(update)

    def _updates(self) -> Iterator[Any]:
        control = yield from self._measured_control()
        yield self._reference_record()
        yield control
        if not control.bitwise_equal:
            yield Stage("The reference does not repeat itself here, so nothing is claimed of the rungs.", 1.0)
            return
        scene, run = self._scene, self._parts.run
        widths = Widths.of_module(scene.module)
        yield from run(probe(widths, scene.device, scene.should_stop, fresh=not scene.quick))
        for rung in self._rungs:
            obey(scene.should_stop)
            yield (yield from run(climb(scene, rung)))
        fixes = Fixes(scene, control)
        for fix in self._fixes:
            obey(scene.should_stop)
            yield (yield from run(fixes.attempt(fix)))

    def _measured_control(self) -> Steps[ControlRecord]:
        """The reference, and the same again and again."""
        scene, run = self._scene, self._parts.run
        doing = f"Control: the reference, 1 of {IN_PROCESS}"
        scene.reference = first = yield from run(greedy(ModuleManner(scene.module), scene.ground, doing))
        differing: list[str] = []
        for number in range(2, IN_PROCESS + 1):
            part = again(ModuleManner(scene.module), first, scene.ground, number, IN_PROCESS)
            differing += yield from run(part)
        for number in range(1, self._fresh + 1):
            differing += yield from run(again_fresh(scene.job(), first, scene.ground, number))
        return control_record(first, IN_PROCESS, self._fresh, differing)

    def _reference_record(self) -> ReferenceRecord:
        scene, reference = self._scene, self._scene.reference
        return ReferenceRecord(
            name=f"greedy, {scene.quantization}, one row, {scene.module.config._attn_implementation} attention, "
            f"KV cache, {torch.get_num_threads()} threads on {scene.device}",
            token_ids=reference.token_ids,
            token_texts=[scene.piece(token) for token in reference.token_ids],
            text=scene.text(reference.token_ids),
            gaps=reference.gaps,
            top=[_top(reference, step, scene) for step in range(len(reference.token_ids))],
        )

    def _record(self, control: ControlRecord, reference: ReferenceRecord) -> LadderRecord:
        scene = self._scene
        facts = scene.loaded.facts
        return LadderRecord(
            model=model_record(facts),
            settings=scene.settings.model_dump(mode="json"),
            prompt=self._prompt,
            prompt_token_ids=scene.prompt,
            claims=control.bitwise_equal,
            control=control,
            host_probe=self._found[ProbeRecord],
            reference=reference,
            rungs=self._found[RungRecord],
            fixes=self._found[FixRecord],
            environment=describe_environment(facts, len(scene.prompt)),
        )


def _top(reference: Reference, step: int, scene: Scene) -> list[Candidate]:
    """The likeliest tokens of a step; at least two, between which a fork would be."""
    logprobs = reference.logits[step].log_softmax(-1)
    best = logprobs.topk(min(max(2, scene.settings.top), len(logprobs)))
    pairs = zip(best.indices.tolist(), best.values.exp().tolist(), strict=True)
    return [Candidate(id=token, text=scene.piece(token), prob=prob) for token, prob in pairs]
