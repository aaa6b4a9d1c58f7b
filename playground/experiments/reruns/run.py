"""N runs of one setting as one batch, and the same at several temperatures."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from playground.backends.base import Loading, Queued
from playground.engine.events import PreparedPrompt, RowEvent
from playground.experiments.reruns.branches import grow
from playground.experiments.reruns.collect import Collected, RerunProgress
from playground.experiments.reruns.mentions import check_mentions, count_mentions
from playground.experiments.reruns.records import RerunRecord, TemperatureLadderRecord
from playground.experiments.reruns.request import (
    DEFAULT_TEMPERATURES,
    RerunRequest,
    at_temperature,
    batch_of,
    check_temperatures,
    make_rerun,
    with_base_seed,
)
from playground.experiments.reruns.statistics import summarise
from playground.runs.run import Batch
from playground.runs.runner import Runner
from playground.runs.updates import BatchEnd, BatchPlan

PROGRESS_EVERY_S = 0.1


@dataclass(frozen=True)
class LadderStep:
    """The rerun at this temperature begins."""

    index: int
    temperature: float


RerunUpdate = Queued | Loading | PreparedPrompt | BatchPlan | RerunProgress | RerunRecord
"""What `rerun` yields, in this order; the record comes last."""

LadderUpdate = LadderStep | RerunUpdate | TemperatureLadderRecord
"""What `temperature_ladder` yields: a step and its rerun, again and again, and then the record of all."""


def rerun(
    runner: Runner, request: RerunRequest, should_stop: Callable[[], bool] = lambda: False
) -> Iterator[RerunUpdate]:
    """Run it N times in waves of up to 32 rows; nothing is computed before this is iterated, which blocks.

    Args:
        runner: Answers.
        request: What to run; a seed is drawn if there is none.
        should_stop: Called before every forward pass. The runs that had ended by then are kept, and make the record;
            if there are none, there is no record.

    Raises:
        PlaygroundError: The request is refused at once; or, while iterated, not one run fits the memory.
    """
    request = with_base_seed(make_rerun(request.run, request.n, request.seeds, request.mentions))
    rows = batch_of(request)
    collected = Collected([own.seed or 0 for own in rows.settings])
    return _updates(runner.start_batch(rows, should_stop), request, collected)


def _updates(batch: Batch, request: RerunRequest, collected: Collected) -> Iterator[RerunUpdate]:
    prompt, plan, end = None, None, None
    begun_at = told_at = time.perf_counter()
    try:
        for update in batch:
            if isinstance(update, RowEvent):
                collected.add(update.row, update.event)
                now = time.perf_counter()
                if now - told_at >= PROGRESS_EVERY_S:
                    told_at = now
                    yield collected.progress(now - begun_at)
            elif isinstance(update, BatchEnd):
                end = update
            elif isinstance(update, Queued | Loading | PreparedPrompt | BatchPlan):
                prompt = update if isinstance(update, PreparedPrompt) else prompt
                if isinstance(update, BatchPlan):
                    plan, begun_at = update, time.perf_counter()
                yield update
    finally:
        batch.close()
    if plan is not None:
        yield collected.progress(time.perf_counter() - begun_at)
    if prompt is not None and plan is not None and end is not None:
        yield from _record(request, prompt, plan, end, collected)


def _record(
    request: RerunRequest, prompt: PreparedPrompt, plan: BatchPlan, end: BatchEnd, collected: Collected
) -> Iterator[RerunRecord]:
    """The document, if any run has ended; made after the batch has given the model back."""
    runs = collected.rows()
    if not runs:
        return
    settings = prompt.counted(request.run.settings)
    yield RerunRecord(
        model=end.model,
        settings=settings.model_dump(mode="json"),
        seeds=request.seeds,
        prompt=request.run.prompt,
        prompt_token_ids=list(end.prompt_token_ids),
        dropped_prompt_tokens=end.dropped_prompt_tokens,
        asked=request.n,
        n=len(runs),
        rows_at_once=plan.rows_at_once,
        runs=runs,
        forks=collected.forks(grow([run.token_ids for run in runs])),
        summary=summarise(runs, request.mentions),
        prefill_s=end.prefill_s,
        wall_s=end.wall_s,
        throughput_tokens_per_s=end.throughput_tokens_per_s,
        memory=end.memory,
        cost=end.cost,
        energy=end.energy,
        environment=end.environment,
    )


def temperature_ladder(
    runner: Runner,
    request: RerunRequest,
    temperatures: Sequence[float] = DEFAULT_TEMPERATURES,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[LadderUpdate]:
    """The same rerun at each temperature, with the same seeds unless each run draws its own.

    Args:
        runner: Answers.
        request: The rerun; its own temperature is not used.
        temperatures: In the order to run them.
        should_stop: As in `rerun`; the record then holds the reruns that had a run to keep.

    Raises:
        PlaygroundError: The request is refused at once.
    """
    checked = check_temperatures(temperatures)
    request = with_base_seed(make_rerun(request.run, request.n, request.seeds, request.mentions))
    runner.check(request.run.model, request.run.quantization)
    return _ladder(runner, request, checked, should_stop)


def _ladder(
    runner: Runner, request: RerunRequest, temperatures: tuple[float, ...], should_stop: Callable[[], bool]
) -> Iterator[LadderUpdate]:
    rungs: list[RerunRecord] = []
    for index, temperature in enumerate(temperatures):
        if should_stop():
            break
        yield LadderStep(index, temperature)
        for update in rerun(runner, at_temperature(request, temperature), should_stop):
            if isinstance(update, RerunRecord):
                rungs.append(update)
            yield update
    if rungs:
        done = [rung.settings["temperature"] for rung in rungs]
        yield TemperatureLadderRecord(temperatures=done, rungs=rungs)


def with_mentions(record: RerunRecord, mentions: Sequence[str]) -> RerunRecord:
    """The same record with these words and phrases counted, in place of those before; nothing runs again.

    Raises:
        PlaygroundError: A mention can't be looked for.
    """
    counted = count_mentions(record.runs, check_mentions(mentions))
    return record.model_copy(update={"summary": record.summary.model_copy(update={"mentions": counted})})
