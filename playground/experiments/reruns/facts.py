"""What a cost calculation can start from: lengths and rates of many runs."""

from collections.abc import Iterator
from statistics import fmean

import numpy as np

from playground.experiments.costing.fact import (
    Fact,
    FactSource,
    energy_facts,
    fact_source,
    is_cut,
    known,
    own_facts,
    quoted,
    where,
)
from playground.experiments.reruns.records import RerunRecord, TemperatureLadderRecord

_LOW, _HIGH = 10, 90  # percentiles


def is_one_repeated(record: RerunRecord) -> bool:
    """Whether no token was drawn at random and all runs gave the same answer: copies of one, no sample of many."""
    settings = record.settings
    no_draw = settings.get("temperature") == 0 or settings.get("top_k") == 1 or record.seeds == "same"
    return no_draw and record.summary.unique == 1


def rerun_facts(record: RerunRecord) -> Iterator[FactSource]:
    """Of all runs together."""
    temperature = record.settings.get("temperature")
    place = where(record.model, record.environment)
    what = f"{record.n} runs of {quoted(record.prompt)}, T {temperature}, {place}"
    lengths = tuple(len(run.token_ids) for run in record.runs)
    cut = sum(is_cut(run.finish_reason) for run in record.runs)
    shape = what + (f"; {cut} of them cut at a limit, so longer in truth" if cut else "")
    low, high = np.percentile(lengths, [_LOW, _HIGH])
    facts = {
        **known(what, {"input_tokens": len(record.prompt_token_ids)}),
        **known(f"mean of {shape}", {"output_tokens": fmean(lengths)}),
        **known(f"10th percentile of {shape}", {"output_tokens_low": float(low)}),
        **known(f"90th percentile of {shape}", {"output_tokens_high": float(high)}),
        "output_lengths": Fact(lengths, shape),
        **known(f"{what}, {record.rows_at_once} at once; reading the prompt included",
                {"throughput_tokens_per_s": record.throughput_tokens_per_s}),
        **known(what, {"prefill_tokens_per_s": _prefill_rate(record)}),
        **energy_facts(record.energy, record.cost.output_tokens, what),
        **own_facts(record.cost, what),
    }  # fmt: skip
    if cut == record.n and low == high:  # where the limit cut them is no range of lengths
        del facts["output_tokens_low"], facts["output_tokens_high"]
    title = f"Reruns: {record.n} runs of {quoted(record.prompt)}, T {temperature}"
    yield fact_source("rerun", title, facts, record.n, cut)


def _prefill_rate(record: RerunRecord) -> float | None:
    return len(record.prompt_token_ids) / record.prefill_s if record.prefill_s else None


def temperature_facts(record: TemperatureLadderRecord) -> Iterator[FactSource]:
    """Those of each of its reruns."""
    for rung in record.rungs:
        yield from rerun_facts(rung)
