"""What pages and experiments need of a runner, and nothing more: so that a fake can stand in for the real one."""

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Protocol, TypeVar

from playground.backends.base import Backend, Capability, Loading, Queued
from playground.data.presets import Hardware
from playground.engine.events import PreparedPrompt
from playground.metrics.energy import EnergyMeter
from playground.models.facts import ModelFacts
from playground.runs.pricing import Pricing
from playground.runs.speed import ExpectedSpeed
from playground.runs.updates import BatchRequest, BatchUpdate, Meters, RunRequest, Update

T = TypeVar("T")


class Entry(Protocol):
    """A model that the catalogue offers."""

    @property
    def id(self) -> str:
        """What requests call it."""
        ...

    @property
    def title(self) -> str:
        """What the page calls it."""
        ...

    @property
    def about(self) -> str:
        """One sentence."""
        ...

    @property
    def context_length(self) -> int | None:
        """The most positions; None if only loading it tells."""
        ...


class Catalogue(Protocol):
    """All models that this installation knows."""

    @property
    def entries(self) -> Sequence[Entry]:
        """All of them, in the order of the menu."""
        ...

    @property
    def default(self) -> Entry:
        """The one to start with."""
        ...


class Run(Protocol):
    """One run: iterate it once, in a thread of its own, since it blocks."""

    def __iter__(self) -> Iterator[Update]: ...

    def close(self) -> None:
        """End the run and give its resources back."""
        ...

    def meters(self) -> Meters | None:
        """A snapshot, from any thread; None before there is anything to read."""
        ...


class Batch(Protocol):
    """Several answers to one prompt: iterate it once, in a thread of its own, since it blocks."""

    def __iter__(self) -> Iterator[BatchUpdate]: ...

    def close(self) -> None:
        """End the rows and give their resources back."""
        ...

    def meters(self, row: int) -> Meters | None:
        """A snapshot of a row, from any thread; None before there is anything to read."""
        ...


class Runner(Protocol):
    """Answers prompts with the one model in memory; the lower layers' `experiments.runner.Runner` is one."""

    @property
    def catalogue(self) -> Catalogue:
        """Models that can be asked for."""
        ...

    @property
    def hardware(self) -> Hardware:
        """The machine whose price is assumed."""
        ...

    @property
    def pricing(self) -> Pricing:
        """The prices of its records."""
        ...

    def priced(self, reference: str | None = ..., usd_per_hour: float | None = ...) -> "Runner":
        """The same runner, whose records are priced otherwise."""
        ...

    @property
    def facts(self) -> ModelFacts | None:
        """Facts of the model in memory now."""
        ...

    def why_not(self, needs: frozenset[Capability]) -> str:
        """Why the model in memory can't feed what needs these capabilities; empty if it can, or there is none."""
        ...

    def models(self) -> dict[str, str | None]:
        """Each model, with None if it can be loaded, else the reason it can't."""
        ...

    def quantizations(self, model: str) -> dict[str, str | None]:
        """Each quantization of a model, with None if it can run here, else the reason it can't."""
        ...

    def load(self, model: str, quantization: str) -> Iterator[Loading]:
        """Bring a model into memory, in place of the one there."""
        ...

    def preview(self, request: RunRequest) -> PreparedPrompt | None:
        """The prompt as it would be read; None while its model is not in memory."""
        ...

    def loaded(self, model: str) -> Backend | None:
        """This model, to ask what it makes of a text; None while it is not in memory."""
        ...

    def start(self, request: RunRequest, should_stop: Callable[[], bool] = ...) -> Run:
        """A run that has not begun; iterating it does the work."""
        ...

    def start_batch(
        self, request: BatchRequest, should_stop: Callable[[], bool] = ..., *, records: bool = False
    ) -> Batch:
        """Several answers to one prompt, computed together; iterating it does the work."""
        ...

    def check(self, model: str, quantization: str) -> None:
        """Refuse a model or quantization that can't be had here."""
        ...

    def expected_speed(self, model: str, quantization: str) -> ExpectedSpeed:
        """How fast a model will answer."""
        ...

    def holding(
        self,
        model: str,
        quantization: str,
        work: Callable[[Backend], Iterator[T]],
        should_stop: Callable[[], bool] = ...,
        *,
        needs: frozenset[Capability] = ...,
    ) -> Generator[Queued | Loading | T, None, None]:
        """Queue, load, then everything that `work` yields, with the model's turn held."""
        ...

    def start_meter(self, device: str) -> EnergyMeter:
        """The energy of a device from now on."""
        ...
