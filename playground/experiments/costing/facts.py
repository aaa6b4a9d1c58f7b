"""Measurements in saved documents that a cost calculation can start from."""

from collections.abc import Callable, Iterator, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from playground.experiments.compare.records import CompareRecord
from playground.experiments.costing.fact import (
    Fact,
    FactSource,
    energy_facts,
    fact_source,
    known,
    own_facts,
    quoted,
    where,
)
from playground.experiments.registry import experiment_of
from playground.experiments.reruns.records import RerunRecord, TemperatureLadderRecord
from playground.runs.experiment import late
from playground.runs.records import Document, RunRecord

_LOW, _HIGH = 10, 90  # percentiles


def facts_of(documents: Sequence[Document]) -> list[FactSource]:
    """The facts in these documents, in their order; none for kinds that measure nothing Cost can use.

    A comparison gives those of each of its runs, a temperature ladder those of each of its reruns.
    """
    return [source for document in documents for source in _sources(document)]


def _sources(document: Document) -> Iterator[FactSource]:
    for kind, tell in _KINDS.items():
        if isinstance(document, kind):
            yield from tell(document)
    experiment = experiment_of(type(document))
    if experiment is not None and experiment.facts is not None:
        yield from late(experiment.facts)(document)


def _run(record: RunRecord, title: str = "") -> Iterator[FactSource]:
    if not record.tokens:
        return
    temperature = record.settings.get("temperature")
    what = f"one run of {quoted(record.prompt)}, T {temperature}, {where(record.model, record.environment)}"
    cost, timing = record.cost, record.timing
    numbers = {
        "input_tokens": cost.input_tokens,
        "output_tokens": cost.output_tokens,
        "cached_share": cost.cached_tokens / cost.input_tokens if cost.input_tokens else None,
        "throughput_tokens_per_s": timing.decode_tokens_per_s,
        "prefill_tokens_per_s": timing.prefill_tokens_per_s,
        "ttft_s": timing.ttft_s,
    }
    facts = known(what, numbers) | energy_facts(record.energy, cost.output_tokens, what) | own_facts(cost, what)
    yield fact_source("run", title or f"Run: {quoted(record.prompt)}", facts)


def _compare(record: CompareRecord) -> Iterator[FactSource]:
    for number, pane in enumerate(record.panes, 1):
        yield from _run(pane, f"Compare, pane {number}: {quoted(pane.prompt)}, {pane.model.id}")


def _rerun(record: RerunRecord) -> Iterator[FactSource]:
    temperature = record.settings.get("temperature")
    place = where(record.model, record.environment)
    what = f"{record.n} runs of {quoted(record.prompt)}, T {temperature}, {place}"
    lengths = tuple(len(run.token_ids) for run in record.runs)
    cut = sum(run.finish_reason not in ("eos", "stop") for run in record.runs)
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
    yield fact_source("rerun", f"Reruns: {record.n} runs of {quoted(record.prompt)}, T {temperature}", facts)


def _prefill_rate(record: RerunRecord) -> float | None:
    return len(record.prompt_token_ids) / record.prefill_s if record.prefill_s else None


def _ladder(record: TemperatureLadderRecord) -> Iterator[FactSource]:
    for rung in record.rungs:
        yield from _rerun(rung)


_KINDS: dict[type[Document], Callable[[Any], Iterator[FactSource]]] = {
    RunRecord: _run, CompareRecord: _compare, RerunRecord: _rerun, TemperatureLadderRecord: _ladder,
}  # fmt: skip
