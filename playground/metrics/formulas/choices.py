"""Retrieval, fine-tuning or a longer prompt; a cascade of two models; a cache of prompts or answers."""

from typing import Any

from playground.metrics.formulas.month import api_tokens
from playground.metrics.formulas.tokens import tier_price, usage_cost

__all__ = [
    "break_even", "cache_cost", "cached_answers", "cascade", "cascade_share", "cascade_usd", "prefix_request_usd",
    "prefix_uses", "priced", "retrieval", "training_rate_usd",
    "training_usd",
]  # fmt: skip


def training_usd(inputs: Any) -> Any:
    """The one-time cost of fine-tuning.

    Formula: training tokens x epochs x USD per million / 1,000,000 + fixed cost.
    Source: providers' price lists for fine-tuning bill tokens x epochs; the price is typed, no list has it.
    """
    return (
        inputs["training_tokens"] * inputs["epochs"] * inputs["training_usd_per_million"] / 1000000
        + inputs["training_fixed_usd"]
    )


def training_rate_usd(usd_per_hour: Any, training_tokens_per_s: Any) -> Any:
    """A million training tokens on own hardware, from a measured training step.

    Formula: USD per hour / 3,600 x 1,000,000 / training tokens per s.
    Source: definition.
    """
    return usd_per_hour * 1000000 / (3600 * training_tokens_per_s)


def break_even(once_usd: Any, dearer_usd: Any, cheaper_usd: Any) -> Any:
    """Requests after which the one-time cost has been saved; 0 where it never is.

    Formula: one-time cost / (USD per request before - USD per request after).
    Source: equal total cost.
    """
    saved = dearer_usd - cheaper_usd
    return once_usd / saved if saved > 0 else 0 * once_usd


def priced(inputs: Any, input_tokens: Any, cached_share: Any, rates: Any) -> Any:
    """USD of one request with this prompt, its cached share at the cached price."""
    prompt = api_tokens(input_tokens, inputs["tokens_per_token"])
    answer = api_tokens(inputs["output_tokens"], inputs["tokens_per_token"])
    return usage_cost(prompt, prompt * cached_share, 0, answer, rates)["total_usd"]


def retrieval(inputs: Any, models: Any) -> Any:
    """Everything of the section on retrieval, fine-tuning and prompt length."""
    rates = models[0]
    question = inputs["question_tokens"]
    rag = priced(inputs, question + inputs["retrieved_tokens"], 0, rates) + inputs["retrieval_usd_per_thousand"] / 1000
    long_prompt = question + inputs["example_tokens"]
    prompted = priced(inputs, long_prompt, inputs["cached_share"] * inputs["example_tokens"] / long_prompt, rates)
    tuned = priced(inputs, question, 0, rates) * inputs["tuned_price_factor"]
    once = training_usd(inputs)
    even = break_even(once, rag, tuned)
    top = max(inputs["requests_per_day"] * inputs["days"], even * 5 / 4)  # the axis holds the answer
    lines = {"retrieval": [], "prompt": [], "tuned": []}
    for step in range(41):
        requests = int(top * step / 40 + inputs["whole"] / 2)
        lines["retrieval"].append([requests, requests * rag])
        lines["prompt"].append([requests, requests * prompted])
        lines["tuned"].append([requests, once + requests * tuned])
    return {
        "figures": {
            "rag_request_usd": rag,
            "prompt_request_usd": prompted,
            "tuned_request_usd": tuned,
            "training_usd": once,
            "break_even_requests": even,
            "break_even_days": even / inputs["requests_per_day"],
            "prompt_break_even_requests": break_even(once, prompted, tuned),
        },
        "series": lines,
    }


def cascade_usd(small_usd: Any, large_usd: Any, check_usd: Any, share: Any) -> Any:
    """One request: the small model tries, a check follows, and the large model answers where that was not enough.

    Formula: small + check + (1 - share answered by the small model) x large.
    Source: FrugalGPT (Chen, Zaharia and Zou 2023), a cascade of two.
    """
    return small_usd + check_usd + (1 - share) * large_usd


def cascade_share(small_usd: Any, large_usd: Any, check_usd: Any) -> Any:
    """The share above which the cascade costs less than the large model alone.

    Formula: (small + check) / large.
    Source: small + check + (1 - share) x large = large.
    """
    return 0 * large_usd if large_usd == 0 else (small_usd + check_usd) / large_usd


