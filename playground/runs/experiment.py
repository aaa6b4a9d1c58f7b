"""An experiment is one declared value: command, section of the page, saved file, replay and export follow from it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from playground.backends.base import Capability
from playground.backends.job import Job
from playground.engine.events import PreparedPrompt
from playground.errors import PlaygroundError
from playground.runs.environment import changes, describe_environment
from playground.runs.records import Document
from playground.runs.request import PromptRequest, Request
from playground.runs.stages import ShouldStop, Steps, Stopped, finish, obey

if TYPE_CHECKING:  # they import torch, which a declaration must not wait for
    from playground.backends.base import Backend
    from playground.metrics.energy import EnergyMeter
    from playground.runs.runner import Runner
    from playground.runs.speed import Estimate

Q = TypeVar("Q", bound=Request)
R = TypeVar("R", bound=Document)
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
Late = F | str
"""A function, or its location, "module:name", imported when it is first called."""

TIMES = "it measures times"
"""Why work asks for the machine alone."""


@dataclass(frozen=True)
class Experiment(Generic[Q, R]):
    """Everything that is specific to one experiment.

    Attributes:
        name: The kind of its document and the name of the command.
        title: Heading of its section.
        about: What it measures, in one or two sentences; its first sentence is the command's help.
        verb: Label of its button.
        room: Where its section appears: a tab, or a tab and a section. Empty if its section is written by hand.
        request: Class of its request.
        record: Class of its document.
        run: Takes a `Lab` and a request; yields stages, the prepared prompt and finished parts, and returns the
            record, or None if it was stopped before there was anything to keep. It may raise `Stopped`.
        view: A `views.panels.View`, which draws a record or the parts finished so far.
        again: Rebuilds the request from a record, for replay; it also gets the id of the model.
        differences: Between a record and the record of its replay, one sentence each.
        facts: Figures that Cost can start from.
        needs: Capabilities that the backend must have.
        holds: Whether it works on one model and holds that model's turn; otherwise it starts its own runs.
        anchor: Prefix of its element ids, if not the name.
        command: Its name on the command line, if not the name.
        group: The command is one of several under this name, and documents of all of them have the same kind; then
            the document's `name` is the command's.
        estimate: How long a request may take.
        took: Seconds of a record's own work, without waiting and loading, where it does not hold the model.
        before: What to know of a request before it runs, in a sentence near its button.
        asks: Whether the person confirms a long one.
    """

    name: str
    title: str
    about: str
    verb: str
    room: str
    request: type[Q]
    record: type[R]
    run: Late[Callable[["Lab", Q], Steps[R | None]]]
    view: Any
    again: Callable[[R, str], Q]
    differences: Late[Callable[[R, R], Iterable[str]]]
    facts: Late[Callable[[R], Iterable[Any]]] | None = None
    needs: frozenset[Capability] = frozenset()
    holds: bool = True
    anchor: str = ""
    command: str = ""
    group: str = ""
    estimate: Late[Callable[["Runner", Q], "Estimate"]] | None = None
    took: Callable[[R], float] | None = None
    before: Callable[[Q], str] | None = None
    asks: bool = False

    def made(self, document: Document) -> bool:
        """Whether a document is one of this experiment's."""
        same = not self.group or getattr(document, "name", "") == (self.command or self.name)
        return type(document) is self.record and same

    @property
    def prefix(self) -> str:
        """Prefix of its element ids."""
        return self.anchor or self.name


def late(value: Any) -> Any:
    """The value itself, imported if only its location was given."""
    if not isinstance(value, str):
        return value
    module, _, name = value.partition(":")
    return getattr(import_module(module), name)


