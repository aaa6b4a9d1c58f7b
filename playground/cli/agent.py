"""`playground agent`: a loop of answers and tool results, really run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from playground.cli.build import build_runner
from playground.cli.common import check_folder_of, give, read_prompt, stop_on_interrupt
from playground.cli.ladder import last_record
from playground.cli.terminal import loading_steps, show_progress
from playground.errors import PlaygroundError
from playground.experiments.agents.plan import difference_percent, measured_input
from playground.experiments.agents.records import AgentRecord, AgentStepRecord
from playground.experiments.agents.request import (
    DEFAULT_ANSWER_TOKENS,
    DEFAULT_TASK,
    AgentRequest,
    Strategy,
    Tool,
    check_agent,
    default_document,
)
from playground.experiments.agents.run import agent_loop
from playground.files import read_text
from playground.metrics.prices import find_reference
from playground.settings import MAX_PROMPT_CHARS, make_settings
from playground.views.format import format_money, format_seconds


def run_agent(
    values: dict[str, Any],
    numbers: dict[str, str],
    *,
    task: str | None,
    document: str | None,
    tool: str,
    history: str,
    without_cache: bool,
    reference: str | None,
    model: str | None,
    quantization: str | None,
    save: str | None,
    json: bool,
) -> None:
    """Run the loop; `values` are the settings that were given, `numbers` the loop's own."""
    settings = make_settings(**{"max_new_tokens": DEFAULT_ANSWER_TOKENS, **values})
    counts: dict[str, Any] = {name: _whole(name, value) for name, value in numbers.items()}
    task = DEFAULT_TASK if task is None else read_prompt(task)
    if save is not None:
        check_folder_of(Path(save))
    text = default_document() if document is None else read_text(Path(document), 4 * MAX_PROMPT_CHARS)
    runner, name = build_runner(model)
    request = AgentRequest(
        task, text, name, quantization or "fp32", settings, **counts, tool=cast(Tool, tool),
        strategy=cast(Strategy, history), without_cache=without_cache,
    )  # fmt: skip
    check_agent(runner, request)
    if reference is not None:
        runner = runner.priced(find_reference(reference))
    show_progress(loading_steps(runner.load(name, request.quantization)))
    with stop_on_interrupt() as stopped:
        record = last_record(AgentRecord, agent_loop(runner, request, stopped.is_set), "before the first step ended")
    give(record, "\n".join(_lines(record)), save, json)


def _whole(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise PlaygroundError(f"--{name.replace('_', '-')} must be a whole number; got {value[:60]!r}.")
    return int(value)


def _lines(record: AgentRecord) -> Iterator[str]:
    """What was said, then a line of figures a step, then the sums."""
    asked = record.task
    for step in record.steps:
        yield from (f"> {line}" for line in asked.splitlines())
        yield f"{step.calls[-1].text}\n"
        asked = step.tool_text
    totals = measured_input(record)
    for step, total, told in zip(record.steps, totals, record.forecast, strict=False):
        yield _step_line(step) + (
            f"; so far {total:,}, predicted {told.cumulative_input_tokens:,} "
            f"({difference_percent(total, told.cumulative_input_tokens):+.1f}%)"
        )
    calls = [call for step in record.steps for call in step.calls]
    resent, cached = sum(call.resent_usd for call in calls), sum(call.cached_usd for call in calls)
    yield f"\n{record.ended}: {record.ended_words}."
    yield (
        f"List price of {record.reference_model}: {format_money(resent)} with the history resent, "
        f"{format_money(cached)} with what the cache held at the cached rate ({record.prices_as_of})."
    )


def _step_line(step: AgentStepRecord) -> str:
    calls, answer = step.calls, step.calls[-1]
    read, cached = sum(call.prompt_tokens for call in calls), sum(call.cached_tokens for call in calls)
    plain = "" if answer.plain_ttft_s is None else f" ({format_seconds(answer.plain_ttft_s)} without cache)"
    summary = ", summary included" if len(calls) > 1 else ""
    return (
        f"step {step.number}: {read:,} tokens in{summary}, {cached:,} from the cache, "
        f"{sum(call.output_tokens for call in calls):,} out, tool {step.tool_tokens:,}; "
        f"ttft {format_seconds(answer.ttft_s)}{plain}"
    )
