"""The runs of a comparison or a sweep: one after the other, or as one batch. One that fails loses no other."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from typing import Any

from playground.backends.base import Backend
from playground.engine.events import PreparedPrompt, PromptProcessed, PromptProgress, RowEvent
from playground.errors import PlaygroundError
from playground.experiments.compare.metrics import measured_values
from playground.experiments.compare.pane_updates import PaneAgain, PaneBegun, PaneFailed, PaneUpdate
from playground.metrics.passes import there_and_back
from playground.runs.experiment import TIMES
from playground.runs.records import RunRecord
from playground.runs.runner import Runner
from playground.runs.sharing import Reading
from playground.runs.updates import (
    BatchEnd,
    BatchPlan,
    BatchRequest,
    BatchUpdate,
    RowRecord,
    RunRequest,
    Update,
)
from playground.settings import Settings

_WARM_PROMPT, _WARM_TOKENS = 256, 2  # one chunk of a prompt, and one step after it
NOT_BEGUN = "Stopped before it began."


class Panes:
    """Runs of several requests. Iterate `in_turns` or `as_batch` once.

    Attributes:
        records: The runs that have a record, by their place; also those that were stopped.
        problems: Why the others have none.
        more: Records of the further passes of each place.
        control: Records of the first place's second measurement, a pass each; there are none of a single pass.
    """

    def __init__(
        self, runner: Runner, requests: Sequence[RunRequest], titles: Sequence[str], should_stop: Callable[[], bool],
        passes: int = 1,
    ):  # fmt: skip
        self._runner = runner
        self._requests, self._titles = requests, titles
        self._should_stop = should_stop
        self.records: dict[int, RunRecord] = {}
        self.problems: dict[int, str] = {}
        self.more: dict[int, list[RunRecord]] = {}
        self.control: list[RunRecord] = []
        self._passes = passes

    def measured(self, places: Sequence[int]) -> dict[str, Any]:
        """Fields `passes` and `control` of a document with these places; nothing where each ran once."""
        if not any(self.more.values()):
            return {}
        passes = [measured_values([self.records[place], *self.more.get(place, [])]) for place in places]
        return {"passes": passes, "control": measured_values(self.control) if 0 in places else {}}

    def why_missing(self, pane: int) -> str:
        """Why a pane without a record has none."""
        return self.problems.get(pane, NOT_BEGUN)

    def raise_problems(self) -> None:
        """For when no pane has a record: why, unless they were only stopped.

        Raises:
            PlaygroundError: Panes failed.
        """
        if len(set(self.problems.values())) == 1:
            raise PlaygroundError(next(iter(self.problems.values())))
        if self.problems:
            all_of_them = (f"{place + 1}: {problem}" for place, problem in sorted(self.problems.items()))
            raise PlaygroundError(f"None could run. {' '.join(all_of_them)}")

    def in_turns(self) -> Iterator[PaneBegun | PaneUpdate | PaneFailed | PaneAgain]:
        """One after the other, those of one model together; the model is ready and warm before each of its passes.

        The first pass has all answers. Further ones go back and forth over models and panes, so that what changes in
        the machine meanwhile meets all panes alike.
        """
        groups = self._groups()
        for number in range(1, self._passes + 1):
            for places in there_and_back(groups, number):
                if self._should_stop():
                    return
                yield from self._pass(places, number, is_ready=number > 1 and len(groups) == 1)

    def _pass(
        self, places: Sequence[int], number: int, *, is_ready: bool
    ) -> Iterator[PaneBegun | PaneUpdate | PaneFailed | PaneAgain]:
        """A pass of those of one model."""
        here = [place for place in places if number == 1 or place in self.records]
        if not here:
            return
        try:
            if not is_ready:
                with closing(self._ready(here[0])) as steps:
                    for step in steps:
                        yield PaneUpdate(here[0], step)
        except PlaygroundError as error:
            yield from self._failed(here, error) if number == 1 else ()
            return
        turns: list[int | None] = [*here, *([None] if 0 in here and self._passes > 1 else [])]
        for place in there_and_back(turns, number):
            if self._should_stop():
                return
            if place is None:
                yield from self._again(0, number, self.control, itself=True)
            elif number == 1:
                yield from self._alone(place)
            else:
                yield from self._again(place, number, self.more.setdefault(place, []))

    def _again(self, place: int, number: int, kept: list[RunRecord], *, itself: bool = False) -> Iterator[PaneAgain]:
        """Once more, for the times; a run that was stopped or failed counts for nothing."""
        if place not in self.records:
            return
        yield PaneAgain(self._titles[place], number, self._passes, itself)
        with (
            suppress(PlaygroundError),
            closing(self._runner.start(self._requests[place], self._should_stop, alone=TIMES)) as run,
        ):
            for update in run:
                if isinstance(update, RunRecord) and update.finish_reason != "cancelled":
                    kept.append(update)

    def as_batch(self) -> Iterator[PaneBegun | PaneUpdate | PaneFailed]:
        """All at once: they share prompt, model, quantization and how the prompt is read.

        Updates of the shared prompt come once for each pane.
        """
        everyone = range(len(self._requests))
        try:
            with closing(self._ready(0)) as steps:
                for step in steps:
                    yield from (PaneUpdate(place, step, shared=True) for place in everyone)
            batch = self._runner.start_batch(_batch_request(self._requests), self._should_stop, records=True)
            with closing(batch):
                for item in batch:
                    if isinstance(item, PreparedPrompt):
                        for place in everyone:
                            yield PaneBegun(place, self._titles[place], partial(batch.meters, place), shared=True)
                    yield from self._of_panes(item)
        except PlaygroundError as error:
            yield from self._failed([place for place in everyone if place not in self.records], error)

    def _groups(self) -> list[list[int]]:
        """Places of each model and quantization; the one in memory first, as it need not be loaded."""
        groups: dict[tuple[str, str], list[int]] = {}
        for place, request in enumerate(self._requests):
            groups.setdefault((request.model, request.quantization), []).append(place)
        facts = self._runner.facts
        held = (facts.id, facts.quantization) if facts else None
        return [groups[key] for key in sorted(groups, key=lambda key: key != held)]

    def _ready(self, place: int) -> Generator[Update, None, None]:
        """Queue, load, and one short run that nobody sees: the first after a load is slower, and would not be fair."""
        request = self._requests[place]

        def prepared(backend: Backend) -> PreparedPrompt | None:
            with suppress(PlaygroundError):  # the pane's own run reports what is wrong with it
                return backend.prepare(request.prompt, request.settings)
            return None

        read = Reading(prepared)

        def warm(backend: Backend) -> Iterator[Update]:
            prompt = read.of(backend)
            if prompt is not None:
                prompt = replace(prompt, ids=prompt.ids[:_WARM_PROMPT])
                settings = Settings(seed=0, temperature=0, max_new_tokens=_WARM_TOKENS)
                for _ in backend.stream(prompt, settings, should_stop=self._should_stop):
                    pass
            return iter(())

        return self._runner.holding(request.model, request.quantization, warm, self._should_stop, read=read)

    def _alone(self, place: int) -> Iterator[PaneBegun | PaneUpdate | PaneFailed]:
        try:
            run = self._runner.start(self._requests[place], self._should_stop, alone=TIMES)
            with closing(run):
                for update in run:
                    if isinstance(update, PreparedPrompt):
                        yield PaneBegun(place, self._titles[place], run.meters)
                    elif isinstance(update, RunRecord):
                        self.records[place] = update
                    yield PaneUpdate(place, update)
        except PlaygroundError as error:
            yield from self._failed([place], error)

    def _of_panes(self, item: BatchUpdate) -> Iterator[PaneUpdate]:
        """An update of the batch as updates of its panes."""
        if isinstance(item, RowRecord):
            self.records[item.row] = item.record
            yield PaneUpdate(item.row, item.record, shared=True)
        elif isinstance(item, RowEvent) and not isinstance(item.event, PromptProgress | PromptProcessed):
            yield PaneUpdate(item.row, item.event, shared=True)
        elif not isinstance(item, BatchPlan | BatchEnd):
            shared = item.event if isinstance(item, RowEvent) else item
            yield from (PaneUpdate(place, shared, shared=True) for place in range(len(self._requests)))

    def _failed(self, places: Sequence[int], error: PlaygroundError) -> Iterator[PaneFailed]:
        for place in places:
            self.problems[place] = str(error)
            yield PaneFailed(place, self._titles[place], str(error))


def _batch_request(requests: Sequence[RunRequest]) -> BatchRequest:
    first = requests[0]
    settings = tuple(request.settings for request in requests)
    return BatchRequest(first.prompt, first.model, first.quantization, settings, recorded=first.recorded)
