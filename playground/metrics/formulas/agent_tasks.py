"""An agent's task: the four ways to treat its history, priced, and a month of tasks."""

from typing import Any

from playground.metrics.formulas.agents import agent_steps, resent_calls
from playground.metrics.formulas.tokens import usage_cost

__all__ = ["agent_plan", "agent_tasks", "numbered", "task_parts_usd"]


def numbered(values: Any) -> Any:
    """Values of the steps 1, 2, 3... as points."""
    points = []
    place = 1
    for value in values:
        points.append([place, value])
        place = place + 1
    return points


def agent_plan(inputs: Any) -> Any:
    """The plan of a task, in tokens of the API's tokenizer."""
    ratio = inputs["tokens_per_token"]
    return {
        "system_tokens": inputs["system_tokens"] * ratio,
        "task_tokens": inputs["task_tokens"] * ratio,
        "steps": inputs["steps"],
        "output_tokens": inputs["step_tokens"] * ratio,
        "tool_tokens": inputs["tool_tokens"] * ratio,
        "keep_steps": inputs["keep_steps"],
        "summary_every": inputs["summary_every"],
        "summary_tokens": inputs["summary_tokens"] * ratio,
    }


def task_parts_usd(inputs: Any, rates: Any) -> Any:
    """A task whose history is resent, split by what is billed: input and output.

    Formula: sums over the calls of the input's and the output's USD.
    Source: the formula of one request.
    """
    read = 0
    wrote = 0
    for calls in resent_calls(agent_plan(inputs)):
        for call in calls:
            one = usage_cost(call[0], call[1], call[2], call[3], rates)
            read = read + one["input_usd"]
            wrote = wrote + one["output_usd"]
    return [read, wrote]


def agent_tasks(inputs: Any, models: Any) -> Any:
    """Everything of the section Agents."""
    ways = agent_steps(agent_plan(inputs), models[0])
    month = inputs["tasks_per_day"] * inputs["days_per_month"]
    last = int(inputs["steps"]) - 1
    figures = {}
    series = {}
    for way in ["resent", "cached", "truncated", "summarised"]:
        figures[way + "_input_tokens"] = ways[way]["cumulative_input_tokens"][last]
        figures[way + "_task_usd"] = ways[way]["cumulative_usd"][last]
        figures[way + "_month_usd"] = ways[way]["cumulative_usd"][last] * month
        series[way + "_tokens"] = numbered(ways[way]["cumulative_input_tokens"])
        series[way + "_usd"] = numbered(ways[way]["cumulative_usd"])
    return {"figures": figures, "series": series}
