"""A month at a list price: what a request costs, a day, a month that grows, and what drives it most."""

from typing import Any

from playground.metrics.formulas.tokens import usage_cost

__all__ = [
    "api_tokens", "cumulative_usd", "day_factor", "day_total", "month", "month_by_model", "month_total",
    "projected_usd", "request_cost", "scenario", "tornado", "with_one",
]  # fmt: skip


def api_tokens(tokens: Any, tokens_per_token: Any) -> Any:
    """Tokens as the API's own tokenizer would count them: an estimate from ours.

    Formula: local tokens x API tokens per local token.
    Source: assumed 1 unless edited; tokenizers differ by language and model.
    """
    return tokens * tokens_per_token


def request_cost(inputs: Any, rates: Any) -> Any:
    """One request at list price, with the cached share of its prompt at the cached price.

    Formula: input x (1 - cached share) x input price + input x cached share x cached price + output x output price,
    each / 1,000,000.
    Source: providers' price lists, by genai-prices.
    """
    prompt = api_tokens(inputs["input_tokens"], inputs["tokens_per_token"])
    answer = api_tokens(inputs["output_tokens"], inputs["tokens_per_token"])
    return usage_cost(prompt, prompt * inputs["cached_share"], 0, answer, rates)


def day_factor(growth_per_month: Any, days_per_month: Any) -> Any:
    """Ratio of a day's requests to those of the day before; growth compounds daily.

    Formula: (1 + growth) ^ (1 / days of a month).
    Source: compound growth.
    """
    return (1 + growth_per_month) ** (1 / days_per_month)


def cumulative_usd(inputs: Any, per_request_usd: Any) -> Any:
    """What has been spent after each day; the first day has today's requests.

    Formula: sum over the days so far of requests of the day x USD per request; requests of day d, from 0, = requests a
    day x (1 + growth) ^ (d / days of a month).
    Source: definition; compound growth.
    """
    factor = day_factor(inputs["growth_per_month"], inputs["days_per_month"])
    requests = inputs["requests_per_day"]
    total = 0 * per_request_usd
    points = [[0, total]]
    for day in range(int(inputs["days"])):
        total = total + requests * per_request_usd
        points.append([day + 1, total])
        requests = requests * factor
    return points


def projected_usd(inputs: Any, rates: Any) -> Any:
    """The total cost of all days.

    Formula: sum over the days of requests of the day x USD per request.
    Source: definition.
    """
    points = cumulative_usd(inputs, request_cost(inputs, rates)["total_usd"])
    return points[len(points) - 1][1]


def day_total(per_request_usd: Any, requests_per_day: Any) -> Any:
    """A day at today's number of requests.

    Formula: USD per request x requests a day.
    Source: definition.
    """
    return per_request_usd * requests_per_day


def month_total(per_request_usd: Any, requests_per_day: Any, days_per_month: Any) -> Any:
    """A mean month at today's number of requests.

    Formula: USD per request x requests a day x days of a month (30.4 is the mean month).
    Source: definition.
    """
    return per_request_usd * requests_per_day * days_per_month


def scenario(inputs: Any, end: Any) -> Any:
    """All uncertain inputs at their low end, or all at their high end; a high cached share goes with a low cost.

    Formula: the cost of all days with those inputs.
    Source: scenario analysis; the true month lies between only if the ends are realistic.
    """
    return {
        "requests_per_day": inputs["requests_per_day" + end],
        "input_tokens": inputs["input_tokens" + end],
        "output_tokens": inputs["output_tokens" + end],
        "cached_share": inputs["cached_share" + ("_high" if end == "_low" else "_low")],
        "growth_per_month": inputs["growth_per_month" + end],
        "tokens_per_token": inputs["tokens_per_token"],
        "days": inputs["days"],
        "days_per_month": inputs["days_per_month"],
    }


def with_one(inputs: Any, name: Any, value: Any) -> Any:
    """The inputs of a projection, with one changed."""
    changed = {}
    for key in ["requests_per_day", "input_tokens", "output_tokens", "cached_share", "growth_per_month",
                "tokens_per_token", "days", "days_per_month"]:  # fmt: skip
        changed[key] = inputs[key]
    changed[name] = value
    return changed


def tornado(inputs: Any, rates: Any) -> Any:
    """Which input drives the cost most: each alone at its low and its high end, the others at their base.

    Formula: cost of all days with that one input changed; sorted by |high - low|.
    Source: one-at-a-time sensitivity analysis.
    """
    bars = []
    place = 0
    for name in ["requests_per_day", "input_tokens", "output_tokens", "cached_share", "growth_per_month"]:
        low = projected_usd(with_one(inputs, name, inputs[name + "_low"]), rates)
        high = projected_usd(with_one(inputs, name, inputs[name + "_high"]), rates)
        bars.append([place, min(low, high), max(low, high)])
        place = place + 1
    return bars


def month_by_model(inputs: Any, models: Any) -> Any:
    """The same days at the list price of each model: low, base and high.

    Formula: cost of all days, as above, at each model's prices.
    Source: providers' price lists, by genai-prices.
    """
    rows = []
    place = 0
    for model in models:
        rows.append([
            place,
            projected_usd(inputs, model),
            projected_usd(scenario(inputs, "_low"), model),
            projected_usd(scenario(inputs, "_high"), model),
        ])  # fmt: skip
        place = place + 1
    return rows


def month(inputs: Any, models: Any) -> Any:
    """Everything of the section Month; the first of the models is the chosen one, the others are compared with it."""
    rates = models[0]
    one = request_cost(inputs, rates)
    low, high = scenario(inputs, "_low"), scenario(inputs, "_high")
    base_points = cumulative_usd(inputs, one["total_usd"])
    low_points = cumulative_usd(low, request_cost(low, rates)["total_usd"])
    high_points = cumulative_usd(high, request_cost(high, rates)["total_usd"])
    last = len(base_points) - 1
    return {
        "figures": {
            "per_request_usd": one["total_usd"],
            "input_usd": one["input_usd"],
            "output_usd": one["output_usd"],
            "per_day_usd": day_total(one["total_usd"], inputs["requests_per_day"]),
            "per_month_usd": month_total(one["total_usd"], inputs["requests_per_day"], inputs["days_per_month"]),
            "low_usd": low_points[last][1],
            "base_usd": base_points[last][1],
            "high_usd": high_points[last][1],
        },
        "series": {
            "base": base_points,
            "low": low_points,
            "high": high_points,
            "tornado": tornado(inputs, rates),
            "models": month_by_model(inputs, models),
        },
    }
