"""What an agent's loop reads, step by step, and what that costs.

A plan is a dict of token counts: `system_tokens` S, `task_tokens` u, `steps` n, `output_tokens` a (an answer),
`tool_tokens` t (a tool's result), `keep_steps`, `summary_every` m, `summary_tokens` s. A call is a list of four counts:
input, of these cached, of these written, output. A step is a list of its calls.
"""

from typing import Any

from playground.metrics.formulas.tokens import usage_cost

__all__ = [
    "agent_steps", "cached_calls", "closed_form_input", "cost_of_steps", "resent_calls", "summarised_calls",
    "truncated_calls",
]  # fmt: skip


def resent_calls(plan: Any) -> Any:
    """Each step sends the whole history again, so what is read grows with the square of the steps.

    Formula: step k reads S + u + (k - 1)(a + t).
    Source: chat APIs keep no state: every request carries every message (OpenAI, Conversation state).
    """
    start = plan["system_tokens"] + plan["task_tokens"]
    pair = plan["output_tokens"] + plan["tool_tokens"]
    steps = []
    for number in range(int(plan["steps"])):
        steps.append([[start + number * pair, 0, 0, plan["output_tokens"]]])
    return steps


def cached_calls(plan: Any) -> Any:
    """The same input, with the prompt of the previous step cached; its answer and the tool's result are new.

    The answer was output and never read as input, so it is new once. New tokens cost the write price where the model
    has one. Every step is assumed to come before the cache expires, and a provider's minimum length and block size of a
    cached prefix (often 1,024 and 128 tokens) are left out.

    Formula: step 1 writes S + u; step k > 1 reads S + u + (k - 2)(a + t) from the cache and writes a + t.
    Source: Anthropic and OpenAI, Prompt caching: the longest prefix that an earlier request sent is reused.
    """
    start = plan["system_tokens"] + plan["task_tokens"]
    pair = plan["output_tokens"] + plan["tool_tokens"]
    steps = [[[start, 0, start, plan["output_tokens"]]]]
    for number in range(1, int(plan["steps"])):
        read = start + (number - 1) * pair
        steps.append([[read + pair, read, pair, plan["output_tokens"]]])
    return steps


def truncated_calls(plan: Any) -> Any:
    """Only the last steps are sent again, so what is read stops growing; nothing is cached.

    Formula: step k reads S + u + min(k - 1, steps kept)(a + t).
    Source: a window over the message history; the closed form follows from it.
    """
    start = plan["system_tokens"] + plan["task_tokens"]
    pair = plan["output_tokens"] + plan["tool_tokens"]
    steps = []
    for number in range(int(plan["steps"])):
        steps.append([[start + min(number, plan["keep_steps"]) * pair, 0, 0, plan["output_tokens"]]])
    return steps


def summarised_calls(plan: Any) -> Any:
    """After every m steps one more call reads everything and writes a summary in place of the history.

    That call counts to the step that it makes room for. The sentence that requests the summary is left out, and
    nothing is cached.

    Formula: history h grows by a + t a step; before step k with (k - 1) a multiple of m, a call reads S + u + h and
    writes s, and then h = s; step k reads S + u + h.
    Source: compaction of the message history; the sums follow from it.
    """
    start = plan["system_tokens"] + plan["task_tokens"]
    pair = plan["output_tokens"] + plan["tool_tokens"]
    steps = []
    history = 0
    for number in range(int(plan["steps"])):
        calls = []
        if number > 0 and number % plan["summary_every"] == 0:
            calls.append([start + history, 0, 0, plan["summary_tokens"]])
            history = plan["summary_tokens"]
        calls.append([start + history, 0, 0, plan["output_tokens"]])
        history = history + pair
        steps.append(calls)
    return steps


def closed_form_input(plan: Any) -> Any:
    """Input tokens of all steps when the history is resent: it grows with the square of the steps.

    Formula: n(S + u) + (a + t) n(n - 1) / 2.
    Source: sum of S + u + (k - 1)(a + t) over k = 1 to n.
    """
    steps = plan["steps"]
    start = plan["system_tokens"] + plan["task_tokens"]
    return steps * start + (plan["output_tokens"] + plan["tool_tokens"]) * (steps * (steps - 1) / 2)


def cost_of_steps(steps: Any, rates: Any) -> Any:
    """What these steps read, write and cost at list price, for each step and in total.

    Formula: a step's tokens and USD are the sums over its calls; each call costs the same as a request.
    Source: the formula of one request, `usage_cost`.
    """
    names = ["input_tokens", "cached_tokens", "written_tokens", "output_tokens", "cost_usd"]
    totals = {"cumulative_input_tokens": [], "cumulative_usd": []}
    for name in names:
        totals[name] = []
    all_input = 0
    all_usd = 0
    for calls in steps:
        sums = [0, 0, 0, 0, 0]
        for call in calls:
            for place in range(4):
                sums[place] = sums[place] + call[place]
            sums[4] = sums[4] + usage_cost(call[0], call[1], call[2], call[3], rates)["total_usd"]
        for place in range(5):
            totals[names[place]].append(sums[place])
        all_input = all_input + sums[0]
        all_usd = all_usd + sums[4]
        totals["cumulative_input_tokens"].append(all_input)
        totals["cumulative_usd"].append(all_usd)
    return totals


def agent_steps(plan: Any, rates: Any) -> Any:
    """The same loop with four ways to treat its history: resent, cached, truncated and summarised.

    Formula: the calls of each way, at the price of one request.
    Source: the formulas of the four ways.
    """
    return {
        "resent": cost_of_steps(resent_calls(plan), rates),
        "cached": cost_of_steps(cached_calls(plan), rates),
        "truncated": cost_of_steps(truncated_calls(plan), rates),
        "summarised": cost_of_steps(summarised_calls(plan), rates),
    }
