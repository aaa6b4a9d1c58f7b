"""Any saved document, by its `kind`."""

from pathlib import Path

from pydantic import BaseModel

from playground.errors import PlaygroundError, nearest
from playground.experiments.branching.records import BranchesRecord
from playground.experiments.context.records import TokensRecord
from playground.experiments.costing.records import CostSheet
from playground.experiments.inspection.records import StepRecord
from playground.experiments.registry import experiments
from playground.files import read_text
from playground.pieces import PIECE
from playground.runs.reading import Reader
from playground.runs.records import MAX_RECORD_BYTES, Document, RunRecord, parse_as

_DOCUMENTS: tuple[type[Document], ...] = (
    RunRecord, BranchesRecord, TokensRecord, StepRecord, CostSheet,
)  # fmt: skip


def kinds() -> dict[str, type[Document]]:
    """Every kind of document: those of hand-made tabs, and one of each experiment."""
    declared = (experiment.record for experiment in experiments().values())
    return {document.model_fields["kind"].default: document for document in (*_DOCUMENTS, *declared)}


class _Head(BaseModel):
    kind: str


def _kind(text: str | bytes) -> str | None:
    try:
        if len(text) > PIECE:
            return Reader(text if isinstance(text, str) else text.decode()).head()
        return _Head.model_validate_json(text).kind
    except ValueError:  # no JSON, no text, or no kind
        return None


def parse_document(text: str | bytes) -> Document:
    """A document from its JSON text.

    Raises:
        PlaygroundError: The text is too large, not JSON, of an unknown kind, or not as that kind must be.
    """
    if len(text) > MAX_RECORD_BYTES:
        raise PlaygroundError(f"This file has {len(text):,} bytes; the limit is {MAX_RECORD_BYTES:,}.")
    kind = _kind(text)
    if kind is None:
        raise PlaygroundError("This isn't a file saved here: choose a JSON file that the playground saved.")
    known = kinds()
    if kind not in known:
        raise PlaygroundError(f"Unknown kind of document {kind[:60]!r}: {nearest(kind, list(known))}")
    return parse_as(known[kind], text)


def read_document(path: Path) -> Document:
    """A document from its file.

    Raises:
        PlaygroundError: The file is missing, too large, or no document.
    """
    return parse_document(read_text(path, MAX_RECORD_BYTES))
