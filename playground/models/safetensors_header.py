"""The header of a safetensors file, every value checked before it is used. No torch here.

Format: github.com/huggingface/safetensors#format.
"""

import json
import math
import struct
from pathlib import Path
from typing import Any

from playground.errors import PlaygroundError

_DTYPE_BYTES = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2}
_DTYPE_BYTES |= {"I8": 1, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1}
_MAX_HEADER_BYTES = 100_000_000
_MAX_DIMENSIONS = 8


def safetensors_header(path: Path) -> dict[str, dict[str, Any]]:
    """Name -> dtype, shape and data_offsets of a safetensors file, its length checked against them.

    Raises:
        PlaygroundError: The file is cut short, or is not a safetensors file.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= length <= min(_MAX_HEADER_BYTES, size - 8):
                raise _broken(path, "its header does not fit the file")
            raw = file.read(length)
    except OSError as error:
        raise PlaygroundError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        header = json.loads(raw)
        header.pop("__metadata__", None)
        ends = [_tensor_end(info, size) for info in header.values()]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise _broken(path, "its header cannot be read") from None
    expected = 8 + length + max(ends, default=0)
    if size != expected:
        raise _broken(path, f"it should have {expected:,} bytes and has {size:,}")
    return header


def _tensor_end(info: dict[str, Any], size: int) -> int:
    """Where a tensor's data ends; its extent must match its shape."""
    (begin, end), shape, dtype = info["data_offsets"], info["shape"], info["dtype"]
    numbers = [begin, end, *shape] if isinstance(shape, list) and len(shape) <= _MAX_DIMENSIONS else [None]
    if not isinstance(dtype, str) or not all(type(n) is int and 0 <= n <= size for n in numbers):
        raise ValueError("values")
    wide = _DTYPE_BYTES.get(dtype)
    if end < begin or (wide is not None and end - begin != math.prod(shape) * wide):
        raise ValueError("extent")
    return end


def _broken(path: Path, why: str) -> PlaygroundError:
    return PlaygroundError(f"{path} is broken or cut short: {why}. Delete it and fetch the model again.")
