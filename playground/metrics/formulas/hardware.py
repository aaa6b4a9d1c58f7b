"""Own hardware against an API: what an hour costs, how much it can serve, and when it pays."""

from typing import Any

from playground.metrics.formulas.month import api_tokens, month_total
from playground.metrics.formulas.tokens import usage_cost

__all__ = [
    "api_request_usd", "break_even_requests", "hourly_usd", "machines_needed", "own_hardware", "own_month_usd",
    "own_parts_usd", "own_request_usd", "pays_above", "peak_load", "peak_served", "per_million_usd", "request_seconds",
    "served_per_day", "served_per_million_usd", "ttft_at_load", "verdict",
]  # fmt: skip


def hourly_usd(inputs: Any) -> Any:
    """An hour of one machine: its rent, or its purchase spread over its years and its electricity.

    Formula: rent, or price / (years x 8,760 h) + watts / 1,000 x PUE x USD per kWh.
    Source: straight-line depreciation; the machine runs all hours.
    """
    if inputs["bought"] > 0:
        power = inputs["watts"] / 1000 * inputs["pue"] * inputs["usd_per_kwh"]
        return inputs["purchase_usd"] / (inputs["years"] * 8760) + power
    return inputs["usd_per_hour"]


def request_seconds(inputs: Any) -> Any:
    """Machine time of one request, its share of a full batch.

    Formula: input tokens / prefill tokens per s + output tokens / decode tokens per s of the batch.
    Source: prefill and decode take turns on one machine.
    """
    reading = inputs["input_tokens"] * (1 - inputs["cached_share"]) / inputs["prefill_tokens_per_s"]
    return reading + inputs["output_tokens"] / inputs["throughput_tokens_per_s"]


def served_per_day(inputs: Any) -> Any:
    """The most requests a day that one machine serves at this utilisation.

    Formula: 86,400 s x utilisation / seconds of a request.
    Source: definition of utilisation.
    """
    return 86400 * inputs["utilisation"] / request_seconds(inputs)


def machines_needed(requests_per_day: Any, inputs: Any) -> Any:
    """Machines that handle the busiest hour without exceeding the utilisation.

    Formula: ceiling of requests a day x peak factor / requests a machine serves a day, at least 1.
    Source: capacity planning for the peak, not the mean.
    """
    exact = requests_per_day * inputs["peak_factor"] / served_per_day(inputs)
    whole = int(exact)
    return max(1, whole + 1 if exact > whole else whole)


def per_million_usd(inputs: Any) -> Any:
    """A million output tokens on one machine, without prefill.

    Formula: USD per hour x 1,000,000 / (3,600 x tokens per s x utilisation).
    Source: definition.
    """
    return hourly_usd(inputs) * 1000000 / (3600 * inputs["throughput_tokens_per_s"] * inputs["utilisation"])


def served_per_million_usd(inputs: Any) -> Any:
    """A million tokens, prompt and answer together, at this shape of request and this utilisation.

    Formula: USD per hour x seconds of a request / 3,600 / utilisation x 1,000,000 / tokens of a request.
    Source: definition.
    """
    tokens = inputs["input_tokens"] + inputs["output_tokens"]
    used = hourly_usd(inputs) * request_seconds(inputs) / 3600 / inputs["utilisation"]
    return 0 * used if tokens == 0 else used * 1000000 / tokens


def break_even_requests(inputs: Any, per_request_usd: Any) -> Any:
    """Requests a day above which one machine costs less than the API; 0 where the API is free.

    Formula: USD per hour x 24 / USD per request at the API.
    Source: equal cost of a day.
    """
    return 0 * per_request_usd if per_request_usd == 0 else hourly_usd(inputs) * 24 / per_request_usd


def pays_above(even_requests: Any, served_requests: Any) -> Any:
    """Requests a day above which one machine costs less than the API; 0 where that is more than it can serve.

    Formula: break-even if it is at most what one machine serves at the peak, else 0: with more machines both costs
    grow, and the API's stays below.
    Source: capacity check of a break-even.
    """
    return even_requests if even_requests <= served_requests else 0 * even_requests


def ttft_at_load(inputs: Any, machines: Any) -> Any:
    """Expected time to the first token in the busiest hour; 0 means that the queue would grow without end.

    Formula: ttft alone + load / (1 - load) x seconds of a request; load = requests a day x peak factor / 86,400 s
    x seconds of a request / machines.
    Source: waiting time of the M/M/1 queue (Kleinrock, Queueing Systems I); a model, not measured.
    """
    seconds = request_seconds(inputs)
    load = peak_load(inputs, machines)
    return inputs["ttft_s"] + load / (1 - load) * seconds if load < 1 else 0 * seconds


