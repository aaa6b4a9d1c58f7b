"""Panel: load in an open loop. Goodput and throughput against the offered rate; queue time apart from prefill."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from playground.backends.local import text_model_of
from playground.engine.decoder import Decoder
from playground.errors import PlaygroundError
from playground.experiments.optimise.arrivals import Traffic
from playground.experiments.optimise.declare import finished
from playground.experiments.optimise.declared.open_load import NAME, OpenLoadRequest
from playground.experiments.optimise.greedy import answer
from playground.experiments.optimise.protocol import Arm, Sample, Trial
from playground.experiments.optimise.records import Figure, Grid, Line, OptimisationRecord, Standing
from playground.experiments.optimise.serving import Run, serve
from playground.experiments.optimise.verdict import verdict_of
from playground.numbers import short_number
from playground.runs.experiment import Lab
from playground.runs.filler import filler_ids
from playground.runs.stages import Stage, Steps

HEADLINE = ["goodput_per_s", "all_tokens_per_s"]
_SHORTEST = 4  # of an answer's length: a quarter
_FILLER = 64  # tokens that are mixed into the prompts, at most


def measure(lab: Lab, request: OpenLoadRequest) -> Steps[OptimisationRecord | None]:
    """The same requests at one rate after the other.

    Raises:
        PlaygroundError: The model does not run through our decoder, whose rows come and go.
    """
    text_model = text_model_of(lab.backend.weights())
    if not isinstance(text_model.model, Decoder):
        raise PlaygroundError(
            f"{lab.backend.facts.title} runs through transformers' own module, whose rows can't come and go: choose a "
            "model of the Llama family."
        )
    prompt = lab.read(lambda backend: backend.prepare(request.prompt, request.settings, request.recorded))
    yield prompt
    mix = _mixed(lab, request, prompt.ids)
    yield Stage("measuring one row, for the prediction", 0.0)
    alone = answer(text_model.model, mix.prompts[0], request.longest, lab.clock, lab.should_stop)
    capacity = _capacity(alone.prefill_s / len(mix.prompts[0]), alone.tpot_s, mix, request.rows)
    found = _Found()
    arms = [_arm(lab, request, text_model.model, mix, found, share * capacity, capacity) for share in request.arms]
    standing = yield from Trial(arms, HEADLINE).run(lab, request.cycles)
    if standing is None:
        return None
    standing = standing.model_copy(update={"figures": [_curve(standing), _waits(standing)], "grids": [found.grid()]})
    return finished(lab, NAME, request, standing, verdict_of(standing, _collapse(standing)))


@dataclass(frozen=True)
class _Mix:
    """Prompts and answer lengths, by the number of the request."""

    prompts: list[list[int]]
    lengths: list[int]


def _mixed(lab: Lab, request: OpenLoadRequest, prompt: Sequence[int]) -> _Mix:
    """The person's prompt after fillers of several lengths, so that no two are alike."""
    draw, filler = random.Random(request.settings.seed or 0), filler_ids(lab.backend, _FILLER)
    before = [draw.randrange(1, _FILLER) for _ in range(request.count)]
    lengths = [draw.randint(max(1, request.longest // _SHORTEST), request.longest) for _ in range(request.count)]
    return _Mix([[*filler[:tokens], *prompt] for tokens in before], lengths)


def _capacity(prompt_token_s: float, tpot_s: float, mix: _Mix, rows: int) -> float:
    """Requests a second, if a step of all rows takes as long as one of one row, or as reading their tokens."""
    step_s = max(tpot_s, rows * prompt_token_s)
    mean_prompt = sum(map(len, mix.prompts)) / len(mix.prompts)
    mean_answer = sum(mix.lengths) / len(mix.lengths)
    return 1 / (mean_prompt * prompt_token_s + mean_answer * step_s / rows)


def _arm(
    lab: Lab, request: OpenLoadRequest, model: Decoder, mix: _Mix, found: "_Found", rate: float, capacity: float
) -> Arm:  # fmt: skip
    """One offered rate; what can be answered at most is the prediction."""
    traffic = Traffic(rate, request.count, request.pattern, request.settings.seed or 0)
    reach = min(rate, capacity)
    mean = sum(mix.lengths) / len(mix.lengths)
    name = f"{short_number(rate)} requests/s"

    def run() -> Steps[Sample]:
        done = yield from serve(
            model, lambda number: mix.prompts[number], lambda number: mix.lengths[number], traffic, request.rows,
            lab.should_stop,
        )  # fmt: skip
        numbers = numbers_of(done, request.count, request.ttft_target_s, request.tpot_target_s)
        found.add(name, done, numbers)
        said = [token for one in sorted(done.requests, key=lambda one: one.arrival.number) for token in one.ids]
        return Sample(numbers, said)

    predicted = {"goodput_per_s": reach, "all_tokens_per_s": reach * mean}
    return Arm(name, run, {"rate_per_s": rate, "pattern": request.pattern}, predicted)


def numbers_of(run: Run, requests: int, ttft_s: float, tpot_s: float) -> dict[str, float]:
    """Of one run, from the first request to the last token; what was not answered stays in the denominator."""
    ended, took_s = run.ended, run.took_s
    if not ended:
        return {"goodput_per_s": 0.0, "all_tokens_per_s": 0.0, "met_share": 0.0}
    good = sum(one.meets(ttft_s, tpot_s) for one in ended)
    numbers = {
        "goodput_per_s": good / took_s,
        "all_tokens_per_s": sum(len(one.ids) for one in run.requests) / took_s,
        "met_share": good / requests,
    }
    for name in ("queue_s", "ttft_s", "e2e_s"):
        numbers |= {f"{name[:-2]}_p95_s": _percentile([getattr(one, name) for one in ended], 0.95)}
    return numbers


def _percentile(values: Sequence[float | None], share: float) -> float:
    ranked = sorted(value for value in values if value is not None)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


class _Found:
    """Every run, by the name of its rate: the table of waits, Little's law, and the generator's own lag."""

    _HEAD = ("offered", "answered", "targets met", "queue p50", "queue p95", "prefill p50", "ttft p95",
             "in the system", "rate x time", "generator's lag p95")  # fmt: skip
    _UNITS = ("", "", "share", "s", "s", "s", "s", "", "", "s")

    def __init__(self) -> None:
        self._rows: dict[str, list[str | float | None]] = {}

    def add(self, name: str, run: Run, numbers: dict[str, float]) -> None:
        """Take in a run; the newest of a rate stands in the table."""
        ended, all_of_them = run.ended, len(run.requests)
        if not ended:
            self._rows[name] = [name, f"0 of {all_of_them}", 0.0, *[None] * 7]
            return
        times = [one.e2e_s or 0.0 for one in ended]
        queued, prefill = [one.queue_s for one in ended], [one.prefill_s for one in ended]
        law = len(ended) / run.took_s * sum(times) / len(times)
        lag = _percentile([one.arrival.lag_s for one in run.requests], 0.95)
        waits = [_percentile(queued, 0.5), _percentile(queued, 0.95), _percentile(prefill, 0.5), numbers["ttft_p95_s"]]
        self._rows[name] = [name, f"{len(ended)} of {all_of_them}", numbers["met_share"], *waits, run.inside, law, lag]

    def grid(self) -> Grid:
        """A row for each rate, of its last run."""
        note = (
            "Of the last cycle. Queue time is until the prompt is read, prefill until the first token. Little's law: "
            "the mean number of requests in the system, counted between steps, is their rate times their mean time. "
            "The generator is a process of its own; its lag is how late it sent."
        )
        return Grid(
            title="Waits", head=list(self._HEAD), units=list(self._UNITS), rows=list(self._rows.values()), note=note
        )


def _curve(found: Standing) -> Figure:
    """Goodput against the rate, throughput behind it."""
    rates = [float(arm.settings["rate_per_s"]) for arm in found.arms]
    good = [arm.median("goodput_per_s") for arm in found.arms]
    requests = [
        (arm.median("goodput_per_s") or 0.0) / share if (share := arm.median("met_share")) else None
        for arm in found.arms
    ]
    lines = [Line(name="answered", xs=rates, ys=requests), Line(name="within both targets", xs=rates, ys=good)]
    return Figure(title="Goodput against the rate", x="offered", x_unit="requests/s", y="requests a second",
                  lines=lines, summary="Goodput counts what meets both targets.")  # fmt: skip


def _waits(found: Standing) -> Figure:
    rates = [float(arm.settings["rate_per_s"]) for arm in found.arms]
    names = {"queue_p95_s": "queue p95", "ttft_p95_s": "ttft p95", "e2e_p95_s": "whole answer p95"}
    lines = [Line(name=title, xs=rates, ys=[arm.median(name) for arm in found.arms]) for name, title in names.items()]
    return Figure(title="Waiting against the rate", x="offered", x_unit="requests/s", y="time", y_unit="s",
                  lines=lines, summary="Of answered requests.")  # fmt: skip


def _collapse(found: Standing) -> str:
    """The rate with the highest goodput, and what happens beyond it."""
    best = max(found.arms, key=lambda arm: arm.median("goodput_per_s") or 0.0)
    last = found.arms[-1]
    if best is last:
        return f"Goodput grows up to {best.name}, the most that was offered."
    lost = 1 - (last.median("goodput_per_s") or 0.0) / (best.median("goodput_per_s") or 1.0)
    return f"Goodput is highest at {best.name}; at {last.name} {short_number(100 * lost, 2)}% of it is lost."
