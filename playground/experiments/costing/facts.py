"""Measurements in saved documents that a cost calculation can start from."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from playground.experiments.compare.records import CompareRecord
from playground.experiments.costing.fact import (
    FactSource,
    energy_facts,
    fact_source,
    known,
    own_facts,
    quoted,
    where,
)
from playground.experiments.registry import experiment_of
from playground.runs.experiment import late
from playground.runs.records import Document, RunRecord


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


_KINDS: dict[type[Document], Callable[[Any], Iterator[FactSource]]] = {
    RunRecord: _run, CompareRecord: _compare,
}  # fmt: skip
