"""The one place that wires prompt -> stream -> measure -> record: page, command line and experiments run through it."""

import copy
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Self, TypeVar

from playground.backends.base import Backend, Capability, Loading, Queued, why_not
from playground.backends.slot import ModelSlot, Progress
from playground.data.presets import Hardware
from playground.engine.events import Finished, PreparedPrompt
from playground.errors import PlaygroundError, memory_in_words
from playground.metrics.energy import EnergyMeter
from playground.metrics.prices import DEFAULT_REFERENCE, rates
from playground.models.catalogue import Catalogue
from playground.models.facts import ModelFacts
from playground.runs.batch import batch_updates, check_rows
from playground.runs.devices import Devices
from playground.runs.environment import describe_environment
from playground.runs.measure import Measurement, Surroundings
from playground.runs.pricing import Pricing
from playground.runs.progress import with_progress
from playground.runs.run import Batch, Run
from playground.runs.speed import ExpectedSpeed, Speeds
from playground.runs.updates import BatchRequest, BatchUpdate, RunRequest, Update
from playground.settings import check_prompt

T = TypeVar("T")
_LESS_MEMORY = "use a shorter prompt or context, fewer tokens or rows, int4, a smaller model, or close other programs"
LoadSteps = Generator[Loading, None, Backend]


