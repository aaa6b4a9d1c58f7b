"""One prompt over several values of one setting, one run after the other, so that the times of each are its own."""

import math
from contextlib import suppress

from playground.errors import PlaygroundError
from playground.experiments.compare.experiment import CompareRequest, RunsRequest, SweepRequest
from playground.experiments.compare.panes import Panes
from playground.experiments.compare.records import FailedRecord, SweepRecord
from playground.experiments.compare.run import ModeChosen, choose_mode
from playground.runs.experiment import Lab
from playground.runs.runner import Runner
from playground.runs.speed import Estimate, ExpectedSpeed
from playground.runs.stages import Steps
from playground.runs.updates import RunRequest


def estimate_runs(runner: Runner, request: RunsRequest) -> Estimate:
    """Tokens and time of all passes, from speeds measured in this process; may measure the memory, under a second.

    Raises:
        PlaygroundError: No run can be made here.
    """
    times, bases = list[float](), list[str]()
    runs, problem = request.runs(), None
    for run in runs:
        try:
            speed = runner.expected_speed(run.model, run.quantization)
        except PlaygroundError as error:  # this one will fail at once, the others run
            problem = error
            times.append(0.0)
            continue
        bases.append(speed.basis)
        times.append(_seconds(runner, run, speed))
    if problem is not None and not bases:
        raise problem
    all_of_them = request.all_rounds(times)
    is_batch = isinstance(request, CompareRequest) and choose_mode(request)[0] == "batch"
    seconds = max(all_of_them) if is_batch else math.fsum(all_of_them)
    return Estimate(len(all_of_them), request.most_tokens, seconds, "; ".join(dict.fromkeys(bases)))


def _seconds(runner: Runner, run: RunRequest, speed: ExpectedSpeed) -> float:
    """Time of one run that answers as long as it may."""
    seconds = run.settings.max_new_tokens / speed.decode_tokens_per_s
    with suppress(PlaygroundError):  # a prompt that can't be read is reported by its run
        prompt = runner.preview(run)
        seconds += len(prompt.ids) / speed.prefill_tokens_per_s if prompt and speed.prefill_tokens_per_s else 0.0
    return min(seconds, run.settings.time_limit_s or math.inf)


def sweep(lab: Lab, request: SweepRequest) -> Steps[SweepRecord | None]:
    """The updates of the runs; a pane is the index of a value.

    Without a seed in the settings, all runs draw with one and the same, so that what differs is the setting.

    Raises:
        PlaygroundError: Every run failed.
    """
    request, seed = request.with_seed()
    if seed is not None:
        yield ModeChosen("turns", f"All runs use seed {seed}.")
    panes = Panes(lab.runner, request.runs(), request.titles(), lab.should_stop, request.passes)
    yield from panes.in_turns()
    # A run that was cut short would be a false point in the plot.
    ended = [place for place, run in sorted(panes.records.items()) if run.finish_reason != "cancelled"]
    if not ended:
        panes.raise_problems()
        return None
    name, values = request.vary
    return SweepRecord(
        prompt=request.prompt,
        name=name,
        values=[values[place] for place in ended],
        asked=list(values),
        runs=[panes.records[place] for place in ended],
        failed=[
            FailedRecord(pane=place, changes=request.changes[place], problem=problem)
            for place, problem in sorted(panes.problems.items())
        ],
        **panes.measured(ended),
    )
