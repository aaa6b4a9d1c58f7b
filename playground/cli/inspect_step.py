"""`playground inspect`: a step of a saved run, its logits computed again."""

from pathlib import Path
from typing import Any

from playground.cli.common import give, with_model
from playground.errors import PlaygroundError
from playground.experiments.inspection.describe import check_order, step_record
from playground.experiments.inspection.records import StageRecord, StepRecord
from playground.experiments.inspection.step import at_step, check_step
from playground.numbers import short_number
from playground.runs.store import read_record
from playground.settings import make_settings
from playground.views.format import NOTHING, format_number, format_percent, format_seconds

_MAX_TOP = 1_000


def run_inspect(
    file: str, *, step: str, top: str, order: str, overrides: dict[str, Any], model: str | None, save: str | None,
    json: bool,
) -> None:  # fmt: skip
    """Show one step of a run; `overrides` are the sampler's settings that were given."""
    run = read_record(Path(file))
    index, count = _whole("step", step), _whole("top", top)
    if not 0 <= count <= _MAX_TOP:
        raise PlaygroundError(f"top must be a whole number from 0 to {_MAX_TOP:,}; got {count:,}.")
    check_step(run, index)
    check_order(order)
    given = make_settings(**{**run.settings, **overrides})
    changed = {name: getattr(given, name) for name in overrides}
    runner, name = with_model(model, run.model.quantization, preferred=run.model.id, save=save)
    steps = at_step(runner, run, index, lambda one: step_record(one, changed, top=count, order=order), model=name)
    for update in steps:
        if isinstance(update, StepRecord):
            give(update, step_text(update), save, json)


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise PlaygroundError(f"{name} must be a whole number; got {text[:60]!r}.") from None


def step_text(record: StepRecord) -> str:
    """The step in words and a table."""
    lines = [f"step {record.step} of 0 to {record.steps - 1:,}: the run chose {record.chosen.text!r}", ""]
    lines += [f"{'':>20}  {'kept':>9}  {'mass kept':>9}  {'entropy':>10}  {'perplexity':>10}"]
    lines += [_stage_line(stage) for stage in record.stages]
    lines += ["", _draw_line(record)]
    if record.stages[-1].top:
        lines += ["", *_token_lines(record)]
    lines += ["", _agreement_line(record)]
    lines.append(
        f"computed {record.computed_tokens:,} tokens and reused {record.reused_tokens:,} in "
        f"{format_seconds(record.seconds)}"
    )
    return "\n".join(lines)


def _stage_line(stage: StageRecord) -> str:
    setting = "" if stage.setting is None else f" {short_number(stage.setting)}"
    name = f"{stage.name}{setting}"
    mass, perplexity = format_percent(stage.mass), format_number(stage.perplexity)
    return f"{name:>20}  {stage.kept:>9,}  {mass:>9}  {stage.entropy_bits:>5.2f} bits  {perplexity:>10}"


def _draw_line(record: StepRecord) -> str:
    drawn = record.draw
    line = f"draw: {drawn.text!r}, chance {format_percent(drawn.prob)}"
    if drawn.uniform is None or drawn.noise is None:
        return f"{line}, greedy: no random number"
    line += f", by the random number {drawn.uniform:.6f} (Gumbel noise {drawn.noise:.3f})"
    second = drawn.runner_up
    return line if second is None else f"{line}; {second.text!r} came second, {second.margin:.3f} below"


def _token_lines(record: StepRecord) -> list[str]:
    """The likeliest tokens, one a line, with their chance after each stage; those removed have none."""
    lines = [f"{'':>20}" + "".join(f"  {stage.name:>18}" for stage in record.stages)]
    for place, token in enumerate(record.stages[0].top):
        cells = (stage.top[place] for stage in record.stages)
        chances = (NOTHING if one.cut else format_percent(one.prob) for one in cells)
        lines.append(f"{token.text!r:>20}" + "".join(f"  {chance:>18}" for chance in chances))
    return lines


def _agreement_line(record: StepRecord) -> str:
    agreement = record.agreement
    if agreement.agrees:
        return f"the logits agree with the run: log probability {agreement.recomputed_logprob:.6f}"
    why = "; ".join(agreement.changed) or "nothing that is recorded of the environment has changed"
    return (
        f"The logits differ from the run's: log probability {agreement.recomputed_logprob:.6f} now, "
        f"{agreement.recorded_logprob:.6f} then (tolerance {agreement.tolerance:g}). Changed: {why}."
    )
