"""A list of files with sizes and hashes, written last: without it a folder counts as unfinished."""

import hashlib
import json
from pathlib import Path

from playground.saving import sync_file, write_atomic

_NAME = "manifest.json"
_SMALL_BYTES = 16_000_000  # files up to this are hashed at every start; larger ones only if size or time changed


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path, origin: str) -> None:
    """Record every file of the folder and the hash of its origin."""
    files = {}
    for path in sorted(p for p in folder.iterdir() if p.is_file() and p.name != _NAME):
        sync_file(path)  # else a power cut could leave a list of files that are not there
        stat = path.stat()
        files[path.name] = {"bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": sha256_of(path)}
    write_atomic(folder / _NAME, json.dumps({"origin": origin, "files": files}, indent=1).encode())


def intact(folder: Path, origin: str) -> bool:
    """Whether the folder was finished, was made from this origin, and has not changed since."""
    try:
        manifest = json.loads((folder / _NAME).read_text(encoding="utf-8"))
        files = manifest["files"].items()
        return manifest["origin"] == origin and all(_unchanged(folder / name, record) for name, record in files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _unchanged(path: Path, record: dict[str, int | str]) -> bool:
    stat = path.stat()
    if stat.st_size != record["bytes"]:
        return False
    if stat.st_size > _SMALL_BYTES and stat.st_mtime_ns == record["mtime_ns"]:
        return True
    return sha256_of(path) == record["sha256"]
