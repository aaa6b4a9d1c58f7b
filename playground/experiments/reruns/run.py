"""N runs of one setting as one batch, and the same at several temperatures."""

import secrets
from collections.abc import Sequence
from contextlib import closing, suppress

from playground.engine.events import PreparedPrompt, RowEvent
from playground.experiments.reruns.branches import grow
from playground.experiments.reruns.collect import Collected
from playground.experiments.reruns.experiment import RerunRequest, TemperatureRequest
from playground.experiments.reruns.mentions import check_mentions, count_mentions
from playground.experiments.reruns.records import RerunRecord, SeedMode, TemperatureLadderRecord
from playground.experiments.reruns.statistics import summarise
from playground.runs.experiment import Lab
from playground.runs.stages import Parts, Steps, Stopped
from playground.runs.updates import BatchEnd, BatchPlan, BatchRequest
from playground.settings import LIMITS

FORK_TOP = 5  # alternatives recorded where runs part
PROGRESS_EVERY_S = 0.1
GROWTH_EVERY_S = 0.5
_SEEDS = int(LIMITS["seed"].high) + 1


def seeds_of(base: int | None, n: int, mode: SeedMode) -> list[int]:
    """A seed for each run: base, base + 1, ... (after 2^32 - 1 comes 0); n times base; or n by chance.

    Args:
        base: The setting's seed; needed unless the mode is "none".
        n: How many.
        mode: Which of the three.
    """
    if mode == "none":
        return [secrets.randbelow(_SEEDS) for _ in range(n)]
    assert base is not None
    return [(base + step * (mode == "different")) % _SEEDS for step in range(n)]


def rerun(lab: Lab, request: RerunRequest) -> Steps[RerunRecord | None]:
    """Run it N times in waves of up to 32 rows. Of a stopped rerun those runs are kept that had ended by then.

    Raises:
        PlaygroundError: Not one run fits the memory.
    """
    return (yield from _rerun(lab, request))


def temperatures(lab: Lab, request: TemperatureRequest) -> Steps[TemperatureLadderRecord | None]:
    """The same rerun at each temperature, with the same seeds unless each run draws its own.

    Of a stopped ladder those reruns are kept that had a run to keep.
    """
    count = len(request.temperatures)
    parts, rungs = Parts(count), list[RerunRecord]()
    with suppress(Stopped):
        for place, temperature in enumerate(request.temperatures):
            lab.obey()
            at = request.model_copy(
                update={"settings": request.settings.model_copy(update={"temperature": temperature})}
            )
            where = f"temperature {temperature:g} ({place + 1} of {count}): "
            rung = yield from parts.run(_rerun(lab, at, place, where))
            if rung is not None:
                rungs.append(rung)
                yield rung
    if not rungs:
        return None
    return TemperatureLadderRecord(temperatures=[rung.settings["temperature"] for rung in rungs], rungs=rungs)


def _rerun(lab: Lab, request: RerunRequest, place: int = 0, where: str = "") -> Steps[RerunRecord | None]:
    recorded, seeds = request.recorded_runs[place] if request.recorded_runs else (None, ())
    seeds = seeds or seeds_of(request.settings.seed, request.n, request.seeds)
    rows = tuple(request.settings.model_copy(update={"seed": seed, "top": FORK_TOP}) for seed in seeds)
    wanted = BatchRequest(request.prompt, request.model, request.quantization, rows, recorded=recorded)
    collected, prompt, plan, end = Collected(seeds, request.settings.max_new_tokens, where), None, None, None
    begun_s = shown_s = grown_s = lab.clock.now()
    with closing(lab.runner.start_batch(wanted, lab.should_stop)) as batch:
        for update in batch:
            if isinstance(update, RowEvent):
                collected.add(update.row, update.event)
                now_s = lab.clock.now()
                if now_s - shown_s >= PROGRESS_EVERY_S:
                    has_grown = now_s - grown_s >= GROWTH_EVERY_S
                    shown_s, grown_s = now_s, now_s if has_grown else grown_s
                    yield collected.progress(now_s - begun_s, growth=has_grown)
            elif isinstance(update, BatchEnd):
                end = update
            else:
                if isinstance(update, PreparedPrompt):
                    prompt, collected.prompt_tokens = update, len(update.ids)
                elif isinstance(update, BatchPlan):
                    plan, begun_s = update, lab.clock.now()
                yield update
    if plan is not None:
        yield collected.progress(lab.clock.now() - begun_s)
    if prompt is None or plan is None or end is None:
        return None
    return _record(request, prompt, plan, end, collected)


def _record(
    request: RerunRequest, prompt: PreparedPrompt, plan: BatchPlan, end: BatchEnd, collected: Collected
) -> RerunRecord | None:
    """The document, if any run has ended; made after the batch has given the model back."""
    runs = collected.rows()
    if not runs:
        return None
    return RerunRecord(
        model=end.model,
        settings=prompt.counted(request.settings).model_dump(mode="json"),
        seeds=request.seeds,
        prompt=request.prompt,
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


def with_mentions(record: RerunRecord, mentions: Sequence[str]) -> RerunRecord:
    """The same record with these words and phrases counted, in place of those before; nothing runs again.

    Raises:
        PlaygroundError: A mention can't be looked for.
    """
    counted = count_mentions(record.runs, check_mentions(mentions))
    return record.model_copy(update={"summary": record.summary.model_copy(update={"mentions": counted})})
