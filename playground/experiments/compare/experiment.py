"""Comparisons and sweeps: their requests, how replays compare, their declarations."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from playground.errors import PlaygroundError
from playground.experiments.compare.changes import (
    check_changes,
    check_values,
    pane_request,
    parse_changes,
    parse_vary,
    title_of,
)
from playground.experiments.compare.records import CompareRecord, SweepRecord
from playground.experiments.costing.fact import FactSource, quoted, run_facts
from playground.runs.experiment import Experiment
from playground.runs.records import RunRecord
from playground.runs.replay import request_again
from playground.runs.request import PromptRequest, item
from playground.runs.updates import RunRequest

T = TypeVar("T")
MIN_PANES, MAX_PANES = 2, 4


class RunsRequest(PromptRequest):
    """One prompt in several runs.

    Attributes:
        repeats: The runs of a saved document, to be repeated as they were.
    """

    _number: ClassVar[str] = "{n} of {count}"
    passes: int = item(
        3, "Passes of each run for its times", "From 1 to 9; the first run is measured against itself too.", ge=1, le=9,
        page=False,
    )  # fmt: skip
    repeats: tuple[RunRequest, ...] = Field((), exclude=True)

    @property
    def base(self) -> RunRequest:
        """What every run starts from."""
        return RunRequest(self.prompt, self.model, self.quantization, self.settings)

    @property
    def changes(self) -> Sequence[dict[str, Any]]:
        """What each run sets otherwise than the base."""
        raise NotImplementedError

    def runs(self) -> tuple[RunRequest, ...]:
        """A request for each run."""
        return self.repeats or tuple(pane_request(self.base, own) for own in self.changes)

    @property
    def rounds(self) -> int:
        """How often each run is measured."""
        return self.passes

    def all_rounds(self, runs: Sequence[T]) -> list[T]:
        """What there is of each run, as often as it is measured; of several rounds, the first one twice over."""
        return [*runs, *(runs[:1] if self.rounds > 1 else ())] * self.rounds

    @property
    def most_tokens(self) -> int:
        """Of all runs."""
        return sum(run.settings.max_new_tokens for run in self.all_rounds(self.runs()))

    def titles(self) -> list[str]:
        """Number of each run, and what it sets."""
        count = len(self.changes)
        return [f"{self._number.format(n=n, count=count)}: {title_of(own)}" for n, own in enumerate(self.changes, 1)]

    def more_models(self) -> list[str]:
        """Those of single runs."""
        return [own["model"] for own in self.changes if "model" in own]

    def seeded(self) -> Self:
        """The same: the run draws one seed for all, and says so."""
        return self

    def with_seed(self) -> tuple[Self, int | None]:
        """The same with one drawn seed for all runs that would have none, and that seed."""
        if all(run.settings.seed is not None for run in self.runs()):
            return self, None
        settings = self.settings.seeded()
        return self.model_copy(update={"settings": settings}), settings.seed


class CompareRequest(RunsRequest):
    """Panes, each with its own changes to the settings."""

    _number: ClassVar[str] = "pane {n}"
    panes: tuple[dict[str, Any], ...] = item(
        (), "One pane: name=value[,name=value...]; give 2 to 4", flags=["--set"], lines=True, metavar="PANE"
    )
    together: bool = item(False, "As one batch, if the panes allow it")
    reference: int = item(1, "Number of the pane that the others are compared with", "From 1.", ge=1)

    @field_validator("panes", mode="before")
    @classmethod
    def _panes(cls, value: Any) -> Any:
        """Each is a text, or changes by name."""
        return tuple(parse_changes(one) if isinstance(one, str) else check_changes(one) for one in value)

    @model_validator(mode="after")
    def _enough(self) -> Self:
        count = len(self.panes)
        if not MIN_PANES <= count <= MAX_PANES:
            raise PlaygroundError(
                f"Give --set {MIN_PANES} to {MAX_PANES} times, once for each pane; got {count}. "
                'A pane of the settings as given is --set "".'
            )
        if self.reference > count:
            raise PlaygroundError(f"The reference must be one of the {count} panes; got pane {self.reference}.")
        return self

    @property
    def changes(self) -> Sequence[dict[str, Any]]:
        """Of each pane."""
        return self.panes

    @property
    def rounds(self) -> int:
        """Once, if all panes share one batch."""
        return 1 if self.together else self.passes

    def with_models(self, ids: Sequence[str]) -> Self:
        """The same with these ids: its own, then the others."""
        names = iter(ids[1:])
        panes = tuple(pane | ({"model": next(names)} if "model" in pane else {}) for pane in self.panes)
        return self.model_copy(update={"model": ids[0], "panes": panes})


class Vary(NamedTuple):
    """A setting of `settings.LIMITS`, `quantization` or `model`, and its values."""

    name: str
    values: tuple[Any, ...]


class SweepRequest(RunsRequest):
    """One setting over several values."""

    vary: Vary = item(..., "One setting and its values", "Such as temperature=0,0.5,1.", metavar="NAME=A,B,...")

    @field_validator("vary", mode="before")
    @classmethod
    def _vary(cls, value: Any) -> Vary:
        if isinstance(value, str):
            return Vary(*parse_vary(value))
        name, values = value
        return Vary(name, check_values(name, tuple(values)))

    @property
    def changes(self) -> Sequence[dict[str, Any]]:
        """Of each run."""
        return [{self.vary.name: value} for value in self.vary.values]

    def with_models(self, ids: Sequence[str]) -> Self:
        """The same with these ids: its own, then the others."""
        vary = Vary("model", tuple(ids[1:])) if self.vary.name == "model" else self.vary
        return self.model_copy(update={"model": ids[0], "vary": vary})


def _again(prompt: str, runs: Sequence[RunRecord], model: str) -> dict[str, Any]:
    """The fields that repeat these runs, with as much time as each takes; `model` is the id of the first one's now."""
    ids = {runs[0].model.id: model}
    again = (request_again(run, ids.get(run.model.id), time_limit_s=None) for run in runs)
    repeats = tuple(replace(run, prompt=prompt) for run in again)
    first = repeats[0]
    return {
        "model": first.model, "quantization": first.quantization, "prompt": prompt, "settings": first.settings,
        "repeats": repeats,
    }  # fmt: skip


