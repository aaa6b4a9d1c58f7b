"""How a panel of Optimise is declared: its request and its measurement; all else is the same for each."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from playground.backends.base import Capability
from playground.experiments.costing.fact import FactSource
from playground.experiments.optimise.records import OptimisationRecord, Standing
from playground.runs.experiment import Experiment, Lab
from playground.runs.request import PromptRequest, item, read_request

GROUP = "optimise"
_OWN = ("model", "quantization", "recorded")


class OptimiseRequest(PromptRequest):
    """What every panel takes."""

    cycles: int = item(
        5, "Cycles", "Each measures every arm once, and the baseline twice: their spread is the noise.", ge=2, le=50
    )
    quick: bool = item(False, "Quick", "Shorter answers and smaller sets.")


def panel(
    name: str,
    title: str,
    about: str,
    request: type[OptimiseRequest],
    run: str,
    *,
    needs: Sequence[Capability] = ("weights", "plain"),
    facts: Callable[[OptimisationRecord], Iterator[FactSource]] | None = None,
    prefix: str = "",
) -> Experiment[Any, OptimisationRecord]:
    """A panel.

    Args:
        name: Of the command, and in records.
        title: Heading.
        about: What it measures; its first sentence is the command's help.
        request: Its fields, beside those of all.
        run: "module:function", which takes a lab and the request.
        needs: Capabilities of the backend.
        facts: What Cost can start from.
        prefix: Makes the name of the experiment another than that of the command, where it is taken.
    """

    def again(old: OptimisationRecord, model: str) -> OptimiseRequest:
        known = {key: value for key, value in old.request.items() if key in request.model_fields}
        own = {"model": model or old.model.id, "quantization": old.model.quantization}
        return read_request(request, known | own)

    return Experiment(
        name=f"{prefix}{name}", command=name, group=GROUP, title=title, about=about, verb="Measure", room="",
        request=request, record=OptimisationRecord, run=run, view="playground.views.optimise:VIEW", again=again,
        differences="playground.experiments.optimise.again:differences", needs=frozenset(needs), facts=facts,
        anchor=GROUP,
    )  # fmt: skip


def finished(lab: Lab, name: str, request: OptimiseRequest, found: Standing, verdict: str) -> OptimisationRecord:
    """The document of what was measured."""
    from playground.engine.chunks import PREFILL_CHUNK  # noqa: PLC0415  it imports torch

    return OptimisationRecord(
        **lab.stamp(PREFILL_CHUNK),
        **{key: getattr(found, key) for key in Standing.model_fields},
        name=name,
        request=request.model_dump(mode="json", exclude=set(_OWN)),
        cycles_asked=request.cycles,
        verdict=verdict,
        ended="complete" if found.noise.cycles == request.cycles else "stopped",
    )
