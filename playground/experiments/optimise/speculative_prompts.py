"""Prompt lookup on prompts of several kinds: one prompt says little, since the text decides what it gains."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from playground.engine.clock import Clock
from playground.engine.deciding import Decider
from playground.engine.decoder import Decoder
from playground.engine.drafters import Drafter, Lookup
from playground.engine.speculation import Spoken, Verified, Verify, replayed, speculate
from playground.experiments.optimise.protocol import first_difference
from playground.experiments.optimise.records import Grid
from playground.experiments.optimise.speculative_costs import DRAFTS
from playground.experiments.optimise.verdict import same_words
from playground.metrics.speculation import Acceptance, PassCost, together
from playground.settings import Settings


@dataclass(frozen=True)
class Speaker:
    """Answers of one model.

    Attributes:
        decoder: The model.
        settings: How tokens are chosen; every answer begins with the same random numbers.
        tokens: Of each answer, at most.
        ends: Tokens that end it.
        clock: Times them.
        obey: Called before every pass; it may raise.
    """

    decoder: Decoder
    settings: Settings
    tokens: int
    ends: frozenset[int]
    clock: Clock
    obey: Callable[[], None]

    @property
    def drafting(self) -> Decider:
        """Chooses drafts, with random numbers that the verification does not have."""
        return Decider(self.settings.model_copy(update={"seed": (self.settings.seed or 0) ^ 1}))

    @property
    def is_greedy(self) -> bool:
        """Whether answers can be compared."""
        return self.settings.temperature == 0

    def answer(
        self, prompt: Sequence[int], drafter: Drafter | None = None, most: int = 1, verify: Verify | None = None
    ) -> Spoken:
        """One answer."""
        return speculate(
            self.decoder, prompt, self.tokens, Decider(self.settings), self.clock, self.obey, drafter=drafter,
            most=most, verify=verify, ends=self.ends,
        )  # fmt: skip


def rate_of(spoken: Spoken) -> float:
    """Tokens a second after the first one."""
    return (len(spoken.ids) - 1) / spoken.decode_s if spoken.passes else 0.0


def accepted(passes: Sequence[Verified]) -> Acceptance:
    """The counts of these passes."""
    steps = [(len(one.drafted), one.accepted) for one in passes if one.drafted]
    return Acceptance(steps, len(passes), sum(len(one.ids) for one in passes))


def gained(cost: PassCost, passes: Sequence[Verified]) -> float:
    """The predicted speed-up of these passes."""
    return cost.gained([(len(one.drafted), len(one.ids)) for one in passes])


@dataclass(frozen=True)
class Kind:
    """What prompt lookup did on one prompt.

    Attributes:
        title: The kind.
        most: Tokens of a draft.
        acceptance: Of the answer.
        predicted: Speed-up, from a replay of the plain answer and the cost of a pass.
        measured: Speed-up; None where the answer is one token.
        differs: Place of the first token that differs from plain decoding; None where all are the same.
        exact_differs: The same, with exact verification.
        is_compared: Whether they should be the same: sampled ones need not.
    """

    title: str
    most: int
    acceptance: Acceptance
    predicted: float
    measured: float | None
    differs: int | None
    exact_differs: int | None
    is_compared: bool


def swept(cost: PassCost, prompt: Sequence[int], answer: Sequence[int], tokens: int) -> dict[int, float]:
    """The predicted speed-up of prompt lookup by draft length, from replays of a plain answer."""
    return {most: gained(cost, replayed(Lookup(), prompt, answer, most, tokens)) for most in DRAFTS}


def best_of(sweep: Mapping[int, float]) -> int:
    """The draft length that gains most."""
    return max(sweep, key=lambda most: sweep[most])


def kind_of(speaker: Speaker, title: str, prompt: Sequence[int], cost: PassCost, exactly: Verify, pairs: int) -> Kind:
    """Plain, then by lookup, as often as there are pairs; and once verified exactly."""
    plain = speaker.answer(prompt)
    sweep = swept(cost, prompt, plain.ids, speaker.tokens)
    most, lookup, rates = best_of(sweep), Lookup(), list[float]()
    found = speaker.answer(prompt, lookup, most)
    for number in range(pairs):
        if number:
            plain, found = speaker.answer(prompt), speaker.answer(prompt, lookup, most)
        if rate_of(plain):
            rates.append(rate_of(found) / rate_of(plain))
    sure = speaker.answer(prompt, lookup, most, exactly)
    return Kind(
        title, most, accepted(found.passes), sweep[most], median(rates) if rates else None,
        first_difference(plain.ids, found.ids), first_difference(plain.ids, sure.ids), speaker.is_greedy,
    )  # fmt: skip


def kinds_grid(kinds: Sequence[Kind], pairs: int) -> Grid:
    """A row for each."""
    head = ["", "draft", "acceptance length", "tokens per pass", "1st stands", "2nd stands", "3rd stands",
            "2nd after 1st", "3rd after 2nd", "speed-up, predicted", "speed-up", "same answer",
            "same, exact"]  # fmt: skip
    rows = [*(_row(kind) for kind in kinds), *_all(kinds)]
    note = (
        "Prompt lookup, each with the draft length that a replay of its plain answer finds best. Acceptance length is "
        "1 + accepted / verified drafts; a token stands where all before it do; “after” counts only those drafts. Your "
        f"own prompt is measured in every cycle, the others {'once' if pairs == 1 else f'{pairs} times'} each: their "
        "speed-ups are loose."
    )
    return Grid(title="Prompts of several kinds", head=head, units=["", *["tokens"] * 3, *["share"] * 5, *[""] * 4],
                rows=rows, note=note)  # fmt: skip


def _row(kind: Kind) -> list[str | float | None]:
    same = [same_words(place) if kind.is_compared else None for place in (kind.differs, kind.exact_differs)]
    return [kind.title, float(kind.most), *_rates(kind.acceptance), kind.predicted, kind.measured, *same]


def _all(kinds: Sequence[Kind]) -> list[list[str | float | None]]:
    """All prompts in one row each way: every draft counts once, or every prompt does."""
    each = [_rates(kind.acceptance) for kind in kinds]
    means = [_mean(column) for column in zip(*each, strict=True)]
    times = [_mean([kind.predicted for kind in kinds]), _mean([kind.measured for kind in kinds])]
    steps = _rates(together(kind.acceptance for kind in kinds))
    return [["All, by draft", None, *steps, None, None, "", ""], ["All, by prompt", None, *means, *times, "", ""]]


def _rates(own: Acceptance) -> list[float | None]:
    return [own.length, own.tokens_per_pass, own.at(1), own.at(2), own.at(3), own.given(2), own.given(3)]


def _mean(values: Sequence[float | None]) -> float | None:
    """Of those that there are."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