def cascade(inputs: Any, models: Any) -> Any:
    """Everything of the section Cascade; the first model is the large one, the second the small one."""
    large = priced(inputs, inputs["input_tokens"], inputs["cached_share"], models[0])
    listed = priced(inputs, inputs["input_tokens"], inputs["cached_share"], models[1])
    own = inputs["output_tokens"] * inputs["own_usd_per_million"] / 1000000
    small = own if inputs["own_small"] > 0 else listed
    check = inputs["check_usd_per_thousand"] / 1000
    mixed = cascade_usd(small, large, check, inputs["small_share"])
    month = inputs["requests_per_day"] * inputs["days_per_month"]
    points, flat = [], []
    for step in range(21):
        share = inputs["whole"] * step / 20
        points.append([share, cascade_usd(small, large, check, share) * month])
        flat.append([share, large * month])
    return {
        "figures": {
            "small_request_usd": small,
            "large_request_usd": large,
            "cascade_request_usd": mixed,
            "cascade_month_usd": mixed * month,
            "large_month_usd": large * month,
            "saved_month_usd": (large - mixed) * month,
            "even_share": cascade_share(small, large, check),
        },
        "series": {"cascade": points, "large": flat},
    }


def prefix_uses(rates: Any, input_tokens: Any) -> Any:
    """Uses of one prefix after which writing it to the provider's cache has paid off; 0 where it never does.

    Formula: (write price - cached price) / (input price - cached price).
    Source: writes at 1.25 or 2 x input and reads at 0.1 x (Anthropic's price list) give 1.3 and 2.1 uses.
    """
    plain, cached = tier_price(rates["input"], input_tokens), tier_price(rates["cached"], input_tokens)
    saved = plain - cached
    return (tier_price(rates["written"], input_tokens) - cached) / saved if saved > 0 else 0 * plain


def prefix_request_usd(cold_usd: Any, warm_usd: Any, hit_rate: Any) -> Any:
    """One request whose prefix may be in the provider's cache; a miss writes it there.

    Formula: hit rate x USD with the prefix cached + (1 - hit rate) x USD with the prefix written.
    Source: providers' price lists: reads at the cached price, writes at the write price where there is one.
    """
    return hit_rate * warm_usd + (1 - hit_rate) * cold_usd


def cached_answers(per_request_usd: Any, lookup_usd: Any, hit_rate: Any) -> Any:
    """One request where an earlier answer may be reused.

    Formula: lookup + (1 - hit rate) x USD per request.
    Source: definition of a hit rate. It also hides variation: a hit is never computed again.
    """
    return lookup_usd + (1 - hit_rate) * per_request_usd


def cache_cost(inputs: Any, models: Any) -> Any:
    """Everything of the section Cache: a prefix cached by the provider, and your own cache of answers."""
    rates = models[0]
    prompt = api_tokens(inputs["prefix_tokens"] + inputs["question_tokens"], inputs["tokens_per_token"])
    prefix = api_tokens(inputs["prefix_tokens"], inputs["tokens_per_token"])
    answer = api_tokens(inputs["output_tokens"], inputs["tokens_per_token"])
    cold = usage_cost(prompt, 0, prefix, answer, rates)["total_usd"]
    plain = usage_cost(prompt, 0, 0, answer, rates)["total_usd"]
    warm = usage_cost(prompt, prefix, 0, answer, rates)["total_usd"]
    lookup = inputs["lookup_usd_per_thousand"] / 1000
    mixed = prefix_request_usd(cold, warm, inputs["prefix_hit_rate"])
    both = cached_answers(mixed, lookup, inputs["answer_hit_rate"])
    month = inputs["requests_per_day"] * inputs["days_per_month"]
    prefix_points, answer_points = [], []
    for step in range(21):
        share = inputs["whole"] * step / 20
        prefix_points.append([share, prefix_request_usd(cold, warm, share) * month])
        answer_points.append([share, cached_answers(plain, lookup, share) * month])
    return {
        "figures": {
            "plain_month_usd": plain * month,
            "prefix_month_usd": mixed * month,
            "answers_month_usd": cached_answers(plain, lookup, inputs["answer_hit_rate"]) * month,
            "both_month_usd": both * month,
            "saved_month_usd": (plain - both) * month,
            "prefix_uses": prefix_uses(rates, prompt),
        },
        "series": {"prefix": prefix_points, "answers": answer_points},
    }
