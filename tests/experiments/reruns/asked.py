"""Requests of reruns for tests, from the run that all of them do."""

from collections.abc import Callable, Iterator
from typing import Any

from playground.experiments.reruns.experiment import RERUN, TEMPERATURES, RerunRequest, TemperatureRequest
from playground.runs.experiment import updates
from playground.runs.request import read_request
from playground.runs.runner import Runner
from playground.runs.updates import RunRequest


def _values(run: RunRequest) -> dict[str, Any]:
    names = ("model", "quantization", "prompt", "settings")
    return {name: getattr(run, name) for name in names}


def make_rerun(run: RunRequest, n: Any, seeds: str = "different", mentions: Any = ()) -> RerunRequest:
    return read_request(RerunRequest, {**_values(run), "n": n, "seeds": seeds, "mentions": mentions})


def rerun(runner: Runner, request: RerunRequest, should_stop: Callable[[], bool] = lambda: False) -> Iterator[Any]:
    return updates(runner, RERUN, request, should_stop)


def at_temperatures(request: RerunRequest, temperatures: Any) -> TemperatureRequest:
    values = {name: getattr(request, name) for name in RerunRequest.model_fields}
    return read_request(TemperatureRequest, {**values, "temperatures": temperatures})


def temperature_ladder(
    runner: Runner, request: RerunRequest, temperatures: Any, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[Any]:
    return updates(runner, TEMPERATURES, at_temperatures(request, temperatures), should_stop)
