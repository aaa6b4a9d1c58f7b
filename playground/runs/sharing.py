"""How work shares the model: it queues, loads, and goes on in slices, within the budget."""

from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Generic, TypeVar

from playground.backends.base import Backend, Capability, Loading, why_not
from playground.backends.job import Job, Queued
from playground.backends.slot import ModelSlot, Progress
from playground.errors import NotEnoughMemory, PlaygroundError, memory_in_words
from playground.runs.budget import Spending
from playground.runs.devices import Devices
from playground.runs.progress import with_progress

R = TypeVar("R")
T = TypeVar("T")
_LESS_MEMORY = "use a shorter prompt or context, fewer tokens or rows, int4, a smaller model, or close other programs"


class Reading(Generic[T]):
    """What a text becomes for a model, made once; without the turn, since a template of others may take long."""

    def __init__(self, make: Callable[[Backend], T]):
        self._make = make
        self._made: tuple[Backend, T] | None = None

    def is_of(self, backend: Backend) -> bool:
        """Whether it was made for this model."""
        return self._made is not None and self._made[0] is backend

    def of(self, backend: Backend) -> T:
        """For this model."""
        if self._made is None or self._made[0] is not backend:
            self._made = (backend, self._make(backend))
        return self._made[1]


class Sharing:
    """Deals the model in the slot out to the work of many people."""

    def __init__(self, slot: ModelSlot, devices: Devices, spending: Spending):
        self._slot, self._devices, self._spending = slot, devices, spending

    def holding(
        self,
        whose: tuple[str, bool],
        job: Job,
        model: str,
        quantization: str,
        work: Callable[[Backend], Iterator[T]],
        should_stop: Callable[[], bool],
        *,
        needs: frozenset[Capability],
        read: Reading | None,
    ) -> Generator[Queued | Loading | T, None, None]:
        """As `Runner.holding`; `whose` is a person, and whether a model may be downloaded for them."""
        person, fetches = whose
        self._spending.check(person, job.most_tokens)
        turns = self._slot.turns
        with turns.place(job, person):
            try:
                here = self._slot.backend
                if read is not None and here is not None and self._slot.holds(model, quantization):
                    read.of(here)
                yield from turns.wait(job, should_stop)
                if should_stop():
                    return
                backend = yield from self._ensure(model, quantization, job, should_stop, fetches=fetches)
                if backend is None:
                    return
                if why := why_not(backend, needs):
                    raise PlaygroundError(why)
                self._devices.measure(backend.facts.device)
                with self._slot.residents.using(backend):
                    if read is not None and not read.is_of(backend):
                        yield from self.without_turn(backend, job, should_stop, partial(read.of, backend))
                        if should_stop():
                            return
                    items = memory_in_words(work(backend), "the model was running", _LESS_MEMORY)
                    yield from self._in_slices(items, backend, job, should_stop)
            finally:
                turns.give_back(job)
                self._spending.add(job)

    def without_turn(
        self, backend: Backend, job: Job, should_stop: Callable[[], bool], read: Callable[[], R]
    ) -> Generator[Queued, None, R]:
        """Short work that needs a model's tokenizer only, and its result; others may have the model meanwhile."""
        turns = self._slot.turns
        turns.leave(job)
        try:
            made = read()
            job.clock.pause()
            yield from turns.wait(job, should_stop)
            return made
        finally:
            self._go_on(backend, job)

    def _in_slices(
        self, items: Iterator[T], backend: Backend, job: Job, should_stop: Callable[[], bool]
    ) -> Generator[Queued | T, None, None]:
        """Everything that the work yields; between two items others may go on."""
        turns = self._slot.turns
        try:
            for item in items:
                yield item
                job.saw(item)
                if turns.should_rest(job):
                    turns.rest(job)
                    yield from turns.wait(job, should_stop)
                    self._go_on(backend, job)
        finally:
            self._go_on(backend, job)
            if (close := getattr(items, "close", None)) is not None:
                close()

    def _go_on(self, backend: Backend, job: Job) -> None:
        """With the turn held, also where the work was stopped or left while it was set aside."""
        if not self._slot.turns.has(job):
            self._slot.turns.take(job)
        job.clock.resume()
        self._slot.replace(backend)

    def _ensure(
        self, model: str, quantization: str, job: Job, should_stop: Callable[[], bool], *, fetches: bool
    ) -> Generator[Queued | Loading, None, Backend | None]:
        """The model; None if stopped. Where it does not fit beside a model in use, it waits until that is free."""
        while True:
            try:
                return (yield from self._loaded(model, quantization, fetches=fetches))
            except NotEnoughMemory:
                if not self._slot.turns.others_set_aside(job):
                    raise
            self._slot.turns.wait_for_room(job)
            yield from self._slot.turns.wait(job, should_stop)
            job.clock.resume()
            job.needs_room = False
            if should_stop():
                return None

    def _loaded(self, model: str, quantization: str, *, fetches: bool) -> Generator[Loading, None, Backend]:
        if self._slot.backend is not None and self._slot.holds(model, quantization):
            return self._slot.backend

        def work(progress: Progress) -> Backend:
            return self._slot.ensure(model, quantization, progress, fetches=fetches)

        steps = with_progress(work)
        while True:
            try:
                stage, fraction = next(steps)
            except StopIteration as end:
                return end.value
            yield Loading(model, quantization, stage, fraction)
