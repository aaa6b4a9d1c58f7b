"""Small against large, and a cascade: its request and its declaration."""

from collections.abc import Iterator

from playground.experiments.costing.fact import FactSource, fact_source, known, where
from playground.experiments.optimise.declare import OptimiseRequest, panel
from playground.experiments.optimise.records import OptimisationRecord
from playground.runs.request import item
from playground.runs.work import Work

NAME = "cascade"
BY_CONFIDENCE = "cascade by confidence"
ARMS = 5
QUESTIONS = 24  # that ship
_QUICK, _QUESTION_TOKENS = 6, 25


class CascadeRequest(OptimiseRequest):
    """Questions for a small model, of which some go on to the large one."""

    tokens: int = item(24, "Tokens of the answer to the prompt", flags=["--max-new-tokens"], ge=2, le=256)
    layers: int | None = item(
        None, "Layers of the small model", "The first ones of the model; two thirds if not given.", ge=1, le=1024
    )
    agreement: float = item(
        0.9, "Wanted agreement", "Share of answers that must be the large model's, for the threshold.", gt=0, le=1
    )

    @property
    def length(self) -> int:
        """Tokens of the answers to the prompt."""
        return min(self.tokens, _QUICK) if self.quick else self.tokens

    @property
    def most_tokens(self) -> int:
        """Of the answers to the prompt; questions are only read."""
        return 2 * self.length

    def work(self) -> Work:
        """Every arm reads the questions of the test once; the first ones are read before."""
        runs = (ARMS + 1) * (self.cycles + 1)
        passes = runs * QUESTIONS + 4 * QUESTIONS
        return Work(runs, self.most_tokens, passes + self.most_tokens, passes * _QUESTION_TOKENS)


def _facts(record: OptimisationRecord) -> Iterator[FactSource]:
    """The share of questions that the small model keeps: all that confidence does not hand on."""
    arm = next((one for one in record.variants if one.name == BY_CONFIDENCE), None)
    if arm is None or (handed_on := arm.median("large_calls_share")) is None:
        return
    what = f"{arm.name}, questions that ship, {where(record.model, record.environment)}"
    yield fact_source(record.kind, "Cascade", known(what, {"small_share": 1 - handed_on}))


CASCADE = panel(
    NAME,
    "Cascade",
    "A small model answers first, and hands on to the large one what it is not sure of. The small one here is the "
    "first layers of the same model. A cascade is worth something only above the line of handing on at random, and "
    "below the price of the large model alone.",
    CascadeRequest,
    "playground.experiments.optimise.cascade:measure",
    facts=_facts,
)
