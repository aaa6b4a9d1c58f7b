"""Panel: what fewer bits for the weights save, and what they change. At most two models are in memory."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import torch

from playground.backends.local import text_model_of
from playground.data.quality import shipped_choices, shipped_text
from playground.engine.events import PreparedPrompt
from playground.engine.model import TextModel
from playground.errors import PlaygroundError
from playground.experiments.determinism.scene import loading
from playground.experiments.optimise.declare import finished
from playground.experiments.optimise.declared.quantization import NAME, QuantizationRequest
from playground.experiments.optimise.greedy import answer
from playground.experiments.optimise.layer_harm import harm_by_layer
from playground.experiments.optimise.protocol import Arm, Sample, Trial, joined
from playground.experiments.optimise.quality import Quality, look, numbers_against, own_numbers
from playground.experiments.optimise.quantization_words import described
from playground.experiments.optimise.records import ArmRecord, OptimisationRecord, Standing
from playground.metrics.roofline import StepModel, one_step_model
from playground.models.loading import LoadedModel, estimate, unload
from playground.runs.experiment import Lab
from playground.runs.stages import Parts, Stage, Steps, Stopped
from playground.settings import PACKED, QUANTIZATIONS

HEADLINE = ["decode_tokens_per_s", "weights_bytes"]
_SHARES = 2  # a layer's share of the progress, against one arm's


def measure(lab: Lab, request: QuantizationRequest) -> Steps[OptimisationRecord | None]:
    """The reference beside each of the others, one after the other.

    Raises:
        PlaygroundError: The model in memory is packed, so it is no reference.
    """
    facts = lab.backend.facts
    if facts.quantization in PACKED:
        raise PlaygroundError(
            f"{facts.quantization} is no reference to compare with: choose fp32, or bf16 where fp32 does not fit."
        )
    prompt = lab.read(lambda backend: backend.prepare(request.prompt, request.settings, request.recorded))
    yield prompt
    bench = _Bench(lab, request, prompt)
    names = [name for name in QUANTIZATIONS if name not in (facts.quantization, "fp32")]
    parts, trials, left, figure = Parts(len(names) + _SHARES), list[Standing](), list[ArmRecord](), None
    with suppress(Stopped):
        yield Stage(f"reading the text in {facts.quantization}", 0.0)
        yield from bench.prepare()
        for name in names:
            lab.obey()
            got = yield from parts.run(bench.trial(name, trials, left))
            if isinstance(got, ArmRecord):
                left.append(got)
            elif got is not None:
                trials.append(got)
        figure = yield from parts.run(bench.harm(), _SHARES)
    if not trials:
        if left and not lab.should_stop():
            raise PlaygroundError(" ".join(arm.not_here for arm in left))
        return None
    found = joined(trials, left)
    found, verdict = described(found, bench.seen, bench.choices, figure, bench.decode)
    record = finished(lab, NAME, request, found, verdict)
    stopped = len(trials) + len(left) < len(names) or lab.should_stop()
    return record.model_copy(update={"ended": "stopped"}) if stopped else record


class _Bench:
    """The reference, the text, and what each model said of it.

    Attributes:
        seen: Quality of each arm; the logits of the others are not kept.
    """

    def __init__(self, lab: Lab, request: QuantizationRequest, prompt: PreparedPrompt):
        self._lab, self._request, self._prompt = lab, request, prompt.ids
        self._held = lab.backend.weights()
        self._name, self._text_model = lab.backend.facts.quantization, text_model_of(self._held)
        limit = min(request.text_tokens, prompt.context_length)
        text = shipped_text().text
        self._ids = lab.backend.tokenize(lambda tokenizer: tokenizer(text, verbose=False)["input_ids"])[:limit]
        self.choices = shipped_choices().choices[: request.questions]
        self.seen = dict[str, Quality]()
        self._model: StepModel | None = None
        self._load_s: float | None = None

    def prepare(self) -> Steps[None]:
        """Look at the reference, and time one answer, from which the others' speed is predicted."""
        if not self._request.quick:  # how long the reference takes to load is seen on a copy
            begun_s = self._lab.clock.now()
            unload((yield from loading(self._held, self._name, "auto")))
            self._load_s = self._lab.clock.now() - begun_s
        self.seen[self._name] = self._look(self._text_model)
        clock, stop = self._lab.clock, self._lab.should_stop
        once = answer(self._text_model.model, self._prompt, self._request.length, clock, stop)
        facts = self._held.facts
        self._model = one_step_model(facts.step_bytes, once.tpot_s, self._lab.runner.bandwidth(facts.device))

    def trial(self, name: str, before: list[Standing], left: list[ArmRecord]) -> Steps[Standing | ArmRecord | None]:
        """Load it, measure it beside the reference, and unload it. An `ArmRecord` says why it can't be here."""
        predicted = self._predicted(name)
        why = self._lab.runner.quantizations(self._held.entry.id)[name]
        if why:
            return ArmRecord(name=name, settings={}, measured={}, predicted={}, not_here=why)
        begun_s = self._lab.clock.now()
        try:
            loaded = yield from loading(self._held, name, "auto")
        except PlaygroundError as error:
            return ArmRecord(name=name, settings={}, measured={}, predicted=predicted, not_here=str(error))
        once = {"load_s": self._lab.clock.now() - begun_s}
        try:
            return (yield from self._relayed(self._beside(name, loaded, predicted, once), before, left))
        finally:
            unload(loaded)

    def _beside(self, name: str, loaded: LoadedModel, predicted: Mapping[str, float], once: dict[str, float]) -> Trial:
        """The reference and this one."""
        facts, own = self._held.facts, self._numbers(self._name, self._held)
        if self._load_s is not None:
            own["load_s"] = self._load_s
        settings = {"quantization": self._name, "path": facts.path, "weights": facts.weights_note}
        reference = Arm(self._name, partial(self._run, self._text_model), settings, {}, own)
        return Trial([reference, self._arm(name, loaded, predicted, once)], HEADLINE)

    def _arm(self, name: str, loaded: LoadedModel, predicted: Mapping[str, float], once: dict[str, float]) -> Arm:
        text_model = text_model_of(loaded)
        quality = self._look(text_model)
        self.seen[name] = Quality(torch.empty(0), quality.nats, quality.picked)
        against = numbers_against(self.seen[self._name], quality, self.choices)
        settings = {"quantization": name, "path": loaded.facts.path, "weights": loaded.facts.weights_note}
        run = partial(self._run, text_model)
        return Arm(name, run, settings, predicted, self._numbers(name, loaded) | once | against)

    def _relayed(self, trial: Trial, before: list[Standing], left: list[ArmRecord]) -> Steps[Standing | None]:
        """A trial's steps; what is shown has the earlier trials too."""
        run = trial.run(self._lab, self._request.cycles)
        while True:
            try:
                step = next(run)
            except StopIteration as end:
                return end.value
            yield joined([*before, step], left) if isinstance(step, Standing) else step

    def _numbers(self, name: str, loaded: LoadedModel) -> dict[str, float]:
        """Those that noise does not touch."""
        return {"weights_bytes": float(loaded.facts.weights_bytes)} | own_numbers(self.seen[name], self.choices)

    def _predicted(self, name: str) -> dict[str, float]:
        """Bytes by the parameters and their bits; speed if only the bytes of a step change."""
        found = float(estimate(self._held.entry, name, self._held.facts.device).weights_bytes)
        assert self._model is not None
        return {"decode_tokens_per_s": 1 / self._model.step_s(found), "weights_bytes": found}

    def _look(self, text_model: TextModel) -> Quality:
        return look(text_model, self._ids, self.choices, self._lab.should_stop)

    def _run(self, text_model: TextModel) -> Sample:
        """An answer, and some of the text read in one pass."""
        model, clock = text_model.model, self._lab.clock
        found = answer(model, self._prompt, self._request.length, clock, self._lab.should_stop)
        ids = self._ids[: self._request.prefill_tokens]
        begun_s = clock.now()
        model.forward(torch.tensor([ids]), model.new_cache())
        rate = len(ids) / (clock.now() - begun_s)
        numbers = {"decode_tokens_per_s": 1 / found.tpot_s, "prefill_tokens_per_s": rate}
        return Sample(numbers, found.ids, self.decode(found.ids))

    def decode(self, ids: list[int]) -> str:
        """The text of an answer."""
        return self._lab.decoded(ids)

    def harm(self) -> Steps[Any]:
        """KL by layer; None where the layers can't be rounded."""
        ids = self._ids[: self._request.layer_tokens]
        wanted, stop = self.seen[self._name].logits[: len(ids) - 1], self._lab.should_stop
        return (yield from harm_by_layer(self._held.module, ids, wanted, self._request.every, stop))