class Runner:
    """Runs requests one at a time on the model in the slot."""

    def __init__(self, slot: ModelSlot, hardware: Hardware, devices: Devices | None = None):
        self._slot = slot
        self._hardware = hardware
        self.pricing = Pricing(DEFAULT_REFERENCE, hardware.usd_per_hour)
        self._devices = devices or Devices(hardware)
        self._speeds = Speeds()

    @property
    def catalogue(self) -> Catalogue:
        """Models that can be requested."""
        return self._slot.catalogue

    @property
    def hardware(self) -> Hardware:
        """The machine whose price and watts are assumed, unless `priced` names another price."""
        return self._hardware

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

    @property
    def facts(self) -> ModelFacts | None:
        """Facts of the model in memory now."""
        return self._slot.backend.facts if self._slot.backend else None

    def why_not(self, needs: frozenset[Capability]) -> str:
        """Why the model in memory can't feed what needs these capabilities; empty if it can or no model is loaded."""
        backend = self._slot.backend
        return why_not(backend, needs) if backend else ""

    def quantizations(self, model: str) -> dict[str, str | None]:
        """Each quantization of a model, with the reason where it can't run here."""
        return self._slot.quantizations(model)

    def models(self) -> dict[str, str | None]:
        """Each model, with what is needed first if it is not on this machine yet."""
        return {
            entry.id: None
            if self._slot.source.is_ready(entry)
            else "not on this machine yet: choosing it fetches it, which needs a network"
            for entry in self.catalogue.entries
        }

    def check(self, model: str, quantization: str) -> None:
        """Refuse a model or quantization that is not available here.

        Raises:
            PlaygroundError: Unknown, or not possible on this machine.
        """
        self._slot.check(model, quantization)

    def load(self, model: str, quantization: str, should_stop: Callable[[], bool] = lambda: False) -> Iterator[Loading]:
        """Fetch and load, in place; waits for its turn. If stopped while it waits, it loads nothing.

        Raises:
            PlaygroundError: It can't be fetched or loaded; the model that was in memory still works.
        """
        self._slot.check(model, quantization)
        with self._slot.turns.ticket() as ticket:
            for position in self._slot.turns.wait(ticket, should_stop):
                waiting = Loading(model, quantization, f"Waiting: {position} before this", None)
                yield self._slot.loading or waiting
            if should_stop():
                return
            backend = yield from self._ensure(model, quantization)
            self._devices.measure(backend.facts.device)

    def expected_speed(self, model: str, quantization: str) -> ExpectedSpeed:
        """How fast this model will answer; measures the memory's bandwidth once, which takes under a second."""
        self._slot.check(model, quantization)
        bandwidth = self._devices.bandwidth(self._slot.device)
        return self._speeds.expect(self.catalogue.find(model), quantization, self.facts, bandwidth)

    def preview(self, request: RunRequest) -> PreparedPrompt | None:
        """How the model would read the prompt, without a run; None while that model is not in memory."""
        backend = self.loaded(request.model)
        prompt = check_prompt(request.prompt)
        return None if backend is None else backend.prepare(prompt, request.settings, request.recorded)

    def loaded(self, model: str) -> Backend | None:
        """This model, for a preview of a text; None while it is not in memory."""
        backend = self._slot.backend
        return backend if backend is not None and backend.facts.id == model else None

    def start(self, request: RunRequest, should_stop: Callable[[], bool] = lambda: False) -> Run:
        """A run of this request; nothing happens before it is iterated.

        Raises:
            PlaygroundError: The request is refused at once.
        """
        check_prompt(request.prompt)
        self._slot.check(request.model, request.quantization)
        return Run(replace(request, settings=request.settings.seeded()), should_stop, self._updates)

    def start_batch(
        self, request: BatchRequest, should_stop: Callable[[], bool] = lambda: False, *, records: bool = False
    ) -> Batch:
        """Several answers to one prompt, computed together; nothing happens before it is iterated.

        Rows without a seed get one each; stopped, those that have ended are kept. With `records`, each row is measured
        separately and yields a `RowRecord` when it ends.

        Raises:
            PlaygroundError: The request is refused at once.
        """
        check_prompt(request.prompt)
        self._slot.check(request.model, request.quantization)
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
    ) -> Generator[Queued | Loading | T, None, None]:
        """Queue, load, then everything that `work` yields; the turn is held until it has ended.

        If stopped while it waits, it ends without calling `work`.

        Raises:
            PlaygroundError: The model is not available, or lacks a capability that `work` needs.
        """
        started_at = time.perf_counter()
        with self._slot.turns.ticket() as ticket:
            for position in self._slot.turns.wait(ticket, should_stop):
                yield Queued(position, time.perf_counter() - started_at)
            if not should_stop():
                backend = yield from self._ensure(model, quantization)
                if why := why_not(backend, needs):
                    raise PlaygroundError(why)
                self._devices.measure(backend.facts.device)
                yield from memory_in_words(work(backend), "the model was running", _LESS_MEMORY)

    def start_meter(self, device: str) -> EnergyMeter:
        """The energy of this device from now on; for work that holds the model's turn."""
        return self._devices.start_meter(device)

    def _ensure(self, model: str, quantization: str) -> LoadSteps:
        if self._slot.backend is not None and self._slot.holds(model, quantization):
            return self._slot.backend

        def work(progress: Progress) -> Backend:
            return self._slot.ensure(model, quantization, progress)

        steps = with_progress(work)
        while True:
            try:
                stage, fraction = next(steps)
            except StopIteration as end:
                return end.value
            yield Loading(model, quantization, stage, fraction)

    def _updates(self, run: Run) -> Generator[Update, None, None]:
        """Queue, load, prepare, stream, record."""
        started_at, request = time.perf_counter(), run.request

        def work(backend: Backend) -> Iterator[Update]:
            prompt = backend.prepare(request.prompt, request.settings, request.recorded)
            measurement = run.measurement = Measurement(prompt, self._surroundings(backend, started_at))
            yield prompt
            for event in backend.stream(prompt, request.settings, should_stop=run.should_stop, started_at=started_at):
                measurement.add(event)
                yield event
            record = measurement.record(
                request, describe_environment(backend.facts, backend.chunk_tokens(len(prompt.ids)))
            )
            self._speeds.saw(record)
            yield record

        yield from self.holding(request.model, request.quantization, work, run.should_stop)
        if run.measurement is None:  # stopped before its turn came
            yield Finished("cancelled", "", time.perf_counter() - started_at)

    def _batch_updates(self, batch: Batch) -> Generator[BatchUpdate, None, None]:
        """Queue, load, and all rows."""
        started_at = time.perf_counter()
        request = batch.request

        def work(backend: Backend) -> Iterator[BatchUpdate]:
            surroundings = self._surroundings(backend, started_at)
            return batch_updates(backend, request, surroundings, batch.should_stop, batch.measurements)

        return self.holding(request.model, request.quantization, work, batch.should_stop)

    def _surroundings(self, backend: Backend, started_at: float) -> Surroundings:
        facts = backend.facts
        return Surroundings(
            facts=facts,
            predict_kv_bytes=backend.kv_cache_bytes,
            bandwidth_bytes_per_s=self._devices.bandwidth(facts.device),
            pricing=self.pricing,
            energy=self._devices.start_meter(facts.device),
            started_at=started_at,
            begun_at=time.perf_counter(),
        )
