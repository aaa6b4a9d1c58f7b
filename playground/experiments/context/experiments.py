"""What length costs, and the needle test: their requests, and how a replay compares. The runs hold the science."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, model_validator

from playground.errors import PlaygroundError
from playground.experiments.context.records import ContextRecord, NeedleRecord
from playground.runs.experiment import Experiment
from playground.runs.request import ASCENDING, Request, item
from playground.runs.work import Work
from playground.settings import LIMITS

MAX_CELLS = 200
_LONGEST = int(LIMITS["context_length"].high)
_TOLERANCE = 1e-3  # of a probability: products of other shapes, and of other processors, differ in their last bits
_Lengths = Annotated[tuple[Annotated[int, Field(ge=1, le=_LONGEST)], ...], ASCENDING]
_Depth = Annotated[float, Field(ge=0, le=1)]


class CurveRequest(Request):
    """Lengths to measure.

    Attributes:
        is_timed: Whether the time allowed ends the curve; a replay has no time limit.
    """

    lengths: _Lengths = item(
        (), "Lengths in tokens", "64, 128, 256 and so on to the model's limit if not given.", max_length=32
    )
    time_limit_s: float = item(
        60, "Time allowed, s", "No length is begun after this many seconds.", gt=0, le=LIMITS["time_limit_s"].high
    )
    is_timed: bool = True

    def work(self) -> Work | None:
        """Each length read once; as long as is allowed, where the lengths are those of the model."""
        most_s = self.time_limit_s if self.is_timed else None
        return Work(len(self.lengths), 0, 0, sum(self.lengths), most_s) if self.lengths else None


class NeedleRequest(Request):
    """Prompts to hide the fact in.

    Attributes:
        only: Number of cells, the first ones; None for all.
    """

    lengths: _Lengths = item((128, 256, 512, 1024), "Prompt lengths in tokens", min_length=1, max_length=MAX_CELLS)
    depths: Annotated[tuple[_Depth, ...], ASCENDING] = item(
        (0.0, 0.25, 0.5, 0.75, 1.0), "Depths, 0 to 1", "Where the fact is placed: 0 is the beginning, 1 the end.",
        min_length=1, max_length=MAX_CELLS,
    )  # fmt: skip
    seed: int = item(0, "Seed of the codes", page=False, ge=0, le=LIMITS["seed"].high)
    only: int | None = None

    def work(self) -> Work:
        """A prompt for each cell."""
        cells = len(self.lengths) * len(self.depths)
        return Work(cells, 0, cells, sum(self.lengths) * len(self.depths))

    @model_validator(mode="after")
    def _cells(self) -> "NeedleRequest":
        if len(self.lengths) * len(self.depths) > MAX_CELLS:
            cells = f"{len(self.lengths)} lengths times {len(self.depths)} depths"
            raise PlaygroundError(f"A needle test has at most {MAX_CELLS} cells; got {cells}.")
        return self


def _curve_again(old: ContextRecord, model: str) -> CurveRequest:
    """The lengths that were measured."""
    lengths = tuple(point.tokens for point in old.points) or tuple(old.lengths_asked[:1])
    return CurveRequest(
        model=model, quantization=old.model.quantization, lengths=lengths, time_limit_s=old.time_limit_s, is_timed=False
    )


def _curve_differences(old: ContextRecord, new: ContextRecord) -> Iterator[str]:
    """Of KV bytes, exactly; times are not compared."""
    now = {point.tokens: point.kv_bytes for point in new.points}
    for then in old.points:
        if then.kv_bytes != now[then.tokens]:
            yield f"{then.tokens} tokens: {then.kv_bytes:,} bytes of keys and values then, {now[then.tokens]:,} now."


def _needle_again(old: NeedleRecord, model: str) -> NeedleRequest:
    """The same needles, as many as were scored."""
    return NeedleRequest(
        model=model, quantization=old.model.quantization, lengths=tuple(old.lengths), depths=tuple(old.depths),
        seed=old.seed, only=len(old.cells) or 1,
    )  # fmt: skip


def _needle_differences(old: NeedleRecord, new: NeedleRecord) -> Iterator[str]:
    """Of each probability, within a tolerance."""
    now = {(cell.length, cell.depth): cell.probability for cell in new.cells}
    for then in old.cells:
        again = now[then.length, then.depth]
        if abs(then.probability - again) > _TOLERANCE:
            yield f"{then.length} tokens, depth {then.depth:.0%}: {then.probability:.4f} then, {again:.4f} now."


CURVE = Experiment(
    name="context",
    title="What length costs",
    about="Prefill time, bytes of keys and values, and list price, from short prompts to the model's limit or the time "
    "allowed. A fitted curve separates what grows with length from what grows with its square.",
    verb="Run the curve",
    room="Inside/Context",
    request=CurveRequest,
    record=ContextRecord,
    run="playground.experiments.context.curve:context_curve",
    view="playground.views.curve:VIEW",
    again=_curve_again,
    differences=_curve_differences,
    anchor="context-curve",
)
NEEDLE = Experiment(
    name="needle",
    title="A needle in a haystack",
    about="A fact hidden in a long text at some depth, and a question about it at the end. The score is the "
    "probability that the model gives to the right answer: a number between knowing and guessing.",
    verb="Run the test",
    room="Inside/Context",
    request=NeedleRequest,
    record=NeedleRecord,
    run="playground.experiments.context.needle:needle",
    view="playground.views.needle:VIEW",
    again=_needle_again,
    differences=_needle_differences,
    needs=frozenset({"logits"}),
    anchor="context-needle",
)
