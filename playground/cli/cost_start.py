"""The start of a cost calculation: measured numbers of saved documents, or an earlier calculation."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from playground.data.lengths import LengthList
from playground.data.presets import load_list
from playground.errors import PlaygroundError
from playground.experiments.costing.fields import CostFields
from playground.experiments.costing.records import CostSheet, Currency
from playground.experiments.costing.sheet import Lengths
from playground.paths import presets_dir
from playground.runs.records import Document

_MAX_SOURCE_CHARS = 400


@dataclass
class Start:
    """Inputs by id with their sources and files, and the choices of an earlier calculation."""

    lengths: Lengths
    given: dict[str, Decimal] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    calculators: list[str] = field(default_factory=list)
    models: dict[str, str] = field(default_factory=dict)
    compared: list[str] = field(default_factory=list)
    currency: Currency = field(default_factory=Currency)


def started(files: list[str], fields: CostFields) -> Start:
    """Read these files; later ones override earlier ones.

    Raises:
        PlaygroundError: A file can't be read, or holds nothing that a cost calculation can start from.
    """
    first = load_list(LengthList, presets_dir() / "lengths.yaml").lengths[0]
    start = Start(Lengths(tuple(first.output_tokens), first.source))
    for file in files:
        document = _read(file)
        if isinstance(document, CostSheet):
            _again(start, document, file)
        else:
            _measured(start, document, file, fields)
    return start


def _read(file: str) -> Document:
    from playground.experiments.documents import read_document  # noqa: PLC0415  all kinds of them need torch

    return read_document(Path(file))


def _again(start: Start, sheet: CostSheet, file: str) -> None:
    """An earlier calculation: its assumptions stay, unless they are set now."""
    for name, value in sheet.assumptions.items():
        if not sheet.sources[name].startswith("assumed"):
            start.given[name], start.sources[name], start.files[name] = value, sheet.sources[name], file
    start.lengths = Lengths(tuple(sheet.output_lengths), sheet.lengths_source)
    start.calculators, start.compared, start.currency = list(sheet.sections), sheet.models, sheet.currency
    start.models = {"model": sheet.model, "large_model": sheet.large_model, "small_model": sheet.small_model}


def _measured(start: Start, document: Document, file: str, fields: CostFields) -> None:
    from playground.experiments.costing.facts import facts_of  # noqa: PLC0415  it imports numpy, and most costs start from no file

    found = facts_of([document])
    if not found:
        kind = type(document).model_fields["kind"].default
        raise PlaygroundError(f"--from {file}: a file of kind {kind} has nothing that a cost calculation can use.")
    facts = {**found[0].facts}
    if "net_joules_per_token" in facts:  # above idle if known: what the request adds
        facts["joules_per_token"] = facts["net_joules_per_token"]
    known = {one.id for one in fields.fields}
    for name, fact in facts.items():
        source = f"measured: {fact.source}"[:_MAX_SOURCE_CHARS]
        if name in known and isinstance(fact.value, Decimal):
            start.given[name], start.sources[name], start.files[name] = fact.value, source, f"--from {file}"
        elif name == "output_lengths" and isinstance(fact.value, tuple) and len(fact.value) > 1:
            start.lengths = Lengths(fact.value, source)
