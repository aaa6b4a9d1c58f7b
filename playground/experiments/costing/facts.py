"""Measurements in saved documents that a cost calculation can start from."""

from collections.abc import Iterator, Sequence

from playground.experiments.costing.fact import FactSource, run_facts
from playground.experiments.registry import experiment_of
from playground.runs.experiment import late
from playground.runs.records import Document, RunRecord


def facts_of(documents: Sequence[Document]) -> list[FactSource]:
    """The facts in these documents, in their order; none for kinds that measure nothing Cost can use.

    A comparison gives those of each of its runs, a temperature ladder those of each of its reruns.
    """
    return [source for document in documents for source in _sources(document)]


def _sources(document: Document) -> Iterator[FactSource]:
    if isinstance(document, RunRecord):
        yield from run_facts(document)
    experiment = experiment_of(document)
    if experiment is not None and experiment.facts is not None:
        yield from late(experiment.facts)(document)
