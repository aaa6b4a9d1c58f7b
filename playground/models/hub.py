"""A model of the Hugging Face hub at one commit: safetensors and text files only, in the hub's own cache."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from huggingface_hub import snapshot_download
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError
from tqdm.auto import tqdm

from playground.errors import PlaygroundError
from playground.models.catalogue import HubSource
from playground.models.checks import check_folder
from playground.models.proxy import proxy_problem

Progress = Callable[[str, float | None], None]
PATTERNS = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja"]
_NOT_WANTED = ["*/*"]  # exports for other programs are in folders: onnx/, runs/...


def hub_folder(source: HubSource) -> Path | None:
    """The snapshot on this machine, if complete."""
    try:
        folder = Path(snapshot_download(source.repo, revision=source.revision, local_files_only=True))
        check_folder(folder)
    except (LocalEntryNotFoundError, PlaygroundError, OSError, ValueError):
        return None
    return folder if any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model")) else None


def fetch_hub(title: str, source: HubSource, progress: Progress) -> Path:
    """Download the snapshot; files that are already here are kept.

    Raises:
        PlaygroundError: The hub cannot be reached, refuses, or its files cannot be loaded safely.
    """
    stage = f"Fetching {title}"
    progress(stage, 0.0)
    try:
        with _silent():
            folder = snapshot_download(
                source.repo,
                revision=source.revision,
                allow_patterns=PATTERNS,
                ignore_patterns=_NOT_WANTED,
                tqdm_class=_bar(lambda fraction: progress(stage, fraction)),
            )
    except GatedRepoError:
        raise PlaygroundError(f"{title}: the hub asks you to accept the licence of {source.repo} first.") from None
    except RepositoryNotFoundError:
        raise PlaygroundError(f"{title}: the hub has no {source.repo}, or it requires an account.") from None
    except (HfHubHTTPError, LocalEntryNotFoundError, httpx.HTTPError, OSError, ValueError, ImportError) as error:
        if proxy := proxy_problem(str(error)):
            raise PlaygroundError(f"{title} is not on this machine. {proxy}") from None
        raise PlaygroundError(
            f"{title} is not on this machine and the Hugging Face hub cannot be reached ({type(error).__name__}). "
            "Connect to the network and try again, or choose a model that is here."
        ) from None
    check_folder(Path(folder))
    return Path(folder)


@contextmanager
def _silent() -> Iterator[None]:
    """The hub's library warns at every try; our error says it once at the end."""
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _bar(report: Callable[[float], None]) -> type[Any]:
    """A progress bar that draws nothing and reports the share of bytes."""

    class Reporting(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)  # the hub's bar has it
            kwargs["disable"] = False
            super().__init__(*args, **kwargs)

        def display(self, *_args: Any, **_kwargs: Any) -> None:
            if self.unit == "B" and self.total:
                report(min(self.n / self.total, 1.0))

    return Reporting
