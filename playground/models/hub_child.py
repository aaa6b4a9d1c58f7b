"""Downloads a snapshot of the hub, and says on standard output how far it is: the process that `fetch_hub` starts."""

import contextlib
import logging
import sys
import time
from typing import Any

from huggingface_hub import snapshot_download
from huggingface_hub.file_download import repo_folder_name
from tqdm.auto import tqdm

from playground.models.catalogue import HubSource
from playground.models.hub import NOT_WANTED, PATTERNS, ask_hub, hub_cache, in_words

_LEFT_S = 600  # a part that grows no more: another program may fetch the same model now


def _bar(expected: int | None) -> type[Any]:
    """A progress bar that draws nothing and prints the share of all bytes; its own total grows with every file."""

    return type("Bar", (_Bar,), {"whole": expected})


class _Bar(tqdm):
    whole: int | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.pop("name", None)  # the hub's bar has it
        kwargs["disable"] = False
        super().__init__(*args, **kwargs)

    def display(self, *_args: Any, **_kwargs: Any) -> None:
        total = self.whole or self.total
        if self.unit == "B" and total:
            print(f"fraction {min(self.n / total, 1.0):.4f}", flush=True)


def _sweep(repo: str) -> None:
    """Remove parts of files that a stopped fetch left: the hub's library begins such a file again, under a new name."""
    for part in (hub_cache() / repo_folder_name(repo_id=repo, repo_type="model") / "blobs").glob("*.incomplete"):
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > _LEFT_S:
                part.unlink()


def main(title: str, repo: str, revision: str, size: str) -> int:
    """Fetch it, of this many bytes if that is known; the exit status."""
    logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)  # it warns at every try; we say it once
    source = HubSource(kind="hub", repo=repo, revision=revision)
    try:
        _sweep(repo)
        bar = _bar(int(size) if size else ask_hub(source).size_bytes)
        snapshot_download(repo, revision=revision, allow_patterns=PATTERNS, ignore_patterns=NOT_WANTED, tqdm_class=bar)
    except Exception as error:  # a download can fail in any way
        print(f"problem {' '.join(in_words(title, source, error).split())}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
