"""The loop's values for the page: two charts, a table, a sentence, the transcript. Pure functions, no Gradio."""

from collections.abc import Sequence

from playground.experiments.agents.history import ASK_SUMMARY
from playground.experiments.agents.plan import difference_percent
from playground.experiments.agents.records import AgentRecord, AgentStepRecord, CallRecord, ForecastRecord
from playground.views.context import piece_line, table_value, turn_end, turn_start
from playground.views.format import format_money, format_seconds
from playground.views.spec import Axis, ChartSpec, Series

_HEAD = (
    "step", "input", "from cache", "output", "tool", "input so far", "predicted", "difference", "ttft",
    "ttft, no cache", "e2e", "price, resent", "price, cached",
)  # fmt: skip


def _sums(steps: Sequence[AgentStepRecord], name: str) -> list[int]:
    """Sums over the calls of all steps up to each."""
    sums, total = list[int](), 0
    for step in steps:
        total += sum(getattr(call, name) for call in step.calls)
        sums.append(total)
    return sums


def input_chart(steps: Sequence[AgentStepRecord], forecast: Sequence[ForecastRecord]) -> str:
    """Input tokens of all steps so far, predicted and measured, and those not in the cache."""
    if not forecast:
        return ""
    read, computed = _sums(steps, "prompt_tokens"), _sums(steps, "computed_tokens")
    series = [
        Series("predicted", "line", [(one.number, one.cumulative_input_tokens) for one in forecast], "ink-2"),
        Series("measured", "dots", [(step.number, total) for step, total in zip(steps, read, strict=True)], "ink"),
        Series("of these computed", "line", [(s.number, n) for s, n in zip(steps, computed, strict=True)], "memory"),
    ]
    return ChartSpec(
        title="Input tokens so far", x=Axis("step", min=1, max=max(2, len(forecast))),
        y=Axis("input tokens", min=0), series=[one for one in series if one.points],
        summary="Tokens that are not computed come from the keys and values of the previous call.",
    ).to_json()  # fmt: skip


def ttft_chart(steps: Sequence[AgentStepRecord], total: int) -> str:
    """Time to first token of each step's answer, with and without the cache."""
    answers = [(step.number, step.calls[-1]) for step in steps]
    plain = [(number, call.plain_ttft_s) for number, call in answers if call.plain_ttft_s is not None]
    series = [
        Series("without cache", "line", plain, "ink-2"),
        Series("with prefix cache", "line", [(number, call.ttft_s) for number, call in answers], "time"),
    ]
    if not steps:
        return ""
    return ChartSpec(
        title="Time to first token", x=Axis("step", min=1, max=max(2, total)), y=Axis("ttft", unit="s", min=0),
        series=[one for one in series if one.points],
        summary="The same prompt read twice: on top of the previous step's cache, and from scratch.",
    ).to_json()  # fmt: skip


def steps_value(steps: Sequence[AgentStepRecord], forecast: Sequence[ForecastRecord], note: str = "") -> str:
    """A row per step; empty before the first step."""
    if not steps:
        return ""
    read = _sums(steps, "prompt_tokens")
    rows = [_row(step, total, plan) for step, total, plan in zip(steps, read, forecast, strict=False)]
    return table_value(_HEAD, rows, note)


def _row(step: AgentStepRecord, total: int, plan: ForecastRecord) -> list[str]:
    calls, answer = step.calls, step.calls[-1]
    name = f"{step.number} + summary" if len(calls) > 1 else str(step.number)
    return [
        name, f"{_of(calls, 'prompt_tokens'):,}", f"{_of(calls, 'cached_tokens'):,}",
        f"{_of(calls, 'output_tokens'):,}", f"{step.tool_tokens:,}", f"{total:,}",
        f"{plan.cumulative_input_tokens:,}", f"{difference_percent(total, plan.cumulative_input_tokens):+.1f}%",
        format_seconds(answer.ttft_s),
        format_seconds(answer.plain_ttft_s),
        format_seconds(sum(call.e2e_s for call in calls)), format_money(sum(call.resent_usd for call in calls)),
        format_money(sum(call.cached_usd for call in calls)),
    ]  # fmt: skip


def _of(calls: Sequence[CallRecord], name: str) -> int:
    return sum(getattr(call, name) for call in calls)


def loop_words(record: AgentRecord | None) -> str:
    """The loop's result in a sentence; empty before its end."""
    if record is None or not record.steps:
        return ""
    calls = [call for step in record.steps for call in step.calls]
    plan, read = record.forecast[len(record.steps) - 1], _of(calls, "prompt_tokens")
    lost = sum(call.held_tokens - call.cached_tokens for call in calls)
    words = (
        f"{len(record.steps)} steps read {read:,} input tokens, predicted {plan.cumulative_input_tokens:,} "
        f"({difference_percent(read, plan.cumulative_input_tokens):+.1f}%), and wrote {_of(calls, 'output_tokens'):,}. "
        f"{_of(calls, 'cached_tokens'):,} of the input came from the cache"
    )
    words += f"; {lost:,} cached tokens could not be reused, since the text before them differs." if lost else "."
    resent, cached = sum(call.resent_usd for call in calls), sum(call.cached_usd for call in calls)
    words += f" At list price {format_money(resent)} resent (predicted {format_money(plan.resent_usd)}), "
    words += f"{format_money(cached)} with the cached rate"
    return words + (f" (predicted {format_money(plan.cached_usd)})." if plan.cached_usd is not None else ".")


def loop_lines(step: AgentStepRecord, message: str, who: str) -> str:
    """A step for the transcript: its last message, and what the model wrote."""
    lines = ""
    for call in step.calls:
        is_summary = call.purpose == "summary"
        lines += turn_start(ASK_SUMMARY if is_summary else message, "Loop" if is_summary else who)
        lines += piece_line(call.text) + turn_end(call.finish_reason)
    return lines