class Lab:
    """What a running experiment works with.

    Attributes:
        runner: Starts runs, for experiments that do not hold a model.
        should_stop: Whether the person pressed Stop; most experiments call `obey` instead.
        clock: Stands still while the experiment is set aside for others.
    """

    def __init__(self, runner: "Runner", backend: "Backend | None", should_stop: ShouldStop, job: "Job | None" = None):
        self.runner, self._backend, self.should_stop = runner, backend, should_stop
        self._job = job or Job()
        self.clock = self._job.clock

    @property
    def backend(self) -> "Backend":
        """The model, whose turn is held."""
        assert self._backend is not None, "this experiment does not hold a model"
        return self._backend

    def read(self, work: Callable[["Backend"], T]) -> T:
        """What this work makes of the model's tokenizer and template; others may have the model meanwhile."""
        backend = self.backend
        reading = self.runner.sharing.without_turn(backend, self._job, self.should_stop, lambda: work(backend))
        return finish(reading)

    def decoded(self, ids: Sequence[int]) -> str:
        """The text of these tokens."""
        return self.backend.tokenize(lambda tokenizer: tokenizer.decode(list(ids)))

    def obey(self) -> None:
        """Leave the work if the person pressed Stop.

        Raises:
            Stopped: They did.
        """
        obey(self.should_stop)

    def alone(self, why: str) -> AbstractContextManager[None]:
        """Within, the experiment has longer slices; the others read why and for how long."""
        return self._job.alone(why)

    def start_meter(self) -> "EnergyMeter":
        """The energy of the model's device from now on, without what others use."""
        return self.runner.start_meter(self.backend.facts.device, self.clock)

    def stamp(self, chunk_tokens: int) -> dict[str, Any]:
        """What every record carries: `model` and `environment`."""
        from playground.runs.measure import model_record  # noqa: PLC0415  it imports torch

        facts = self.backend.facts
        return {"model": model_record(facts), "environment": describe_environment(facts, chunk_tokens)}


def updates(
    runner: "Runner", experiment: Experiment[Q, R], request: Q, should_stop: ShouldStop = lambda: False
) -> Iterator[Any]:
    """Everything an experiment yields, its record last; checks, seeds, queues, loads and stops are handled here.

    Raises:
        PlaygroundError: The model to hold is not available here; or, during iteration, the request can't be met.
    """
    if experiment.holds:
        runner.check(request.model, request.quantization)
    if isinstance(request, PromptRequest):
        request = request.seeded()
    run = late(experiment.run)
    job = Job(experiment.title, request.most_tokens)

    def should_end() -> bool:
        return should_stop() or runner.spending.is_over(job)

    def work(backend: "Backend | None") -> Iterator[Any]:
        record, lab = None, Lab(runner, backend, should_end, job)
        begun_s = lab.clock.now()
        with suppress(Stopped):
            record = yield from run(lab, request)
        if record is not None and not should_end():
            held_s = lab.clock.now() - begun_s if experiment.holds else None
            _learn(runner, experiment, request, experiment.took(record) if experiment.took else held_s)
        yield from runner.spending.ended(job)
        if record is not None:
            yield record

    if not experiment.holds:
        runner.spending.check(runner.person, request.most_tokens)
        return work(None)
    return runner.holding(request.model, request.quantization, work, should_stop, needs=experiment.needs, job=job)


def _learn(runner: "Runner", experiment: Experiment[Q, Any], request: Q, seconds: float | None) -> None:
    """For the next estimate."""
    if seconds is not None and (work := request.work()) is not None:
        ran = experiment.name, request.model, request.quantization
        runner.speeds.took(*ran, work, seconds, runner.expected_speed(*ran[1:]))


def ahead(runner: "Runner", experiment: Experiment[Q, R], request: Q) -> "tuple[str, Estimate | None]":
    """What to know of a request before it runs, and how long it may take; may measure the memory, under a second.

    Raises:
        PlaygroundError: The model or quantization is not available here.
    """
    said = experiment.before(request) if experiment.before else ""
    if experiment.estimate is not None:
        return said, late(experiment.estimate)(runner, request)
    if (work := request.work()) is None:
        return said, None
    speed = runner.expected_speed(request.model, request.quantization)
    return said, runner.speeds.estimate(experiment.name, request.model, request.quantization, work, speed)


def replay(experiment: Experiment[Q, R], old: Any, runner: "Runner", model: str | None) -> tuple[list[str], list[str]]:
    """Differences between a record and its replay, and what has changed around it.

    Raises:
        PlaygroundError: The request can't be met here, or ended without a record.
    """
    came = list(updates(runner, experiment, experiment.again(old, model or old.members()[0].model.id)))
    new: Any = next((one for one in came if isinstance(one, experiment.record)), None)
    if new is None:
        raise PlaygroundError(f"The {experiment.name} ended before it produced a record.")
    came = [getattr(one, "update", one) for one in came]  # of one run of several
    changed = [note for one in came if isinstance(one, PreparedPrompt) for note in one.notes]
    for then, now in zip(old.members(), new.members(), strict=False):
        changed += changes(then.model.model_dump(), now.model.model_dump()) + changes(then.environment, now.environment)
    return list(late(experiment.differences)(old, new)), list(dict.fromkeys(changed))
