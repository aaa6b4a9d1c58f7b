"""A model of the Hugging Face hub at one commit: safetensors and text files only, in the hub's own cache.

A child process downloads, so that it can be stopped at any moment; files that came whole are kept for a later fetch.
"""

import contextlib
import errno
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE

from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import filter_repo_objects

from playground.errors import PlaygroundError
from playground.models.catalogue import HubSource
from playground.models.checks import check_folder
from playground.models.proxy import proxy_problem
from playground.tether import tethered, wait

Progress = Callable[[str, float | None], None]
PATTERNS = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja"]
NOT_WANTED = ["*/*"]  # exports for other programs are in folders: onnx/, runs/...
_ASK_S = 8.0  # for what a model's page says of it


@dataclass(frozen=True)
class HubCard:
    """What the hub says of a model: the bytes of the files we take, its licence, and what stands in the way."""

    size_bytes: int | None = None
    licence: str = ""
    note: str = ""


def hub_cache() -> Path:
    """Where the hub's library keeps what it fetched."""
    return Path(constants.HF_HUB_CACHE)


def hub_folder(source: HubSource) -> Path | None:
    """The snapshot on this machine, if complete."""
    try:
        folder = Path(snapshot_download(source.repo, revision=source.revision, local_files_only=True))
        check_folder(folder)
    except (LocalEntryNotFoundError, PlaygroundError, OSError, ValueError):
        return None
    return folder if any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model")) else None


def ask_hub(source: HubSource) -> HubCard:
    """What the hub says of it now; where it does not answer, a note that says so. Nothing is downloaded."""
    try:
        info = HfApi().model_info(source.repo, revision=source.revision, files_metadata=True, timeout=_ASK_S)
    except Exception as error:  # its library raises those of its HTTP client, which differ by version
        return HubCard(note=in_words(source.repo, source, error))
    names = {file.rfilename: file.size for file in info.siblings or []}
    taken = list(filter_repo_objects(names, allow_patterns=PATTERNS, ignore_patterns=NOT_WANTED))
    sizes = [size for name in taken if (size := names[name]) is not None]
    card = info.card_data
    licence = (card.get("license_name") or card.get("license")) if card is not None else None
    gated = f"Its owner asks everybody to accept the licence on the hub's page of {source.repo} first, with an account."
    return HubCard(
        sum(sizes) if taken and len(sizes) == len(taken) else None,
        licence if isinstance(licence, str) else "",
        gated if getattr(info, "gated", False) else "",
    )


def fetch_hub(title: str, source: HubSource, progress: Progress, size: int | None = None) -> Path:
    """Download the snapshot; files that are already here are kept. An error of `progress` ends it at once.

    `size` is what the hub said of its bytes; None asks it.

    Raises:
        PlaygroundError: The hub cannot be reached, refuses, or its files cannot be loaded safely.
    """
    stage = f"Fetching {title}"
    progress(stage, 0.0)
    child = tethered(
        "playground.models.hub_child", title, source.repo, source.revision, str(size or ""),
        stdout=PIPE, stderr=DEVNULL, text=True, encoding="utf-8", errors="replace",
    )  # fmt: skip
    assert child.stdout is not None
    said = _Said()
    reader = threading.Thread(target=said.read, args=(child.stdout,), name="hub-progress", daemon=True)
    reader.start()
    try:
        wait(child, lambda: progress(stage, said.fraction))
    finally:
        reader.join()
        child.stdout.close()
    if child.returncode:
        raise PlaygroundError(said.problem or f"{title} was not fetched: the download ended with {child.returncode}.")
    folder = hub_folder(source)
    if folder is None:
        raise PlaygroundError(
            f"{title} cannot be used: what {source.repo} holds is incomplete, or has no weights in safetensors or no "
            "tokenizer. Choose another model."
        )
    progress(stage, 1.0)
    return folder


class _Said:
    """What the child says, a line each: `fraction 0.5`, or `problem ...`."""

    def __init__(self) -> None:
        self.fraction: float = 0.0
        self.problem = ""

    def read(self, lines: Iterable[str]) -> None:
        for line in lines:
            kind, _, rest = line.strip().partition(" ")
            if kind == "fraction":
                with contextlib.suppress(ValueError):
                    self.fraction = max(self.fraction, float(rest))  # the total grows while files are found
            elif kind == "problem":
                self.problem = rest


def in_words(title: str, source: HubSource, error: Exception) -> str:
    """Why the hub did not give it, and what to do."""
    if isinstance(error, GatedRepoError):
        return (
            f"{title}: the hub asks you to accept the licence of {source.repo} first. Accept it on the hub's page of "
            "the model, log in on the machine that serves this page with `hf auth login`, and try again."
        )
    if isinstance(error, RevisionNotFoundError):
        return f"{title}: {source.repo} has no commit {source.revision[:12]} any more. Choose another model."
    if isinstance(error, RepositoryNotFoundError):
        return f"{title}: the hub has no {source.repo}, or it requires an account. Choose another model."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{title}: the disk of {hub_cache()} is full. Free some space and fetch it again: what came is kept."
    if proxy := proxy_problem(str(error)):
        return f"{title} is not on this machine. {proxy}"
    status = (
        getattr(getattr(error, "response", None), "status_code", None) if isinstance(error, HfHubHTTPError) else None
    )
    why = f"it answered {status}" if status else type(error).__name__
    return (
        f"{title} is not on this machine and the Hugging Face hub cannot be reached ({why}). "
        "Connect to the network and try again, or choose a model that is here."
    )
