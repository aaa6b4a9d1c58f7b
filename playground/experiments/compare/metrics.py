"""Every number of a run that can be compared: its unit, what it is, which way is better. Pure functions of a record."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from playground.numbers import short_number
from playground.runs.records import RunRecord

Read = Callable[[RunRecord], float | None]


@dataclass(frozen=True)
class Metric:
    """A number of a run.

    Attributes:
        read: The number; None where the run is too short to have it, or it was not measured.
        higher_is_better: None where neither way is.
        measured: Of the run as it went: another run gives a little more or less, and a batch shares it.
        grows: With the length of prompt and answer.
        note: What to know of this very number.
    """

    name: str
    unit: str
    about: str
    read: Read
    higher_is_better: bool | None = None
    measured: bool = False
    grows: bool = False
    note: Callable[[RunRecord], str] | None = None


def _mean_logprob(run: RunRecord) -> float | None:
    return math.fsum(token.logprob for token in run.tokens) / len(run.tokens) if run.tokens else None


def _perplexity(run: RunRecord) -> float | None:
    mean = _mean_logprob(run)
    try:
        return None if mean is None else math.exp(-mean)
    except OverflowError:  # of tokens that the model all but excluded
        return None


def _mean_entropy(run: RunRecord) -> float | None:
    return math.fsum(token.entropy_bits for token in run.tokens) / len(run.tokens) if run.tokens else None


def _top_1(run: RunRecord) -> float | None:
    return sum(token.rank == 1 for token in run.tokens) / len(run.tokens) if run.tokens else None


def _distinct(n: int) -> Read:
    """Different n-grams of tokens / all n-grams (Li et al. 2016, arXiv 1510.03055)."""

    def read(run: RunRecord) -> float | None:
        ids = [token.id for token in run.tokens]
        grams = ids if n == 1 else list(pairwise(ids))
        return len(set(grams)) / len(grams) if grams else None

    return read


def _per_token(total: Read) -> Read:
    def read(run: RunRecord) -> float | None:
        value = total(run)
        return value / len(run.tokens) if value is not None and run.tokens else None

    return read


def _time(name: str, about: str, read: Read) -> Metric:
    return Metric(name, "s", about, read, higher_is_better=False, measured=True)


def _rate(name: str, about: str, read: Read) -> Metric:
    return Metric(name, "tok/s", about, read, higher_is_better=True, measured=True)


def _size(name: str, about: str, read: Read, *, grows: bool = False) -> Metric:
    return Metric(name, "B", about, read, higher_is_better=False, grows=grows)


def _own(run: RunRecord) -> float | None:
    return float(run.cost.own_hardware_usd)


def _energy(run: RunRecord) -> float | None:
    return run.energy.joules


def _net_energy(run: RunRecord) -> float | None:
    return run.energy.net_joules


def _method(run: RunRecord) -> str:
    return run.energy.method


def _net_method(run: RunRecord) -> str:
    """The idle power is part of it: what is above another level is another quantity."""
    idle = run.energy.idle_watts
    return f"{run.energy.method}, " + ("idle power not known" if idle is None else f"idle {short_number(idle)} W")


METRICS: tuple[Metric, ...] = (
    _time("ttft", "Time to the first token, from the request.", lambda r: r.timing.ttft_s),
    _time("tpot", "Time per output token after the first.", lambda r: r.timing.tpot_s),
    _time("itl p50", "Gap between two tokens: half are shorter.", lambda r: r.timing.itl_p50_s),
    _time("itl p95", "Gap between two tokens: 95 % are shorter.", lambda r: r.timing.itl_p95_s),
    _time("itl p99", "Gap between two tokens: 99 % are shorter.", lambda r: r.timing.itl_p99_s),
    _rate("prefill", "Prompt tokens read per second.", lambda r: r.timing.prefill_tokens_per_s),
    _rate("decode", "Answer tokens per second after the first: 1 / tpot.", lambda r: r.timing.decode_tokens_per_s),
    Metric(
        "end to end", "s", "Time from the request to the end of the answer.", lambda r: r.timing.e2e_s,
        higher_is_better=False, measured=True, grows=True,
    ),
    Metric("input tokens", "tokens", "Prompt tokens, chat template included.", lambda r: len(r.prompt_token_ids)),
    Metric("output tokens", "tokens", "Tokens of the answer.", lambda r: len(r.tokens)),
    _size("weights", "Memory of the model's weights.", lambda r: r.memory.weights_bytes),
    _size("KV cache", "Memory of the keys and values at the end.", lambda r: r.memory.kv_cache_bytes, grows=True),
    _size("KV cache per token", "Memory that each token adds.", lambda r: r.memory.kv_bytes_per_token),
    Metric(
        "peak memory", "B", "Highest memory of the process during the run.", lambda r: r.memory.peak_rss_bytes,
        measured=True, note=lambda _: "of the whole process, which may hold more than this run",
    ),
    Metric(
        "own hardware", "USD", "Time of the run at the price of this machine.", _own,
        higher_is_better=False, measured=True, grows=True,
    ),
    Metric(
        "own hardware per token", "USD", "Own hardware / tokens of the answer.", _per_token(_own),
        higher_is_better=False, measured=True,
    ),
    Metric(
        "list price", "USD", "Tokens in and out at a reference model's list price: another model's.",
        lambda r: float(r.cost.total_usd),
        higher_is_better=False, grows=True, note=lambda r: f"{r.cost.reference_model}, {r.cost.prices_as_of}",
    ),
    Metric(
        "energy above idle", "J", "What the run added to the device's idle draw.", _net_energy,
        higher_is_better=False, measured=True, grows=True, note=_net_method,
    ),
    Metric(
        "energy above idle per token", "J", "Energy above idle / tokens of the answer.", _per_token(_net_energy),
        higher_is_better=False, measured=True, note=_net_method,
    ),
    Metric(
        "energy", "J", "Energy of the run, the device's idle draw included.", _energy,
        higher_is_better=False, measured=True, grows=True, note=_method,
    ),
    Metric(
        "energy per token", "J", "Energy / tokens of the answer.", _per_token(_energy),
        higher_is_better=False, measured=True, note=_method,
    ),
    Metric(
        "mean logprob", "nats", "Mean log probability of the answer's tokens under the model that wrote it.",
        _mean_logprob,
    ),
    Metric("perplexity", "", "exp(-mean logprob): as many equally likely tokens are as hard to predict.", _perplexity),
    Metric("mean entropy", "bits", "Mean entropy of the model's distribution before each token.", _mean_entropy),
    Metric("top-1 share", "share", "Share of tokens that were the model's likeliest.", _top_1),
    Metric("distinct-1", "share", "Different tokens / all tokens: low where an answer repeats itself.", _distinct(1)),
    Metric("distinct-2", "share", "Different pairs of neighbouring tokens / all such pairs.", _distinct(2)),
)  # fmt: skip


def measured_values(runs: Sequence[RunRecord]) -> dict[str, list[float]]:
    """What is measured of each pass of one pane, by the metric's name; a value that a pass lacks is left out."""
    found = {metric.name: [metric.read(run) for run in runs] for metric in METRICS if metric.measured}
    return {name: [value for value in values if value is not None] for name, values in found.items()}
