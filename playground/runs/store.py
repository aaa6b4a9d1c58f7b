"""Run records on disk."""

import secrets
from datetime import datetime
from pathlib import Path

from playground.files import read_text
from playground.runs.records import MAX_RECORD_BYTES, Document, RunRecord, parse_record
from playground.saving import write_atomic


def save_record(record: Document, path: Path) -> Path:
    """Writes a record, whole or not at all.

    A file is replaced; in a folder the record gets a new name.

    Returns:
        The file written.

    Raises:
        PlaygroundError: The disk is full, the folder missing or read-only; an older file is intact.
    """
    try:
        target = path / _new_name(record) if path.is_dir() else path
    except OSError:  # a path that can't be read: the write reports why
        target = path
    write_atomic(target, record.to_json().encode())
    return target


def _new_name(record: Document) -> str:
    """Sorted by time; the random end keeps two runs of one second apart."""
    kind = type(record).model_fields["kind"].default
    return f"{kind}-{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}.json"


def read_record(path: Path) -> RunRecord:
    """A record from its file.

    Raises:
        PlaygroundError: The file is missing, too large, or not a run of schema 1.
    """
    return parse_record(read_text(path, MAX_RECORD_BYTES))
