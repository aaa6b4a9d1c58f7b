"""What no command expected: one line for the person, the details in a log file."""

import os
import time
import traceback
from contextlib import suppress
from pathlib import Path

from playground.paths import data_dir

_MOST_BYTES = 500_000  # a longer log becomes the old one, which is dropped


def unexpected(error: BaseException) -> str:
    """One line about an error that is not in words, its details in a log; with `PLAYGROUND_DEBUG` it is raised.

    Out of memory and too deep a nesting are said in words.
    """
    if os.environ.get("PLAYGROUND_DEBUG"):
        raise error
    log = data_dir() / "errors.log"
    try:
        _append(log, "".join(traceback.format_exception(error)))
        details = f"The details are in {log}."
    except OSError:
        details = "Set PLAYGROUND_DEBUG=1 and run again to see the details."
    return f"{_said(error)} {details}"


def _said(error: BaseException) -> str:
    kind = type(error).__name__
    if isinstance(error, MemoryError) or kind == "OutOfMemoryError":  # torch's, without importing torch
        return "Memory ran out: choose a smaller model, int8 or int4, a shorter context or fewer rows."
    if isinstance(error, RecursionError):
        return "A file or an argument is nested too deeply."
    why = " ".join(str(error).split())[:200]
    return f"An unexpected error: {kind}{f': {why}' if why else ''}."


def _append(log: Path, text: str) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if log.stat().st_size > _MOST_BYTES:
            log.replace(log.with_suffix(".old.log"))
    with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}\n{text[-_MOST_BYTES:]}\n")
