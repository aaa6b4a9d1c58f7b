"""The one place that wires prompt -> stream -> measure -> record: page, command line and experiments run through it."""

import copy
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Self, TypeVar

from playground.backends.base import Backend, Capability, Loading, why_not
from playground.backends.job import Job, Queued
from playground.backends.slot import ModelSlot
from playground.data.presets import Hardware
from playground.engine.clock import Clock
from playground.engine.events import Finished, PreparedPrompt
from playground.metrics.energy import EnergyMeter
from playground.metrics.prices import DEFAULT_REFERENCE, rates
from playground.models.catalogue import Catalogue
from playground.models.facts import ModelFacts
from playground.runs.batch import batch_updates, check_rows
from playground.runs.budget import Budget, Spending
from playground.runs.devices import Devices
from playground.runs.environment import describe_environment
from playground.runs.measure import Measurement, Surroundings
from playground.runs.pricing import Pricing
from playground.runs.run import Batch, Run
from playground.runs.sharing import Reading, Sharing
from playground.runs.shelf import Shelf
from playground.runs.speed import ExpectedSpeed, Speeds
from playground.runs.updates import BatchRequest, BatchUpdate, RunRequest, Update
from playground.settings import check_prompt

T = TypeVar("T")


class Runner:
    """Runs requests on the model in the slot, in slices that are dealt out fairly.

    Args:
        slot: The model.
        hardware: The machine whose price and watts are assumed.
        devices: Measurements of this machine; None makes them.

    Attributes:
        hardware: As given; `priced` may name another price.
        person: Whose work it is; empty is nobody in particular.
        spending: What people used, within the budget.
        sharing: Deals the model out.
        shelf: Which models are on this machine.
        speeds: Of what ran here.
    """

    def __init__(self, slot: ModelSlot, hardware: Hardware, devices: Devices | None = None):
        self._slot, self.person, self.hardware, self._fetches = slot, "", hardware, True
        self.shelf = Shelf(slot)
        self.pricing = Pricing(DEFAULT_REFERENCE, hardware.usd_per_hour)
        self._devices = devices or Devices(hardware)
        self.spending = Spending(Budget())
        self.sharing = Sharing(slot, self._devices, self.spending)
        self.speeds = Speeds()

    @property
    def catalogue(self) -> Catalogue:
        """Models that can be requested."""
        return self._slot.catalogue

    def priced(self, reference: str | None = None, usd_per_hour: float | None = None) -> Self:
        """The same runner with other prices for its records.

        None keeps the model whose list price is used, `provider/model`, or the price of the machine.

        Raises:
            PlaygroundError: The reference is not in the price list.
        """
        reference = reference or self.pricing.reference
        rates(reference)  # refuses a model that is not in the list
        other = copy.copy(self)
        other.pricing = Pricing(reference, self.pricing.usd_per_hour if usd_per_hour is None else usd_per_hour)
        return other

    def of(self, person: str) -> Self:
        """The same runner for the work of one person."""
        other = copy.copy(self)
        other.person = person
        return other

    def without_fetching(self) -> Self:
        """The same runner, which downloads no model: work that needs one that is not here is refused."""
        other = copy.copy(self)
        other._fetches = False
        return other

    def bandwidth(self, device: str) -> float:
        """Bytes a second that this device reads from memory; measured once, in under a second."""
        return self._devices.bandwidth(device)

    @property
    def facts(self) -> ModelFacts | None:
        """Facts of the model in memory now."""
        return self._slot.backend.facts if self._slot.backend else None

    def why_not(self, needs: frozenset[Capability]) -> str:
        """Why the model in memory can't feed what needs these capabilities; empty if it can or no model is loaded."""
        return why_not(self._slot.backend, needs) if self._slot.backend else ""

    def quantizations(self, model: str) -> dict[str, str | None]:
        """Each quantization of a model, with the reason where it can't run here."""
        return self._slot.quantizations(model)

    def check(self, model: str, quantization: str) -> None:
        """Refuse a model or quantization that is unknown, can't run here, or would have to be fetched unasked."""
        self._slot.check(model, quantization)
        if not self._fetches:
            self.shelf.refuse_missing(model)

    def load(self, model: str, quantization: str, should_stop: Callable[[], bool] = lambda: False) -> Iterator[Loading]:
        """Fetch and load, in place; waits for its turn. If stopped while it waits, it loads nothing.

        Raises:
            PlaygroundError: It can't be fetched or loaded; the model that was in memory still works.
        """
        job = Job(f"Loading {self.catalogue.find(model).title}")
        for update in self.holding(model, quantization, lambda _: iter(()), should_stop, job=job):
            if isinstance(update, Queued):
                waiting = Loading(model, quantization, f"Waiting: {update.position} before this", None)
                update = self._slot.loading or waiting
            yield update

    def expected_speed(self, model: str, quantization: str) -> ExpectedSpeed:
        """How fast this model will answer; measures the memory's bandwidth once, in under a second."""
        self.check(model, quantization)
        bandwidth = self.bandwidth(self._slot.device)
        return self.speeds.expect(self.catalogue.find(model), quantization, self.facts, bandwidth)

    def preview(self, request: RunRequest) -> PreparedPrompt | None:
        """How the model would read the prompt, without a run; None while that model is not in memory."""
        backend, prompt = self.loaded(request.model), check_prompt(request.prompt)
        return None if backend is None else backend.prepare(prompt, request.settings, request.recorded)

    def loaded(self, model: str) -> Backend | None:
        """This model, for a preview of a text; None while it is not in memory."""
        backend = self._slot.backend
        return backend if backend is not None and backend.facts.id == model else None

    def start(self, request: RunRequest, should_stop: Callable[[], bool] = lambda: False, *, alone: str = "") -> Run:
        """A run of this request; nothing happens before it is iterated. `alone` says why it needs the machine alone.

        Raises:
            PlaygroundError: The request is refused at once.
        """
        check_prompt(request.prompt)
        self.check(request.model, request.quantization)
        return Run(replace(request, settings=request.settings.seeded()), should_stop, self._updates, alone)

    def start_batch(
        self, request: BatchRequest, should_stop: Callable[[], bool] = lambda: False, *, records: bool = False
    ) -> Batch:
        """Several answers to one prompt, computed together once it is iterated.

        Rows without a seed get one each; stopped, those that have ended are kept. With `records`, each row is measured
        separately and yields a `RowRecord` when it ends.

        Raises:
            PlaygroundError: The request is refused at once.
        """
        check_prompt(request.prompt)
        self.check(request.model, request.quantization)
        check_rows(request.settings)
        request = replace(request, settings=tuple(own.seeded() for own in request.settings))
        return Batch(request, should_stop, records, self._batch_updates)

    def holding(
        self,
        model: str,
        quantization: str,
        work: Callable[[Backend], Iterator[T]],
        should_stop: Callable[[], bool] = lambda: False,
        *,
        needs: frozenset[Capability] = frozenset(),
        job: Job | None = None,
        read: Reading | None = None,
    ) -> Generator[Queued | Loading | T, None, None]:
        """Queue, load, then everything that `work` yields. It may be set aside for others wherever it yields.

        If stopped while it waits, it ends without calling `work`. Over its time, it is stopped. `job` says what the
        work is; None is an answer. `read` is made without the turn, before `work` asks for it.

        Raises:
            PlaygroundError: The model is not available or lacks what `work` needs, or the work is over the budget.
        """
        self.check(model, quantization)
        own = (self.person, self._fetches)
        return self.sharing.holding(own, job or Job(), model, quantization, work, should_stop, needs=needs, read=read)

    def start_meter(self, device: str, clock: Clock) -> EnergyMeter:
        """The energy of this device from now on, as long as the clock runs; for work that holds the model's turn."""
        return self._devices.start_meter(device, clock)

    def _updates(self, run: Run) -> Generator[Update, None, None]:
        """Queue, load, prepare, stream, record."""
        request = run.request
        job = Job("An answer", request.settings.max_new_tokens, alone=run.alone)
        read = Reading(lambda backend: backend.prepare(request.prompt, request.settings, request.recorded))

        def work(backend: Backend) -> Iterator[Update]:
            prompt = replace(read.of(backend), person=self.person)
            measurement = run.measurement = Measurement(prompt, self._surroundings(backend, job.clock))
            yield prompt
            limited = self.spending.budget.within(request.settings)
            for event in backend.stream(prompt, limited, should_stop=run.should_stop, clock=job.clock):
                measurement.add(event)
                yield event
                job.is_over = getattr(event, "reason", "") == "time" and limited != request.settings
            yield from self.spending.ended(job)
            record = measurement.record(
                request, describe_environment(backend.facts, backend.chunk_tokens(len(prompt.ids)))
            )
            self.speeds.saw(record)
            yield record

        yield from self.holding(request.model, request.quantization, work, run.should_stop, job=job, read=read)
        if run.measurement is None:  # stopped before its turn came
            yield Finished("cancelled", "", job.clock.now())

    def _batch_updates(self, batch: Batch) -> Generator[BatchUpdate, None, None]:
        """Queue, load, and all rows."""
        request = batch.request
        tokens = sum(own.max_new_tokens for own in request.settings)
        job = Job(f"{len(request.settings)} answers", tokens)
        widest = max(request.settings, key=lambda own: own.max_new_tokens)  # a prompt cut for it fits all
        read = Reading(lambda backend: backend.prepare(request.prompt, widest, request.recorded))

        def work(backend: Backend) -> Iterator[BatchUpdate]:
            yield from batch_updates(
                backend, request, replace(read.of(backend), person=self.person), self._surroundings(backend, job.clock),
                lambda: batch.should_stop() or self.spending.is_over(job), batch.measurements,
            )  # fmt: skip
            yield from self.spending.ended(job)

        return self.holding(request.model, request.quantization, work, batch.should_stop, job=job, read=read)

    def _surroundings(self, backend: Backend, clock: Clock) -> Surroundings:
        facts = backend.facts
        return Surroundings(
            facts=facts,
            predict_kv_bytes=backend.kv_cache_bytes,
            bandwidth_bytes_per_s=self._devices.bandwidth(facts.device),
            pricing=self.pricing,
            energy=self._devices.start_meter(facts.device, clock),
            clock=clock,
            begun_s=clock.now(),
        )
