"""Panel: batches of growing size against one row alone, predicted from one row and from the prefill rate."""

from collections.abc import Sequence
from functools import partial

from playground.engine.chunks import PREFILL_CHUNK
from playground.engine.events import Finished, PreparedPrompt, PromptProcessed, TokenEvent
from playground.errors import PlaygroundError
from playground.experiments.optimise.declare import finished
from playground.experiments.optimise.declared.batching import NAME, BatchingRequest
from playground.experiments.optimise.protocol import Arm, Sample, Trial
from playground.experiments.optimise.records import ArmRecord, Figure, Line, OptimisationRecord, Standing
from playground.experiments.optimise.verdict import verdict_of
from playground.metrics.timing import timing_of
from playground.models.placement import available_bytes
from playground.numbers import short_number
from playground.runs.batch import plan_batch
from playground.runs.experiment import Lab
from playground.runs.filler import filler_ids
from playground.runs.stages import Stage, Steps, Stopped
from playground.settings import Settings

HEADLINE = ["all_tokens_per_s", "row_tokens_per_s"]
ALONE = "1 row"
_PAYS = 1.05  # times the rate of the smaller batch, below which more rows no longer pay


def measure(lab: Lab, request: BatchingRequest) -> Steps[OptimisationRecord | None]:
    """Greedy answers to one prompt, so that row 0 shows whether the batch changes what is said."""
    prompt = lab.read(lambda backend: backend.prepare(request.prompt, request.settings, request.recorded))
    yield prompt
    if len(prompt.ids) + request.length > prompt.context_length:
        raise PlaygroundError(f"Prompt and answer exceed {prompt.context_length:,} tokens: lower one of them.")
    bench = _Bench(lab, prompt, request.length)
    yield Stage("measuring one row and the prefill rate, for the predictions", 0.0)
    arms = bench.arms(request.sizes)
    found = yield from Trial(arms, HEADLINE).run(lab, request.cycles)
    if found is None:
        return None
    found = found.model_copy(update={"figures": [_pareto(found), _waits(found)]})
    return finished(lab, NAME, request, found, verdict_of(found, _where_it_stops(found)))


