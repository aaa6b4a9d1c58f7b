"""The worked example: the same number of requests, with prompt length as a slider and real answer lengths sampled."""

from typing import Any

from playground.metrics.formulas.month import api_tokens, request_cost
from playground.metrics.formulas.tokens import usage_cost

__all__ = ["day_points", "example", "itself", "mean_of", "next_random", "percentile", "sampled_costs"]


def itself(value: Any) -> Any:
    """The value, to sort by."""
    return value


def next_random(state: Any) -> Any:
    """A reproducible random number: the same draws in Python and in the page.

    Formula: state x 48,271 mod (2^31 - 1).
    Source: Park and Miller's generator "minstd", CACM 36(7), 1993.
    """
    return state * 48271 % 2147483647


def sampled_costs(inputs: Any, lengths: Any, rates: Any) -> Any:
    """Costs of requests with answer lengths drawn, with replacement, from real runs; sorted.

    Formula: USD per request with a drawn output length, as often as there are samples.
    Source: bootstrap sampling; prices by genai-prices.
    """
    prompt = api_tokens(inputs["input_tokens"], inputs["tokens_per_token"])
    prices = []
    for length in lengths:
        answer = api_tokens(length, inputs["tokens_per_token"])
        prices.append(usage_cost(prompt, prompt * inputs["cached_share"], 0, answer, rates)["total_usd"])
    costs = []
    state = 20261125
    for _ in range(int(inputs["samples"])):
        state = next_random(state)
        costs.append(prices[state % len(prices)])
    costs.sort(key=itself)  # without a key the page would sort by letters
    return costs


def percentile(ordered: Any, share: Any) -> Any:
    """The value below which this share of the ordered values lies, linear between neighbours.

    Formula: linear interpolation at place share x (n - 1).
    Source: numpy.percentile, method "linear".
    """
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def mean_of(values: Any) -> Any:
    """The mean.

    Formula: sum / number of values.
    Source: definition.
    """
    total = 0
    for value in values:
        total = total + value
    return total / len(values)


def day_points(inputs: Any, output_tokens: Any, rates: Any) -> Any:
    """A day's cost by prompt length, with every answer this long."""
    points = []
    answer = api_tokens(output_tokens, inputs["tokens_per_token"])
    for step in range(33):
        at = inputs["longest_prompt"] * step / 32
        read = api_tokens(at, inputs["tokens_per_token"])
        one = usage_cost(read, read * inputs["cached_share"], 0, answer, rates)
        points.append([at, one["total_usd"] * inputs["requests_per_day"]])
    return points


def example(inputs: Any, models: Any) -> Any:
    """Everything of the worked example; `output_lengths` are those of real runs."""
    rates = models[0]
    ordered = []
    for length in inputs["output_lengths"]:
        ordered.append(length)
    ordered.sort(key=itself)
    costs = sampled_costs(inputs, inputs["output_lengths"], rates)
    constant = request_cost(inputs, rates)
    share_points = []
    for step in range(41):
        share = inputs["whole"] * step / 40
        share_points.append([percentile(costs, share) * 1000, share])
    total = constant["total_usd"]
    low, high = inputs["low_share"], 1 - inputs["low_share"]
    return {
        "figures": {
            "constant_day_usd": total * inputs["requests_per_day"],
            "sampled_day_usd": mean_of(costs) * inputs["requests_per_day"],
            "request_low_usd": percentile(costs, low),
            "request_median_usd": percentile(costs, inputs["whole"] / 2),
            "request_high_usd": percentile(costs, high),
            "prompt_share": total if total == 0 else constant["input_usd"] / total,
            "mean_length": mean_of(ordered),
        },
        "series": {
            "prompt": day_points(inputs, 0 * inputs["output_tokens"], rates),
            "constant": day_points(inputs, inputs["output_tokens"], rates),
            "sampled": day_points(inputs, mean_of(ordered), rates),
            "sampled_low": day_points(inputs, percentile(ordered, low), rates),
            "sampled_high": day_points(inputs, percentile(ordered, high), rates),
            "shares": share_points,
        },
    }
