"""Panel: what torch.compile gains, and when its warm-up is paid back."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import torch

from playground.experiments.optimise.compile_child import COMPILED, EAGER, CompileJob
from playground.experiments.optimise.compile_turns import TooLong, Turns, no_compiler, turns
from playground.experiments.optimise.declare import finished
from playground.experiments.optimise.declared.compile import NAME, CompileRequest
from playground.experiments.optimise.protocol import Arm, Sample, Trial, measure_of
from playground.experiments.optimise.records import ArmRecord, Figure, Line, OptimisationRecord, Standing
from playground.experiments.optimise.verdict import conditions, difference, sentence_of, verdict_of
from playground.metrics.roofline import step_limit_s
from playground.models.storage import BITS
from playground.numbers import short_number
from playground.runs.experiment import TIMES, Lab
from playground.runs.stages import Steps

HEADLINE = ["decode_tokens_per_s"]
_POINTS = 9  # of the chart


@dataclass(frozen=True)
class _WarmUp:
    """What compiling took beyond the rate that it leads to; or why nothing was compiled."""

    seconds: float = 0.0
    not_here: str = ""


def measure(lab: Lab, request: CompileRequest) -> Steps[OptimisationRecord | None]:
    """Compile once, then both in turn; where it can't be compiled, what is left is measured.

    Raises:
        PlaygroundError: The separate process fails, such as for lack of memory.
    """
    prompt = lab.read(lambda backend: backend.prepare(request.prompt, request.settings, request.recorded))
    yield prompt
    held = lab.backend.weights()
    job = CompileJob(
        held.entry.model_dump_json(), held.facts.device, torch.get_num_threads(), tuple(prompt.ids), request.length, ""
    )
    warm_up, found = _WarmUp(not_here=no_compiler()), None
    if not warm_up.not_here:
        with turns(job) as child:
            warm_up = yield from _compiled(lab, child, request)
            if not warm_up.not_here:
                found = yield from _trial(lab, child, request, warm_up)
    if warm_up.not_here:  # in a process that has not tried to compile
        with turns(job) as child:
            yield from child.wait(lab.should_stop, "loading the model in a separate process")
            found = yield from _trial(lab, child, request, warm_up)
    if found is None:
        return None
    found = _paid(found, warm_up)
    return finished(lab, NAME, request, found, _verdict(found))


def _compiled(lab: Lab, child: Turns, request: CompileRequest) -> Steps[_WarmUp]:
    """Load and compile."""
    yield from child.wait(lab.should_stop, "loading the model in a separate process")
    try:
        with lab.alone(TIMES):
            message = yield from child.take(COMPILED, lab.should_stop, "compiling", request.patience)
    except TooLong:
        return _WarmUp(not_here=f"The compiler took longer than {request.patience} s on this machine and was ended.")
    if "failed" in message:
        return _WarmUp(not_here=f"The compiler failed. {message['failed']}")
    return _WarmUp(warm_up_s(message["token_s"]))


def warm_up_s(token_s: list[float]) -> float:
    """What an answer's tokens took beyond the pace of its second half, in which nothing is compiled."""
    return max(0.0, sum(token_s) - len(token_s) * median(token_s[len(token_s) // 2 :]))


def _trial(lab: Lab, child: Turns, request: CompileRequest, warm_up: _WarmUp) -> Steps[Standing | None]:
    facts = lab.backend.facts
    size = facts.parameters * BITS["fp32"] // 8
    limit = 1 / step_limit_s(size, 0, lab.runner.bandwidth(facts.device))
    settings = {"quantization": "fp32", "path": "transformers", "device": facts.device}
    arms = [
        Arm(EAGER, partial(_run, lab, child, EAGER), settings),
        Arm(
            COMPILED, partial(_run, lab, child, COMPILED), settings, {"decode_tokens_per_s": limit},
            {"warm_up_s": warm_up.seconds}, warm_up.not_here,
        ),
    ]  # fmt: skip
    return (yield from Trial(arms, HEADLINE).run(lab, request.cycles))


def _run(lab: Lab, child: Turns, name: str) -> Steps[Sample]:
    message: Mapping[str, Any] = yield from child.take(name, lab.should_stop, "")
    text = lab.decoded(message["token_ids"])
    rate = len(message["token_s"]) / sum(message["token_s"])
    return Sample({"decode_tokens_per_s": rate}, message["token_ids"], text)


def break_even_tokens(found: Standing) -> float | None:
    """Tokens after which the warm-up is paid back; None where no gain is seen."""
    arm = found.variants[0]
    one, warm_up, rate = (
        difference(found, arm, HEADLINE[0]),
        arm.median("warm_up_s"),
        found.baseline.median(HEADLINE[0]),
    )
    if one is None or not one.is_seen or one.times <= 1 or warm_up is None or not rate:
        return None
    return warm_up / (1 / rate - 1 / (rate * one.times))


def _paid(found: Standing, warm_up: _WarmUp) -> Standing:
    """With the break-even and its chart."""
    arm, tokens = found.variants[0], break_even_tokens(found)
    if arm.not_here:
        return found
    measured = arm.measured | ({} if tokens is None else {"break_even_tokens": measure_of([tokens])})
    arm = arm.model_copy(update={"measured": measured})
    figures = [_figure(found.baseline, arm, warm_up.seconds, tokens)]
    return found.model_copy(update={"variants": [arm], "figures": figures})


def _figure(eager: ArmRecord, arm: ArmRecord, warm_up: float, tokens: float | None) -> Figure:
    """Seconds by tokens: where the lines cross, the warm-up is paid."""
    slow, fast = (1 / (one.median(HEADLINE[0]) or 1.0) for one in (eager, arm))
    last = 2 * (tokens or warm_up / slow)
    xs = [last * place / (_POINTS - 1) for place in range(_POINTS)]
    said = (
        "The lines do not cross: no gain is seen." if tokens is None else f"Paid after {short_number(tokens)} tokens."
    )
    return Figure(
        title="When the warm-up is paid", x="tokens", y="time", y_unit="s", summary=said,
        lines=[Line(name=EAGER, xs=xs, ys=[x * slow for x in xs]),
               Line(name=f"{COMPILED}, with its warm-up", xs=xs, ys=[warm_up + x * fast for x in xs])],
    )  # fmt: skip


def _verdict(found: Standing) -> str:
    arm, tokens = found.variants[0], break_even_tokens(found)
    if arm.not_here:  # nothing to compare, so no best
        return f"{sentence_of(found, arm)}\n{conditions(found)}".strip()
    warm_up = f"The warm-up takes {short_number(arm.median('warm_up_s') or 0.0)} s."
    if tokens is None:
        return verdict_of(found, f"{warm_up} No gain is seen, so nothing pays for it here.")
    return verdict_of(found, f"{warm_up} The gain has paid for it after {short_number(tokens)} tokens.")