def own_parts_usd(inputs: Any, request_usd: Any) -> Any:
    """A request's cost on own hardware, split by machine time: the prompt, the answer.

    Formula: USD of a request x seconds of prefill (decode) / seconds of a request.
    Source: definition.
    """
    writing = inputs["output_tokens"] / inputs["throughput_tokens_per_s"]
    share = writing / request_seconds(inputs)
    return [request_usd * (1 - share), request_usd * share]


def own_month_usd(inputs: Any, machines: Any) -> Any:
    """A month of all machines, used or not.

    Formula: USD per hour x 24 x days of a month x machines.
    Source: machines are paid for all hours.
    """
    return hourly_usd(inputs) * 24 * inputs["days_per_month"] * machines


def own_request_usd(inputs: Any, month_usd: Any) -> Any:
    """One request's share of a month on own hardware.

    Formula: USD of a month / (requests a day x days of a month).
    Source: definition.
    """
    return month_usd / (inputs["requests_per_day"] * inputs["days_per_month"])


def peak_served(inputs: Any) -> Any:
    """The most requests a day whose busiest hour one machine can still handle.

    Formula: requests a day that a machine serves at this utilisation / peak factor.
    Source: capacity planning for the peak, not the mean.
    """
    return served_per_day(inputs) / inputs["peak_factor"]


def peak_load(inputs: Any, machines: Any) -> Any:
    """Share of the machines' time that the busiest hour fills.

    Formula: requests a day x peak factor / 86,400 s x seconds of a request / machines.
    Source: definition of utilisation.
    """
    return inputs["requests_per_day"] * inputs["peak_factor"] * request_seconds(inputs) / 86400 / machines


def api_request_usd(inputs: Any, rates: Any) -> Any:
    """One request of this shape at the API's list price."""
    prompt = api_tokens(inputs["input_tokens"], inputs["tokens_per_token"])
    answer = api_tokens(inputs["output_tokens"], inputs["tokens_per_token"])
    return usage_cost(prompt, prompt * inputs["cached_share"], 0, answer, rates)["total_usd"]


def verdict(own_usd: Any, api_usd: Any, even_requests: Any, served_requests: Any) -> Any:
    """Whether own hardware pays off: 0 the API is free, 1 never, 2 not yet, 3 yes.

    Formula: 3 if own <= API; else 1 if break-even > what one machine serves at the peak; else 2.
    Source: capacity check of a break-even.
    """
    if api_usd == 0:
        return 0 * api_usd
    if own_usd <= api_usd:
        return 0 * api_usd + 3
    return 0 * api_usd + (1 if even_requests > served_requests else 2)


def own_hardware(inputs: Any, models: Any) -> Any:
    """Everything of the section Own hardware."""
    machines = machines_needed(inputs["requests_per_day"], inputs)
    month_usd = own_month_usd(inputs, machines)
    api_usd = api_request_usd(inputs, models[0])
    api_month_usd = month_total(api_usd, inputs["requests_per_day"], inputs["days_per_month"])
    even = break_even_requests(inputs, api_usd)
    pays = pays_above(even, peak_served(inputs))
    top = max(inputs["requests_per_day"] * 4, pays * 5 / 4)  # the axis holds the answer
    own_points, api_points = [], []
    for step in range(41):
        requests = int(top * step / 40 + inputs["whole"] / 2)
        own_points.append([requests, own_month_usd(inputs, machines_needed(requests, inputs))])
        api_points.append([requests, month_total(api_usd, requests, inputs["days_per_month"])])
    rows = []
    place = 0
    for model in models:
        price = api_request_usd(inputs, model)
        rows.append([place, break_even_requests(inputs, price), price])
        place = place + 1
    return {
        "figures": {
            "verdict": verdict(month_usd, api_month_usd, even, peak_served(inputs)),
            "hourly_usd": hourly_usd(inputs),
            "per_million_usd": per_million_usd(inputs),
            "served_per_million_usd": served_per_million_usd(inputs),
            "request_seconds": request_seconds(inputs),
            "served_per_day": served_per_day(inputs),
            "machines": machines,
            "own_month_usd": month_usd,
            "api_month_usd": api_month_usd,
            "own_request_usd": own_request_usd(inputs, month_usd),
            "break_even_requests": even,
            "pays_above_requests": pays,
            "peak_served_per_day": peak_served(inputs),
            "ttft_at_load_s": ttft_at_load(inputs, machines),
            "load": peak_load(inputs, machines),
        },
        "series": {"own": own_points, "api": api_points, "models": rows},
    }
