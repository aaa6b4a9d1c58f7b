"""The quantities of Optimise: their names in words, units, and which end is better."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """One of them.

    Attributes:
        title: In words, for tables and charts.
        unit: As `views.format.format_figure` takes it.
        more_is_better: None where neither end is.
        is_noisy: Whether the machine changes it from run to run; the others are the same in every run.
    """

    title: str
    unit: str
    more_is_better: bool | None
    is_noisy: bool = True


QUANTITIES = {
    "decode_tokens_per_s": Quantity("decode", "tok/s", True),
    "all_tokens_per_s": Quantity("decode of all rows", "tok/s", True),
    "row_tokens_per_s": Quantity("decode of each row", "tok/s", True),
    "prefill_tokens_per_s": Quantity("prefill", "tok/s", True),
    "tpot_s": Quantity("time per token", "s", False),
    "goodput_per_s": Quantity("goodput", "requests/s", True),
    "met_share": Quantity("targets met", "share", True),
    "queue_p95_s": Quantity("queue p95", "s", False),
    "ttft_p95_s": Quantity("ttft p95", "s", False),
    "e2e_p95_s": Quantity("whole answer p95", "s", False),
    "ttft_s": Quantity("ttft", "s", False),
    "prefill_s": Quantity("prefill", "s", False),
    "itl_p95_s": Quantity("gap p95", "s", False),
    "load_s": Quantity("load", "s", False),
    "wall_s": Quantity("wall time", "s", False),
    "warm_up_s": Quantity("warm-up", "s", False),
    "break_even_tokens": Quantity("tokens until it has paid", "", False),
    "bandwidth_share": Quantity("decode, of the measured bandwidth", "share", True),
    "arithmetic_share": Quantity("prefill, of the measured arithmetic", "share", True),
    "weights_bytes": Quantity("weights", "B", False, is_noisy=False),
    "kv_cache_bytes": Quantity("KV cache", "B", False, is_noisy=False),
    "kl_mean_nats": Quantity("KL, mean", "nats", False, is_noisy=False),
    "kl_median_nats": Quantity("KL, median", "nats", False, is_noisy=False),
    "kl_p99_nats": Quantity("KL, 99%", "nats", False, is_noisy=False),
    "kl_max_nats": Quantity("KL, max", "nats", False, is_noisy=False),
    "logit_change": Quantity("largest change of a logit", "", False, is_noisy=False),
    "top1_share": Quantity("same top token", "share", True, is_noisy=False),
    "computed_prompt_tokens": Quantity("prompt tokens read", "tokens", False, is_noisy=False),
    "cached_prompt_tokens": Quantity("prompt tokens from the cache", "tokens", True, is_noisy=False),
    "hit_share": Quantity("hit rate, by tokens", "share", True, is_noisy=False),
    "input_usd": Quantity("prompt at list price", "USD", False, is_noisy=False),
    "lookup_s": Quantity("lookup, per request", "s", False),
    "answered_share": Quantity("answered from the cache", "share", True, is_noisy=False),
    "wrong_share": Quantity("answered wrongly", "share", False, is_noisy=False),
    "requests_usd": Quantity("requests at list price", "USD", False, is_noisy=False),
    "agreement_share": Quantity("agreement with the large model", "share", True, is_noisy=False),
    "right_share": Quantity("right answers", "share", True, is_noisy=False),
    "large_calls_share": Quantity("calls of the large model", "share", False, is_noisy=False),
    "tokens_per_pass": Quantity("tokens per pass", "tokens", True, is_noisy=False),
    "acceptance_length": Quantity("acceptance length", "tokens", True, is_noisy=False),
    "perplexity": Quantity("perplexity", "", False, is_noisy=False),
    "perplexity_error": Quantity("perplexity, ±", "", None, is_noisy=False),
    "perplexity_change_nats": Quantity("ln(perplexity / reference's)", "nats", False, is_noisy=False),
    "perplexity_change_error_nats": Quantity("ln(perplexity / reference's), ±", "nats", None, is_noisy=False),
    "probability_change_mean": Quantity("delta p, mean", "share", None, is_noisy=False),
    "probability_change_rms": Quantity("delta p, RMS", "share", False, is_noisy=False),
    "right_to_wrong": Quantity("right to wrong", "", False, is_noisy=False),
    "wrong_to_right": Quantity("wrong to right", "", None, is_noisy=False),
}
"""By their names in records; the unit is the end of the name."""


def quantity(name: str) -> Quantity:
    """A quantity by its name; of a file that has others, the name stands for itself."""
    return QUANTITIES.get(name) or Quantity(name.replace("_", " "), "", None)
