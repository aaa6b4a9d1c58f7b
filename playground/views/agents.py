"""An agent's loop: a sentence, two charts, a table and what was said."""

from collections.abc import Sequence

from playground.experiments.agents.history import ASK_SUMMARY
from playground.experiments.agents.records import (
    AgentPlan,
    AgentRecord,
    AgentStepRecord,
    CallRecord,
    ForecastRecord,
    difference_percent,
)
from playground.views.context import piece_line, turn_end, turn_start
from playground.views.format import format_money, format_seconds
from playground.views.panels import Content, Drawn, Panel, Sofar, Table, View
from playground.views.spec import Axis, ChartSpec, Series

_HEAD = (
    "step", "input", "from cache", "output", "tool", "input so far", "predicted", "difference", "ttft",
    "ttft, no cache", "e2e", "price, resent", "price, cached",
)  # fmt: skip
_NOTE = (
    "Predicted: the formulas, with the longest answer allowed and a whole passage in each step; the words "
    "around a summary are left out. The local cache also keeps the answer of the previous step, which a provider may "
    "not."
)


def _sums(steps: Sequence[AgentStepRecord], name: str) -> list[int]:
    """Sums over the calls of all steps up to each."""
    sums, total = list[int](), 0
    for step in steps:
        total += sum(getattr(call, name) for call in step.calls)
        sums.append(total)
    return sums


def _input_chart(steps: Sequence[AgentStepRecord], forecast: Sequence[ForecastRecord]) -> ChartSpec:
    """Input tokens of all steps so far, predicted and measured, and those not in the cache."""
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
    )  # fmt: skip


def _ttft_chart(steps: Sequence[AgentStepRecord], total: int) -> ChartSpec:
    """Time to first token of each step's answer, with and without the cache."""
    answers = [(step.number, step.calls[-1]) for step in steps]
    plain = [(number, call.plain_ttft_s) for number, call in answers if call.plain_ttft_s is not None]
    series = [
        Series("without cache", "line", plain, "ink-2"),
        Series("with prefix cache", "line", [(number, call.ttft_s) for number, call in answers], "time"),
    ]
    twice = "The same prompt read twice: on top of the previous step's cache, and from scratch."
    return ChartSpec(
        title="Time to first token", x=Axis("step", min=1, max=max(2, total)), y=Axis("ttft", unit="s", min=0),
        series=[one for one in series if one.points],
        summary=twice if plain else "On top of the previous step's cache.",
    )  # fmt: skip


def _table(steps: Sequence[AgentStepRecord], forecast: Sequence[ForecastRecord], note: str) -> Table:
    """A row per step."""
    read = _sums(steps, "prompt_tokens")
    return Table(
        _HEAD, [_row(step, total, plan) for step, total, plan in zip(steps, read, forecast, strict=False)], note
    )


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


def _loop_words(record: AgentRecord) -> str:
    """The loop's result in a few sentences."""
    end = f"Ended: {record.ended_words}."
    if not record.steps:
        return end
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
    words += f" (predicted {format_money(plan.cached_usd)})." if plan.cached_usd is not None else "."
    return f"{words} {end}"


def _loop_lines(step: AgentStepRecord, message: str, who: str) -> str:
    """A step for the transcript: its last message, and what the model wrote."""
    lines = ""
    for call in step.calls:
        is_summary = call.purpose == "summary"
        lines += turn_start(ASK_SUMMARY if is_summary else message, "Loop" if is_summary else who)
        lines += piece_line(call.text) + turn_end(call.finish_reason)
    return lines


def _said(steps: Sequence[AgentStepRecord], task: str) -> Drawn:
    """Every message and answer, for the transcript and as text."""
    messages = [task, *(step.tool_text for step in steps)]
    who = ["You", *["Tool"] * len(steps)]
    lines = (_loop_lines(*one) for one in zip(steps, messages, who, strict=False))
    plain = [
        "\n".join([*(f"> {line}" for line in message.splitlines()), step.calls[-1].text])
        for step, message in zip(steps, messages, strict=False)
    ]
    return Drawn("".join(lines), plain)


def _draw(sofar: Sofar) -> dict[str, Content]:
    record: AgentRecord | None = sofar.record
    steps = record.steps if record else sofar.of(AgentStepRecord)
    forecast = record.forecast if record else [one for plan in sofar.of(AgentPlan) for one in plan.forecast]
    drawn: dict[str, Content] = {"result": _loop_words(record)} if record else {}
    if forecast:
        drawn["input"] = _input_chart(steps, forecast)
    if steps:
        note = f"{_NOTE} Prices: {record.reference_model}, {record.prices_as_of}." if record else _NOTE
        drawn |= {
            "ttft": _ttft_chart(steps, len(forecast)),
            "table": _table(steps, forecast, note),
            "said": _said(steps, record.task if record else sofar.request.prompt),
        }
    return drawn


def _kept(sofar: Sofar) -> str:
    record: AgentRecord | None = sofar.record
    if record is None:
        return "before the first step ended"
    steps = f"{len(record.steps)} of {record.steps_asked} steps"
    return steps if record.ended == "complete" else f"{steps}: {record.ended_words}"


def _line(part: AgentPlan | AgentStepRecord) -> str:
    if isinstance(part, AgentPlan):
        return ""
    read, cached = _of(part.calls, "prompt_tokens"), _of(part.calls, "cached_tokens")
    return (
        f"step {part.number}: {read:,} tokens in, {cached:,} from the cache, {_of(part.calls, 'output_tokens'):,} out"
    )


VIEW = View(
    panels=(
        Panel("result", "words", "Result"),
        Panel("input", "chart", "Input tokens of all steps so far", row="charts"),
        Panel("ttft", "chart", "Time to first token of each step", row="charts"),
        Panel("table", "table", "Every step, predicted and measured"),
        Panel("said", "part", "Conversation", make="playground.ui.components.tokens:folded_transcript"),
    ),
    draw=_draw,
    kept=_kept,
    complete=lambda sofar: sofar.record is not None and sofar.record.ended != "stopped",
    line=_line,
)