class _Bench:
    """Batches of one prompt."""

    def __init__(self, lab: Lab, prompt: PreparedPrompt, tokens: int):
        self._lab, self._prompt, self._tokens = lab, prompt, tokens

    def arms(self, sizes: Sequence[int]) -> list[Arm]:
        """One row is the baseline. A step of n rows reads the weights once and computes n tokens."""
        alone = self._run(1)
        step_s, limit = 1 / alone.numbers["row_tokens_per_s"], self._prefill_rate()
        arms = [Arm(ALONE, partial(self._run, 1), {"rows": 1})]
        for rows in sizes:
            slower = max(step_s, rows / limit)
            predicted = {"all_tokens_per_s": rows / slower, "row_tokens_per_s": 1 / slower}
            arms.append(Arm(f"{rows} rows", partial(self._run, rows), {"rows": rows}, predicted,
                            not_here=self._too_large(rows)))  # fmt: skip
        return arms

    def _prefill_rate(self) -> float:
        """Tokens a second that arithmetic allows: of a whole chunk that is read at once."""
        tokens = min(PREFILL_CHUNK, self._prompt.context_length - 1)
        ids = tuple(filler_ids(self._lab.backend, tokens))
        found = [event for event in self._lab.backend.stream(
            PreparedPrompt(ids, 0, tokens + 1), Settings(temperature=0, seed=0, top=0, max_new_tokens=1),
            should_stop=self._lab.should_stop, clock=self._lab.clock.lap(),
        ) if isinstance(event, PromptProcessed)]  # fmt: skip
        if not found:
            raise Stopped
        return found[0].computed_tokens / found[0].prefill_s

    def _too_large(self, rows: int) -> str:
        """Why these rows do not fit the memory; empty if they do."""
        backend = self._lab.backend
        plan = plan_batch(backend, self._prompt, self._settings(rows), available_bytes(backend.facts.device))
        if plan.row_bytes is None or plan.rows_at_once == rows:
            return ""
        return f"{rows} rows need more memory than is free; {plan.rows_at_once} fit."

    def _settings(self, rows: int) -> list[Settings]:
        return [Settings(temperature=0, seed=0, top=0, max_new_tokens=self._tokens)] * rows

    def _run(self, rows: int) -> Sample:
        """One batch from its prompt to its last tokens."""
        ids, times_s, prompt, end_s, kv_bytes = list[int](), list[float](), None, None, 0
        lab = self._lab
        events = lab.backend.stream_batch(
            self._prompt, self._settings(rows), rows_at_once=rows, ignore_eos=True, should_stop=lab.should_stop,
            clock=lab.clock.lap(),
        )  # fmt: skip
        for item in events:
            event = item.event
            if isinstance(event, PromptProcessed):
                prompt = event
            elif isinstance(event, TokenEvent) and item.row == 0:  # rows advance together
                ids.append(event.id)
                times_s.append(event.time_s)
                kv_bytes = event.kv_cache_bytes * rows
            elif isinstance(event, Finished):
                end_s = event.time_s if event.reason == "length" else None
        if prompt is None or end_s is None:
            raise Stopped
        timing = timing_of(
            times_s, prefill_s=prompt.prefill_s, computed_prompt_tokens=prompt.computed_tokens, end_s=end_s
        )
        assert timing.tpot_s is not None
        numbers = {
            "all_tokens_per_s": rows / timing.tpot_s, "row_tokens_per_s": 1 / timing.tpot_s,
            "ttft_s": timing.ttft_s or 0.0, "itl_p95_s": timing.itl_p95_s or 0.0, "kv_cache_bytes": float(kv_bytes),
        }  # fmt: skip
        return Sample(numbers, ids, lab.decoded(ids))


def _measured(found: Standing) -> list[ArmRecord]:
    return [arm for arm in found.arms if arm.measured]


def _pareto(found: Standing) -> Figure:
    """All against each: a point for each number of rows."""
    arms = _measured(found)
    xs, ys = ([arm.median(name) or 0.0 for arm in arms] for name in ("row_tokens_per_s", "all_tokens_per_s"))
    return Figure(
        title="All rows against each", x="a row", x_unit="tok/s", y="all rows", y_unit="tok/s",
        lines=[Line(name=arm.name, xs=[x], ys=[y], kind="dots") for arm, x, y in zip(arms, xs, ys, strict=True)],
        summary=f"From {arms[0].name} to {arms[-1].name}: {short_number(ys[-1] / ys[0])} times the tokens a second in "
        f"all, {short_number(xs[-1] / xs[0])} times those of each.",
    )  # fmt: skip


def _waits(found: Standing) -> Figure:
    """What one request experiences."""
    arms = _measured(found)
    rows = [float(arm.settings["rows"]) for arm in arms]
    names = {"ttft_s": "ttft", "itl_p95_s": "gap p95"}
    lines = [Line(name=title, xs=rows, ys=[arm.median(name) for arm in arms]) for name, title in names.items()]
    return Figure(title="Waiting by rows", x="rows", y="time", y_unit="s", lines=lines,
                  summary="ttft and the gap between tokens that 95% stay below.")  # fmt: skip


def _where_it_stops(found: Standing) -> str:
    """From which number of rows on no larger one pays, with noise in mind."""
    arms = _measured(found)
    rates = [arm.median(HEADLINE[0]) or 0.0 for arm in arms]
    least = max(_PAYS, 1 + found.noise.band.get(HEADLINE[0], 0.0))
    for place, arm in enumerate(arms[:-1]):
        if max(rates[place + 1 :]) < rates[place] * least:
            more = short_number(100 * least - 100, 2)
            return f"More rows stop paying at {arm.name}: no larger batch brings {more}% more."
    return f"More rows pay up to {arms[-1].name}, the most that was measured."
