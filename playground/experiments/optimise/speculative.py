"""Panel: speculative decoding. What a pass costs is measured first; the gain is predicted from it, then measured."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from playground.backends.local import text_model_of
from playground.data.presets import PromptList, load_list
from playground.engine.decoder import Decoder
from playground.engine.drafters import Drafter, FirstLayers, Lookup, SmallModel
from playground.engine.model import TextModel
from playground.engine.speculation import Spoken, Verify
from playground.experiments.optimise import speculative_drawn as drawn
from playground.experiments.optimise.declare import finished
from playground.experiments.optimise.declared.speculative import NAME, SpeculativeRequest
from playground.experiments.optimise.greedy import answer
from playground.experiments.optimise.protocol import Arm, Sample, Trial, first_difference
from playground.experiments.optimise.records import OptimisationRecord, Standing
from playground.experiments.optimise.speculative_costs import DRAFTS, Exit, agreement, exit_time, shares_of, step_time
from playground.experiments.optimise.speculative_draft import Guest, guest
from playground.experiments.optimise.speculative_ground import EXACT, LOOKUP, Ground, prepared
from playground.experiments.optimise.speculative_prompts import (
    Kind,
    Speaker,
    accepted,
    gained,
    kind_of,
    kinds_grid,
    rate_of,
)
from playground.experiments.optimise.speculative_verdict import Found, verdict
from playground.experiments.optimise.verdict import difference
from playground.metrics.speculation import best_draft, expected_tokens, speed_up
from playground.metrics.speculation import together as all_together
from playground.paths import presets_dir
from playground.runs.experiment import TIMES, Lab
from playground.runs.stages import Stage, Steps, Stopped
from playground.settings import Settings

PLAIN = "plain decoding"
HEADLINE = ["decode_tokens_per_s", "tokens_per_pass"]
_ELSEWHERE = "This model runs through transformers' own module; drafts are verified by this project's decoder only."


def measure(lab: Lab, request: SpeculativeRequest) -> Steps[OptimisationRecord | None]:
    """Costs, predictions, then every arm on one prompt, and prompt lookup on several."""
    listed = load_list(PromptList, presets_dir() / "speculation.yaml").prompts
    prompt = lab.read(lambda backend: backend.prepare(request.prompt, request.settings, request.recorded))
    others = lab.read(lambda backend: [backend.prepare(one.prompt, request.settings) for one in listed])
    yield prompt
    text_model = text_model_of(lab.backend.weights())
    if not isinstance(text_model.model, Decoder):
        arms = _elsewhere(lab, text_model, prompt.ids, request.length)
        found = yield from Trial(arms, HEADLINE[:1]).run(lab, request.cycles)
        return None if found is None else finished(lab, NAME, request, found, f"Not here. {_ELSEWHERE}")
    if request.draft:
        yield Stage("loading the draft model", None)
    with guest(lab, request) as draft:
        speaker = Speaker(text_model.model, _chosen(request), request.length, text_model.eos_ids, lab.clock, lab.obey)
        ground = yield from prepared(lab, request, speaker, prompt.ids)
        panel = _Panel(lab, request, ground, draft)
        found = yield from Trial(panel.arms(), HEADLINE).run(lab, request.cycles)
        if found is None:
            return None
        with suppress(Stopped):
            yield from panel.others([(one.title, ready.ids) for one, ready in zip(listed, others, strict=True)])
        return panel.record(found)


def _chosen(request: SpeculativeRequest) -> Settings:
    """How tokens are chosen."""
    return request.settings if request.sampled else Settings(temperature=0, seed=0)


def _elsewhere(lab: Lab, text_model: TextModel, prompt: Sequence[int], tokens: int) -> list[Arm]:
    """Plain decoding, where there is no way to verify a draft."""

    def run() -> Sample:
        found = answer(text_model.model, prompt, tokens, lab.clock, lab.should_stop)
        text = lab.decoded(found.ids)
        return Sample({HEADLINE[0]: 1 / found.tpot_s}, found.ids, text)

    return [Arm(PLAIN, run), *(Arm(name, run, not_here=_ELSEWHERE) for name in (LOOKUP, EXACT))]


class _Panel:
    """One model and one prompt."""

    def __init__(self, lab: Lab, request: SpeculativeRequest, ground: Ground, draft: Guest):
        self._lab, self._request, self._ground, self._draft = lab, request, ground, draft
        self._speaker, self._decoder = ground.speaker, ground.speaker.decoder
        self._last: dict[str, Spoken] = {}
        self._kinds = list[Kind]()
        self._promised: dict[str, float] = {}  # speed-ups, by arm
        self._agreed: dict[str, tuple[float, float]] = {}  # drafts that should stand, and their cost, by arm

    def arms(self) -> list[Arm]:
        """The baseline, then every way to draft, each with what is predicted for it."""
        rows = self._ground.replayed(self._ground.most)
        arms = [Arm(PLAIN, partial(self._run, PLAIN), {}, {HEADLINE[0]: 1 / self._ground.step_s, HEADLINE[1]: 1.0})]
        for name in (LOOKUP, EXACT):
            self._promised[name] = gained(self._ground.costs[name], rows)
            work = partial(self._run, name, Lookup, self._ground.most, self._ground.ways[name])
            settings = {"draft_length": self._ground.most, "exact": name == EXACT}
            once = {"logit_change": self._ground.change[name]}
            arms.append(Arm(name, work, settings, self._expected(name, accepted(rows).tokens_per_pass), once))
        arms += [self._exit_arm(one) for one in self._best_exits()]
        return [*arms, *self._draft_arm()]

    def _best_exits(self) -> list[Exit]:
        """The one with the highest bound of either half of the model."""
        half = len(self._decoder.weights.layers) // 2
        parts = [[one for one in self._ground.exits if (one.layers <= half) == early] for early in (True, False)]
        return [max(part, key=lambda one: one.bound) for part in parts if part]

    def _exit_arm(self, one: Exit) -> Arm:
        name = f"first {one.layers} of {len(self._decoder.weights.layers)} layers"
        cost = (
            exit_time(self._decoder, one.layers, self._ground.text, self._request.repeats, self._lab.clock)
            / self._ground.step_s
        )
        make = partial(FirstLayers, self._decoder.weights, one.layers, self._speaker.drafting)
        return self._model_arm(name, make, one.stands, cost, one.drafted, {"layers": one.layers})

    def _draft_arm(self) -> list[Arm]:
        """A smaller model, where one was named."""
        name, small = f"draft model {self._draft.title}".strip(), self._draft.decoder
        if small is None:
            return [Arm(name, partial(self._run, name), not_here=self._draft.why)]
        shares, ids = shares_of(self._speaker.settings), self._ground.plain.ids
        stands = agreement(self._decoder, small, self._ground.prompt, ids, shares)
        cache = small.new_cache()
        cost = step_time(small, cache, self._request.repeats, self._lab.clock) / self._ground.step_s
        drafted = best_draft(stands, self._draft.read_share, max(DRAFTS))
        return [self._model_arm(name, partial(SmallModel, small, self._speaker.drafting), stands, cost, drafted, {})]

    def _model_arm(
        self, name: str, make: Callable[[], Drafter], stands: float, cost: float, drafted: int, settings: dict[str, int]
    ) -> Arm:
        """Drafts that a model makes: how many should stand, and what each costs."""
        self._promised[name] = speed_up(stands, drafted, cost, self._ground.costs[LOOKUP].of(drafted + 1))
        self._agreed[name] = stands, cost
        work = partial(self._run, name, make, drafted, self._ground.ways[LOOKUP])
        predicted = self._expected(name, expected_tokens(stands, drafted))
        once = {"logit_change": self._ground.change[LOOKUP]}
        return Arm(name, work, {**settings, "draft_length": drafted}, predicted, once)

    def _expected(self, name: str, tokens: float) -> dict[str, float]:
        return {HEADLINE[0]: self._promised[name] / self._ground.step_s, HEADLINE[1]: tokens}

    def _run(
        self, name: str, make: Callable[[], Drafter] | None = None, most: int = 1, verify: Verify | None = None
    ) -> Sample:
        found = self._speaker.answer(self._ground.prompt, make() if make else None, most, verify)
        self._last[name], counts = found, accepted(found.passes)
        numbers = {HEADLINE[0]: rate_of(found), HEADLINE[1]: counts.tokens_per_pass}
        if counts.length is not None:
            numbers["acceptance_length"] = counts.length
        text = self._lab.decoded(found.ids)
        return Sample(numbers, found.ids if self._speaker.is_greedy or name == PLAIN else (), text)

    def others(self, prompts: Sequence[tuple[str, Sequence[int]]]) -> Steps[None]:
        """Prompt lookup on each."""
        ground, pairs = self._ground, self._request.pairs
        for place, (title, ids) in enumerate(prompts):
            yield Stage(f"another prompt: {title}", place / len(prompts))
            with self._lab.alone(TIMES):
                kind = kind_of(self._speaker, title, ids, ground.costs[LOOKUP], ground.ways[EXACT], pairs)
            self._kinds.append(kind)

    def record(self, found: Standing) -> OptimisationRecord:
        """The document; its request names the length of a draft that was chosen, so that it runs again alike."""
        ground, kinds = self._ground, [self._own(found), *self._kinds]
        counts = all_together(kind.acceptance for kind in kinds)
        figures = [drawn.costs_figure(ground), drawn.places_figure(counts, max(kind.most for kind in kinds))]
        grids = [kinds_grid(kinds, self._request.pairs), drawn.exits_grid(ground)]
        texts = [drawn.traced(self._last[LOOKUP], self._lab.backend.piece)]
        shown = {"figures": [one for one in figures if one is not None], "grids": grids, "texts": texts}
        found = found.model_copy(update=shown)
        request = self._request.model_copy(update={"draft_length": ground.most})
        said = verdict(Found(found, kinds, ground, self._promised, self._agreed))
        return finished(self._lab, NAME, request, found, said)

    def _own(self, found: Standing) -> Kind:
        """The person's own prompt."""
        arms = {arm.name: arm for arm in found.arms}
        times = difference(found, arms[LOOKUP], HEADLINE[0])
        plain, spoken, exactly = (self._last[name] for name in (PLAIN, LOOKUP, EXACT))
        return Kind(
            "Your prompt", self._ground.most, accepted(spoken.passes), self._promised[LOOKUP],
            times.times if times else None, first_difference(plain.ids, spoken.ids),
            first_difference(plain.ids, exactly.ids), self._speaker.is_greedy,
        )  # fmt: skip
