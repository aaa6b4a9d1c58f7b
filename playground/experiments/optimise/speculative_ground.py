"""What is known before any draft is measured: the plain answer, what a pass costs, and how often each layer agrees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from playground.engine.drafters import Lookup
from playground.engine.speculation import Spoken, Verified, Verify, exact, replayed, together
from playground.experiments.optimise.declared.speculative import SpeculativeRequest
from playground.experiments.optimise.speculative_costs import SIZES, Exit, exits, logit_change, pass_times, shares_of
from playground.experiments.optimise.speculative_prompts import Speaker, best_of, swept
from playground.metrics.speculation import PassCost
from playground.runs.experiment import TIMES, Lab
from playground.runs.stages import Stage, Steps

LOOKUP, EXACT = "prompt lookup", "prompt lookup, exact"
_LEAST = 8  # tokens of an answer that can be timed


@dataclass(frozen=True)
class Ground:
    """Of one model and one prompt; `LOOKUP` and `EXACT` name the two kinds of verification.

    Attributes:
        speaker: Answers.
        prompt: Its tokens.
        plain: The plain answer.
        is_short: Whether it was too short, so that answers go on past their end.
        ways: To verify.
        step_s: A step of plain decoding.
        costs: Of a pass, in such steps.
        change: Largest change of a logit.
        sweep: Predicted speed-up of prompt lookup by draft length; empty where the length was given.
        most: The draft length taken.
        exits: Layers after which the model could guess.
    """

    speaker: Speaker
    prompt: Sequence[int]
    plain: Spoken
    is_short: bool
    ways: Mapping[str, Verify]
    step_s: float
    costs: Mapping[str, PassCost]
    change: Mapping[str, float]
    sweep: Mapping[int, float]
    most: int
    exits: Sequence[Exit]

    @property
    def text(self) -> list[int]:
        """Prompt and plain answer."""
        return [*self.prompt, *self.plain.ids]

    def replayed(self, most: int) -> list[Verified]:
        """The passes of prompt lookup, from a replay of the plain answer."""
        return replayed(Lookup(), self.prompt, self.plain.ids, most, self.speaker.tokens)


def prepared(lab: Lab, request: SpeculativeRequest, speaker: Speaker, prompt: Sequence[int]) -> Steps[Ground]:
    """Measure and predict; nothing of a draft is measured here."""
    decoder = speaker.decoder
    yield Stage("the plain answer", 0.0)
    plain = speaker.answer(prompt)
    is_short = len(plain.ids) < _LEAST
    if is_short:
        speaker = replace(speaker, ends=frozenset())
        plain = speaker.answer(prompt)
    yield Stage("the cost of a pass", 0.0)
    ways = {LOOKUP: together(decoder), EXACT: exact(decoder)}
    with lab.alone(TIMES):
        times = pass_times(ways, decoder, [*prompt, *plain.ids], request.repeats, lab.clock, lab.obey)
    costs = {name: PassCost(own, times[LOOKUP][1]) for name, own in times.items()}
    ids = (plain.ids * SIZES[-1])[: SIZES[-1]]
    change = {name: logit_change(verify, decoder, prompt, ids) for name, verify in ways.items()}
    yield Stage("how often each layer agrees", 0.0)
    seen = exits(decoder, prompt, plain.ids, shares_of(speaker.settings))
    sweep = swept(costs[LOOKUP], prompt, plain.ids, speaker.tokens)
    most = request.draft_length or best_of(sweep)
    shown = {} if request.draft_length else sweep
    return Ground(
        speaker, prompt, plain, is_short, ways, median(times[LOOKUP][1]), costs, change, shown, most, seen,
    )  # fmt: skip