def _compare_again(old: CompareRecord, model: str) -> CompareRequest:
    """The panes that have a run, which may be only one."""
    return CompareRequest.model_construct(
        panes=tuple(old.changes), reference=old.reference + 1, together=old.mode == "batch", passes=1,
        **_again(old.prompt, old.panes, model),
    )  # fmt: skip


def _sweep_again(old: SweepRecord, model: str) -> SweepRequest:
    """The values that have a run."""
    return SweepRequest.model_construct(
        vary=Vary(old.name, tuple(old.values)), passes=1, **_again(old.prompt, old.runs, model)
    )


def _facts(record: CompareRecord) -> Iterator[FactSource]:
    """Of each pane."""
    for number, pane in enumerate(record.panes, 1):
        yield from run_facts(pane, f"Compare, pane {number}: {quoted(pane.prompt)}, {pane.model.id}")


COMPARE = Experiment(
    name="compare",
    title="Compare",
    about="One prompt under 2 to 4 settings: texts, first differing token, every metric. Each pane has its own "
    "settings, model or quantization. The panes run in turns, so that times are fair, or as one batch.",
    verb="Run",
    room="",
    request=CompareRequest,
    record=CompareRecord,
    run="playground.experiments.compare.run:compare",
    view="playground.views.compare_panels:COMPARE",
    again=_compare_again,
    differences="playground.experiments.compare.differences:compare_differences",
    facts=_facts,
    holds=False,
    estimate="playground.experiments.compare.sweep:estimate_runs",
)
SWEEP = Experiment(
    name="sweep",
    title="Sweep",
    about="One prompt over several values of one setting. All else stays as given, and so does the seed.",
    verb="Run the sweep",
    room="",
    request=SweepRequest,
    record=SweepRecord,
    run="playground.experiments.compare.sweep:sweep",
    view="playground.views.sweep:SWEEP",
    again=_sweep_again,
    differences="playground.experiments.compare.differences:sweep_differences",
    holds=False,
    estimate="playground.experiments.compare.sweep:estimate_runs",
    asks=True,
)
