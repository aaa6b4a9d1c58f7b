"""Files that people keep: written whole or not at all, and on the disk before anybody hears that they are saved."""

import contextlib
import errno
import os
import secrets
from pathlib import Path

import psutil

from playground.errors import PlaygroundError
from playground.files import file_failure

_MARK = ".playground-"  # begins the name of a temporary file; the process that writes it follows
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}  # of a folder, on file systems that can't


def write_atomic(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all: if anything fails, the old file is unchanged.

    Removes what a writer that was killed has left in the folder.

    Raises:
        PlaygroundError: The disk is full, the folder missing or read-only, or the path is not a regular file.
    """
    try:
        if path.exists() and not path.is_file():
            raise PlaygroundError(f"Cannot write {str(path)!r}: it is not a file; name a file.")
        sweep(path.parent)
        _replace(path, data)
    except (OSError, ValueError) as error:
        raise file_failure("write", path, error) from None


def sweep(folder: Path) -> None:
    """Removes temporary files of processes that are gone; leaves what it can't read or remove."""
    with contextlib.suppress(OSError):
        for left in folder.glob(f"{_MARK}*.tmp"):
            process = left.name.removeprefix(_MARK).partition("-")[0]
            if process.isdecimal() and not psutil.pid_exists(int(process)):
                with contextlib.suppress(OSError):
                    left.unlink()


def sync_file(path: Path) -> None:
    """The file's content is on the disk when this returns."""
    handle = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """The names in the folder are on the disk when this returns; Windows has no such call."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)


def _replace(path: Path, data: bytes) -> None:
    """Temporary file in the same folder, flushed to the disk, then renamed over the old one."""
    temporary = path.parent / f"{_MARK}{os.getpid()}-{secrets.token_hex(6)}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    handle = os.open(temporary, flags, 0o600)
    try:
        try:
            _write_all(handle, data)
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def _write_all(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]
