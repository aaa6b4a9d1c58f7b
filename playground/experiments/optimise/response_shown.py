"""What the response cache's panel says and draws: rates by threshold, the pairs, what stays hidden, the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

from playground.data.optimise import ResponseData
from playground.experiments.optimise.records import Figure, Grid, Line, OptimisationRecord, Standing
from playground.experiments.optimise.response_stream import Query
from playground.experiments.optimise.response_vectors import Vectors, looked
from playground.experiments.optimise.similarity import (
    Looked,
    Rate,
    best_threshold,
    content_words,
    ranking,
    rates_at,
    separates,
    threshold_for,
)
from playground.experiments.optimise.verdict import conditions, lead, sentence_of
from playground.numbers import short_number

NONE, EXACT, SIMILAR, GATED = "no cache", "the same text", "similar", "similar, with the same content words"
MOST = 0.9
"""Share of the paraphrases that the threshold should answer, if none is given."""
_POINTS = 40


@dataclass(frozen=True)
class Choice:
    """The threshold, the space of its vectors, and the pairs that it was chosen on and is tested on."""

    space: str
    threshold: float
    chosen_on: Sequence[int]
    tested_on: Sequence[int]
    is_given: bool

    def placed(self, raw: Vectors) -> Vectors:
        """Vectors in this space."""
        return raw.centred() if self.space == "centred" else raw

    def expected_hits(self, data: ResponseData, raw: Vectors, stream: Sequence[Query], *, gate: bool) -> int:
        """How many paraphrases and opposites of the stream it will answer, by their similarities."""
        seen = looked(data, self.placed(raw), self.tested_on)
        texts = [
            text for place in self.tested_on for text in (data.pairs[place].paraphrase, data.pairs[place].opposite)
        ]
        hit = {text for text, one in zip(texts, seen, strict=True) if one.hits(self.threshold, gate=gate)}
        return sum(one.text in hit for one in stream)


@dataclass(frozen=True)
class Hidden:
    """Draws of one prompt: how many answers differ, at which temperature, and the mean entropy of a token."""

    draws: int
    different: int
    temperature: float
    entropy_bits: float

    @property
    def words(self) -> str:
        """In words."""
        return (
            f"What a cache hides: {self.draws} draws of the prompt at temperature {short_number(self.temperature)} "
            f"gave {self.different} different answers ({short_number(self.entropy_bits)} bits of entropy a token); "
            "a cache gives one of them each time."
        )


class Shown:
    """Everything beside the arms; without vectors, only what is hidden."""

    def __init__(self, data: ResponseData, raw: Vectors | None, choice: Choice | None, hidden: Hidden):
        self._data, self._raw, self._choice, self._hidden = data, raw, choice, hidden
        self._all = range(len(data.pairs))

    def figures(self) -> list[Figure]:
        """Hit rate and false-hit rate by threshold, raw and centred."""
        if self._raw is None:
            return []
        spaces = {"centred": self._raw.centred(), "raw": self._raw}
        return [self._figure(name, looked(self._data, vectors, self._all)) for name, vectors in spaces.items()]

    @staticmethod
    def _figure(name: str, seen: list[Looked]) -> Figure:
        low = min(one.similarity for one in seen)
        xs = [low + (1 - low) * place / (_POINTS - 1) for place in range(_POINTS)]
        found = [rates_at(seen, x) for x in xs]
        lines = [
            _line("paraphrases answered rightly", xs, [one.hit for one in found]),
            _line("opposites answered (false hits)", xs, [one.false for one in found]),
        ]
        order = f"{ranking(seen):.0%} of all comparisons; 50% is chance"
        return Figure(
            title=f"Hits by threshold, {name} states", x="threshold", y="share of requests", percent=True, lines=lines,
            summary=f"A paraphrase is nearer than an opposite in {order}.",
        )  # fmt: skip

    def grids(self) -> list[Grid]:
        """The pairs; the rates of the pairs that the threshold was not chosen on."""
        if self._raw is None or self._choice is None:
            return []
        same, other = self._choice.placed(self._raw).pairs()
        small = frozenset(self._data.small_words)
        rows: list[list[str | float | None]] = []
        for place, pair in enumerate(self._data.pairs):
            own = content_words(pair.prompt, small)
            gates = ["yes" if content_words(text, small) == own else "no" for text in (pair.paraphrase, pair.opposite)]
            rows.append([pair.prompt, pair.paraphrase, same[place], pair.opposite, other[place], *gates])
        pairs = Grid(
            title="Similarity of paraphrases and of opposites",
            head=["request", "paraphrase", "similarity", "opposite", "similarity", "paraphrase has its words",
                  "opposite has its words"], units=[""] * 7, rows=rows,
            note=f"Cosine of {self._choice.space} mean states of the last layer.",
        )  # fmt: skip
        return [pairs, self._rates(self._choice)]

    def _tested(self, choice: Choice) -> list[Looked]:
        assert self._raw is not None
        return looked(self._data, choice.placed(self._raw), choice.tested_on)

    def _rates(self, choice: Choice) -> Grid:
        rows: list[list[str | float | None]] = []
        for name, gate in ((SIMILAR, False), (GATED, True)):
            found = rates_at(self._tested(choice), choice.threshold, gate=gate)
            rows.append([name, found.hit.words, found.false.words, found.precision.words])
        return Grid(
            title=f"At the threshold {choice.threshold:.3f}",
            head=["", "paraphrases answered rightly", "opposites answered (false hits)", "right among the hits"],
            units=[""] * 4, rows=rows,
            note=f"On the {len(choice.tested_on)} pairs that the threshold was not chosen on, as many paraphrases as "
            "opposites; 95% Wilson intervals.",
        )  # fmt: skip

    def verdict(self, found: Standing | OptimisationRecord) -> str:
        """The best arm that is never wrong, whether a threshold separates them, a lookup's price, what is hidden."""
        more = [] if self._choice is None else [self._separation(self._choice), *self._tests(self._choice)]
        right = [arm for arm in found.variants if not arm.median("wrong_share")]
        lines = [lead(found.model_copy(update={"variants": right})), *more, *_lookup(found), self._hidden.words]
        return "\n".join([*lines, *(sentence_of(found, arm) for arm in found.variants), conditions(found)])

    def _separation(self, choice: Choice) -> str:
        assert self._raw is not None
        vectors = choice.placed(self._raw)
        same, other = vectors.pairs()
        nearer = sum(b >= a for a, b in zip(same, other, strict=True))
        text = f"The opposite is at least as near as the paraphrase in {nearer} of {len(same)} pairs."
        seen = looked(self._data, vectors, self._all)
        if separates(seen):
            return f"{text} A threshold separates all of these pairs, which says little of others."
        threshold = threshold_for(seen, MOST)
        false, best = rates_at(seen, threshold).false, best_threshold(seen)
        taken = rates_at(seen, best)
        both = f"{taken.hit.words} of the paraphrases and {taken.false.words} of the opposites"
        gains = (taken.hit.share or 0) > (taken.false.share or 0)
        rest = f"The best one, {best:.3f}, takes {both}." if gains else "The best is to answer none of them."
        return (
            f"{text} No threshold separates them: {threshold:.3f}, which takes {MOST:.0%} of the paraphrases, takes "
            f"{false.words} of the opposites as well. {rest}"
        )

    def _tests(self, choice: Choice) -> list[str]:
        lines = []
        for name, gate in ((SIMILAR, False), (GATED, True)):
            one = rates_at(self._tested(choice), choice.threshold, gate=gate)
            lines.append(
                f"{name[:1].upper()}{name[1:]}, at {choice.threshold:.3f} on pairs it was not chosen on: paraphrases "
                f"{one.hit.words}, opposites {one.false.words}, right among the hits {one.precision.words}."
            )
        return lines


def _line(name: str, xs: list[float], rates: Sequence[Rate]) -> Line:
    ends = [one.interval or (0.0, 0.0) for one in rates]
    return Line(
        name=name, xs=xs, ys=[one.share for one in rates], low=[low for low, _ in ends],
        high=[high for _, high in ends], kind="step",
    )  # fmt: skip


def _lookup(found: Standing | OptimisationRecord) -> list[str]:
    """What looking up by similarity adds to a request, beside what a request takes without it."""
    arms = {arm.name: arm for arm in found.arms}
    took, whole = arms[SIMILAR].median("lookup_s"), arms[NONE].median("wall_s")
    if took is None or not whole:
        return []
    share = took * arms[NONE].settings["requests"] / whole
    return [f"A lookup by similarity takes {short_number(1000 * took)} ms, {share:.0%} of a request without a cache."]
