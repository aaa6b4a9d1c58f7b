"""One prompt over several values of one setting, one run after the other, so that the times of each are its own."""

import math
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from playground.errors import PlaygroundError
from playground.experiments.compare.changes import check_values, pane_request
from playground.experiments.compare.panes import PaneFailed, Panes, PaneUpdate
from playground.experiments.compare.records import FailedRecord, SweepRecord
from playground.runs.runner import Runner
from playground.runs.updates import Meters, RunRequest
from playground.settings import check_prompt

LONG_S = 120  # a sweep that may take longer is worth a question


@dataclass(frozen=True)
class SweepRequest:
    """A sweep that somebody asked for.

    Attributes:
        base: What every run starts from.
        name: The setting that varies: a number of `settings.LIMITS`, `quantization` or `model`.
        values: Its values, checked.
    """

    base: RunRequest
    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class SweepEstimate:
    """What a sweep may take, before it starts.

    Attributes:
        runs: How many.
        output_tokens: The most they can answer, all together.
        seconds: For that many tokens, loading of models left out.
        is_long: That is more than `LONG_S`.
        basis: How the time is known, in words.
    """

    runs: int
    output_tokens: int
    seconds: float
    is_long: bool
    basis: str


def make_sweep(base: RunRequest, name: str, values: tuple[Any, ...]) -> SweepRequest:
    """A sweep of the base over these values; text and numbers will do.

    Raises:
        PlaygroundError: The setting can't vary, there are too few or too many values, two are the same, or one can't
            be.
    """
    return SweepRequest(base, name, check_values(name, values))


def estimate_sweep(runner: Runner, request: SweepRequest) -> SweepEstimate:
    """Tokens and time of a sweep, from speeds measured in this process; may measure the memory, under a second.

    Raises:
        PlaygroundError: No value can be had here, or a value is none.
    """
    runs = _runs(request)
    times, bases = [], []
    problem = None
    for run in runs:
        try:
            speed = runner.expected_speed(run.model, run.quantization)
        except PlaygroundError as error:  # this one will fail at once, the others run
            problem = error
            continue
        bases.append(speed.basis)
        times.append(_seconds(runner, run, speed.decode_tokens_per_s, speed.prefill_tokens_per_s))
    if problem is not None and not times:
        raise problem
    seconds = math.fsum(times)
    return SweepEstimate(
        runs=len(runs),
        output_tokens=sum(run.settings.max_new_tokens for run in runs),
        seconds=seconds,
        is_long=seconds > LONG_S,
        basis="; ".join(dict.fromkeys(bases)),
    )


def _seconds(runner: Runner, run: RunRequest, decode: float, prefill: float | None) -> float:
    """Time of one run that answers as long as it may."""
    seconds = run.settings.max_new_tokens / decode
    with suppress(PlaygroundError):  # a prompt that can't be read is told by its run
        prompt = runner.preview(run)
        seconds += len(prompt.ids) / prefill if prompt and prefill else 0.0
    return min(seconds, run.settings.time_limit_s or math.inf)


def start_sweep(runner: Runner, request: SweepRequest, should_stop: Callable[[], bool] = lambda: False) -> "Sweep":
    """A sweep that has not begun; iterating it does the work.

    Without a seed in the base, all runs draw with one and the same, so that what differs is the setting.

    Raises:
        PlaygroundError: The request is refused at once.
    """
    check_prompt(request.base.prompt)
    return Sweep(runner, request, should_stop)


class Sweep:
    """Runs on their way; `pane` is the index of the value. Iterate it once; ask for meters from anywhere."""

    def __init__(self, runner: Runner, request: SweepRequest, should_stop: Callable[[], bool]):
        seeded = replace(request.base, settings=request.base.settings.seeded())
        self.request = SweepRequest(seeded, request.name, check_values(request.name, request.values))
        self._panes = Panes(runner, _runs(self.request), should_stop)
        self._iterator = self._updates()

    def __iter__(self) -> Iterator[PaneUpdate | PaneFailed | SweepRecord]:
        """What the runs tell, and the record last; none if it was stopped before any run had ended.

        Raises:
            PlaygroundError: Every run failed.
        """
        return self._iterator

    def close(self) -> None:
        """End the run and give the model back; from the thread that iterates."""
        self._iterator.close()

    def meters(self, pane: int) -> Meters | None:
        """Everything measured so far of a run; None before it has begun."""
        return self._panes.meters(pane)

    def _updates(self) -> Generator[PaneUpdate | PaneFailed | SweepRecord, None, None]:
        panes = self._panes
        yield from panes.in_turns()
        # A run that was cut short would be a false point in the plot.
        ended = [place for place, run in sorted(panes.records.items()) if run.finish_reason != "cancelled"]
        if ended:
            yield self._record(ended)
        else:
            panes.raise_problems()

    def _record(self, ended: list[int]) -> SweepRecord:
        request, panes = self.request, self._panes
        return SweepRecord(
            prompt=request.base.prompt,
            name=request.name,
            values=[request.values[place] for place in ended],
            asked=list(request.values),
            runs=[panes.records[place] for place in ended],
            failed=[
                FailedRecord(pane=place, changes={request.name: request.values[place]}, problem=problem)
                for place, problem in sorted(panes.problems.items())
            ],
        )


def _runs(request: SweepRequest) -> tuple[RunRequest, ...]:
    return tuple(pane_request(request.base, {request.name: value}) for value in request.values)
