"""A step in two terms, bytes / bandwidth and a fixed time: fitted here, and what it predicts for other models."""

from collections.abc import Sequence
from dataclasses import dataclass

from playground.engine.clock import Clock
from playground.engine.decoder import Decoder
from playground.errors import PlaygroundError
from playground.experiments.optimise.greedy import answer
from playground.experiments.optimise.records import Figure, Grid, Line
from playground.metrics.roofline import StepModel, fit_steps
from playground.models.catalogue import Catalogue
from playground.models.llama import LlamaWeights
from playground.models.loading import LoadedModel, estimate
from playground.models.rounded import with_layers
from playground.models.storage import step_bytes
from playground.numbers import short_number
from playground.runs.stages import ShouldStop

_PARTS = 4  # sizes: a quarter of the layers, a half, and so on
_PASSES = 2  # there and back; the faster one counts, since others can only slow it down


@dataclass(frozen=True)
class TwoTerms:
    """The fit.

    Attributes:
        steps: Bytes and seconds of a step with the first layers only, the whole model last.
        model: Fitted to all of them.
        blind_s: What the smaller ones alone predict for the whole model; None where they can't.
    """

    steps: list[tuple[float, float]]
    model: StepModel
    blind_s: float | None


def fit(weights: object, prompt: Sequence[int], tokens: int, clock: Clock, should_stop: ShouldStop) -> TwoTerms | None:
    """Time a step of the first layers, more and more of them; None where layers can't be taken away.

    Raises:
        Stopped: `should_stop` said so.
    """
    if not isinstance(weights, LlamaWeights):
        return None
    layers = list(weights.layers)
    counts = sorted({max(1, round(len(layers) * part / _PARTS)) for part in range(1, _PARTS + 1)})
    parts = [with_layers(weights, layers[:count]) for count in counts]
    seconds = dict[int, float]()
    for place in [*range(len(parts)), *reversed(range(len(parts)))][: _PASSES * len(parts)]:
        found = answer(Decoder(parts[place]), prompt, tokens, clock, should_stop)
        seconds[place] = min(sorted(found.token_s)[len(found.token_s) // 2], seconds.get(place, float("inf")))
    steps = [(float(step_bytes(part)), seconds[place]) for place, part in enumerate(parts)]
    model = fit_steps(steps)
    blind = fit_steps(steps[:-1]) if len(steps) > 2 else None
    if model is None:
        return None
    return TwoTerms(steps, model, blind.step_s(steps[-1][0]) if blind else None)


def figure(found: TwoTerms) -> Figure:
    """Steps as measured, and the line of the two terms."""
    xs = [size / 1e6 for size, _ in found.steps]
    ends = [0.0, found.steps[-1][0]]
    return Figure(
        title="A step in two terms", x="read by a step", x_unit="MB", y="time per token", y_unit="s",
        lines=[
            Line(name="measured, first layers only", xs=xs, ys=[seconds for _, seconds in found.steps], kind="dots"),
            Line(name="bytes / bandwidth + fixed", xs=[end / 1e6 for end in ends],
                 ys=[found.model.step_s(end) for end in ends]),
        ],
        summary=words(found),
    )  # fmt: skip


def words(found: TwoTerms) -> str:
    """The two terms, and how well they predict what they have not seen."""
    model, whole_s = found.model, found.steps[-1][1]
    text = (
        f"A step takes its bytes / {short_number(model.bandwidth / 1e9)} GB/s and "
        f"{short_number(1e3 * model.overhead_s)} ms more."
    )
    if found.blind_s is None:
        return text
    off = 100 * (found.blind_s / whole_s - 1)
    return f"{text} Fitted without the whole model, it is off by {short_number(off, 2)}% for it."


def others(found: TwoTerms, held: LoadedModel, catalogue: Catalogue) -> Grid:
    """What the two terms predict for the models that are not loaded, in the same quantization."""
    rows = list[list[str | float | None]]()
    for entry in catalogue.entries:
        if entry.id == held.entry.id:
            continue
        try:
            size = float(estimate(entry, held.facts.quantization, held.facts.device).weights_bytes)
        except PlaygroundError:  # its files are broken: nothing is known of it
            continue
        seconds = found.model.step_s(size)
        rows.append([entry.title, size, seconds, 1 / seconds])
    return Grid(
        title="Predicted for models that are not loaded", head=["", "weights", "time per token", "decode"],
        units=["", "B", "s", "tok/s"], rows=rows,
        note=f"In {held.facts.quantization}, as if every weight were read once for a token, with these threads.",
    )  # fmt: skip
