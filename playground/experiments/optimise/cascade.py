"""Panel: the first layers against the whole model, and what handing on by confidence is worth."""

import random
from collections.abc import Callable, Sequence
from functools import partial
from math import ceil

from playground.backends.local import text_model_of
from playground.data.optimise import shipped_questions
from playground.engine.decoder import Decoder
from playground.engine.drafters import first_layers
from playground.errors import PlaygroundError
from playground.experiments.optimise.cascade_shown import CASCADE, LARGE, LENGTH, RANDOM, SMALL, Measured, Shown
from playground.experiments.optimise.choosing import Choice, Ids, choose, ids_of
from playground.experiments.optimise.declare import finished
from playground.experiments.optimise.declared.cascade import NAME, CascadeRequest
from playground.experiments.optimise.deferring import Answered, by_confidence, threshold_of
from playground.experiments.optimise.greedy import answer
from playground.experiments.optimise.protocol import Arm, Sample, Trial
from playground.experiments.optimise.records import OptimisationRecord
from playground.runs.experiment import Lab
from playground.runs.stages import Stage, Steps

HEADLINE = ["wall_s", "agreement_share"]
_SEED = 5
Rule = Callable[[int, Choice], bool]
"""Whether a question, by its place in the test, goes on to the large model after this choice of the small one."""


def measure(lab: Lab, request: CascadeRequest) -> Steps[OptimisationRecord | None]:
    """Both models on all questions, then the test's questions by each rule, on the clock."""
    prompt = lab.read(lambda backend: backend.prepare(request.prompt, request.settings, request.recorded))
    yield prompt
    bench = _Bench(lab, request)
    for place in range(bench.questions):
        yield Stage("both models on every question", place / bench.questions)
        bench.ask(place)
    bench.decide(request.agreement, prompt.ids, request.length)
    found = yield from Trial(bench.arms(), HEADLINE).run(lab, request.cycles)
    if found is None:
        return None
    shown = Shown(bench.chosen_on, bench.tested, bench.threshold, bench.calls, bench.measured)
    found = found.model_copy(update={"figures": shown.figures(), "grids": [shown.grid()]})
    return finished(lab, NAME, request, found, shown.verdict(found))


class _Bench:
    """Both models, the questions, and the rule of each arm."""

    def __init__(self, lab: Lab, request: CascadeRequest):
        self._lab = lab
        large = text_model_of(lab.backend.weights()).model
        if not isinstance(large, Decoder):
            raise PlaygroundError(
                f"{lab.backend.facts.title} runs through transformers' own module, whose first layers are no model "
                "here: choose a model of the Llama family."
            )
        whole = len(large.weights.layers)
        layers = request.layers or max(1, min(whole - 1, ceil(whole * 2 / 3)))
        if not layers < whole:
            raise PlaygroundError(f"Layers of the small model must be fewer than the model's {whole}; got {layers}.")
        self.measured = Measured(layers, whole)
        self._large, self._small = large, Decoder(first_layers(large.weights, layers))
        questions = shipped_questions().questions
        self._ids: list[Ids] = lab.read(
            lambda backend: backend.tokenize(lambda tokenizer: [ids_of(tokenizer, one) for one in questions])
        )
        self.questions = len(questions)
        self._answered: list[Answered] = []
        self._answers: dict[str, list[int]] = {}
        self.threshold, self.calls = 0.0, 0

    def ask(self, place: int) -> None:
        """One question, for both; the first was a warm-up of each."""
        self._lab.obey()
        times, found = list[float](), list[Choice]()
        for model in (self._small, self._large):
            begun_s = self._lab.clock.now()
            found.append(choose(model, self._ids[place]))
            times.append(self._lab.clock.now() - begun_s)
        small, large = found
        self.measured.took(*times)
        self.measured.sure(small.confidence, small.option == 0, large.confidence, large.option == 0)
        self._answered.append(
            Answered(small.confidence, len(self._ids[place].prompt), small.option == large.option,
                     small.option == 0, large.option == 0)
        )  # fmt: skip

    @property
    def chosen_on(self) -> list[Answered]:
        """Every other question chooses the threshold."""
        return self._answered[::2]

    @property
    def tested(self) -> list[Answered]:
        """The others test it."""
        return self._answered[1::2]

    def decide(self, wanted: float, prompt: Sequence[int], tokens: int) -> None:
        """The threshold; and both models' answers to the person's prompt."""
        self.threshold = threshold_of(self.chosen_on, wanted)
        self.calls = sum(one.confidence < self.threshold for one in self.tested)
        for name, model in ((LARGE, self._large), (SMALL, self._small)):
            self._answers[name] = answer(model, prompt, tokens, self._lab.clock, self._lab.should_stop).ids

    def _rules(self) -> dict[str, Rule]:
        """The router and chance hand on as many as the cascade."""
        tested = self.tested
        longest = set(sorted(range(len(tested)), key=lambda place: -tested[place].tokens)[: self.calls])
        drawn = set(random.Random(_SEED).sample(range(len(tested)), self.calls))
        return {
            SMALL: lambda _place, _choice: False,
            CASCADE: lambda _place, choice: choice.confidence < self.threshold,
            LENGTH: lambda place, _choice: place in longest,
            RANDOM: lambda place, _choice: place in drawn,
        }

    def arms(self) -> list[Arm]:
        """The large model alone is the baseline; a router knows before the small model has answered."""
        small_s, large_s = self.measured.small_s, self.measured.large_s
        total, share = len(self.tested), self.calls / len(self.tested)
        kept = by_confidence(self.chosen_on)
        agreeing = sum(one.agrees for one in kept) / len(kept)
        arms = [Arm(LARGE, partial(self._run, LARGE, None), {"layers": self.measured.whole},
                    {"wall_s": total * large_s, "agreement_share": 1.0})]  # fmt: skip
        for name, rule in self._rules().items():
            calls = 0.0 if name == SMALL else share
            before = 1.0 if name in (SMALL, CASCADE) else 1 - calls
            settings: dict[str, float] = {"layers": self.measured.layers, "calls_of_the_large": round(calls * total)}
            if name == CASCADE:
                settings["threshold"] = self.threshold
            predicted = {"wall_s": total * (before * small_s + calls * large_s)}
            if name in (SMALL, RANDOM):
                predicted["agreement_share"] = agreeing + calls * (1 - agreeing)
            arms.append(Arm(name, partial(self._run, name, rule), settings, predicted))
        return arms

    def _run(self, name: str, rule: Rule | None) -> Sample:
        """The questions of the test, one after the other."""
        clock, calls, agreed, right = self._lab.clock, 0, 0, 0
        begun_s, sure = clock.now(), Choice(0, 1.0)
        for place, ids in enumerate(self._ids[1::2]):
            self._lab.obey()
            beforehand = name in (LENGTH, RANDOM) and rule is not None and rule(place, sure)
            goes_on = rule is None or beforehand
            choice = choose(self._large if goes_on else self._small, ids)
            if rule is not None and not goes_on and rule(place, choice):
                goes_on, choice = True, choose(self._large, ids)
            one = self.tested[place]
            calls += goes_on
            agreed += goes_on or one.agrees
            right += choice.option == 0
        total = len(self.tested)
        numbers = {"wall_s": clock.now() - begun_s, "agreement_share": agreed / total}
        numbers |= {"right_share": right / total, "large_calls_share": calls / total}
        ids = self._answers.get(name, [])
        return Sample(numbers, ids, self._lab.decoded(ids))
