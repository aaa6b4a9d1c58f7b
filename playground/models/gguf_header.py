"""The header of a GGUF file, read in milliseconds; `gguf.GGUFReader` takes seconds for a large vocabulary.

Format: github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little endian.
"""

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

from playground.errors import PlaygroundError

__all__ = ["GgufHeader", "GgufTensor", "read_gguf_header"]

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
_MAX_ITEMS = 10_000_000
_MAX_TEXT_BYTES = 100_000_000


@dataclass(frozen=True)
class GgufTensor:
    """One tensor: its shape as stored (innermost first) and the name of its type, such as `Q4_1`."""

    name: str
    shape: tuple[int, ...]
    type: str


@dataclass(frozen=True)
class GgufHeader:
    """Single values of the metadata (arrays are skipped) and the tensors."""

    metadata: dict[str, Any]
    tensors: tuple[GgufTensor, ...]

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(math.prod(tensor.shape) for tensor in self.tensors)

    @property
    def file_type(self) -> str:
        """The type that holds most of the weights."""
        totals: dict[str, int] = {}
        for tensor in self.tensors:
            totals[tensor.type] = totals.get(tensor.type, 0) + math.prod(tensor.shape)
        return max(totals, key=totals.__getitem__, default="F32")

    @property
    def context_length(self) -> int | None:
        """The most positions the model was made for, if the file says."""
        return self.metadata.get(f"{self.metadata.get('general.architecture')}.context_length")


def read_gguf_header(path: Path) -> GgufHeader:
    """Metadata and tensors of a GGUF file; every tensor must lie inside the file.

    Raises:
        PlaygroundError: The file is no GGUF file, or is cut short.
    """
    try:
        with path.open("rb") as file:
            return _read(file, path.stat().st_size)
    except OSError as error:
        raise PlaygroundError(f"{path} cannot be read: {error.strerror}.") from None
    except (struct.error, UnicodeDecodeError, KeyError, ValueError, OverflowError, RecursionError) as error:
        raise PlaygroundError(
            f"{path} is no whole GGUF file ({error}). It may be cut short: fetch or copy it again."
        ) from None


def _read(file: BinaryIO, size: int) -> GgufHeader:
    if file.read(4) != b"GGUF":
        raise ValueError("it does not begin with GGUF")
    version = _scalar(file, "<I")
    if version not in (2, 3):
        raise ValueError(f"version {version} is not known; 2 and 3 are")
    tensor_count, pair_count = _count(file), _count(file)
    metadata = {}
    for _ in range(pair_count):
        key = _text(file)
        metadata[key] = _value(file, _scalar(file, "<I"))
    tensors, end = [], 0
    for _ in range(tensor_count):
        tensor, tensor_end = _tensor(file)
        tensors.append(tensor)
        end = max(end, tensor_end)
    alignment = int(metadata.get("general.alignment", 32))
    data_start = -(-file.tell() // alignment) * alignment
    if size < data_start + end:
        raise ValueError(f"it should have {data_start + end:,} bytes and has {size:,}")
    return GgufHeader(metadata, tuple(tensors))


def _tensor(file: BinaryIO) -> tuple[GgufTensor, int]:
    """A tensor's entry, and where its data ends, counted from the start of the data."""
    name = _text(file)
    dimensions = _scalar(file, "<I")
    if dimensions > 8:
        raise ValueError(f"tensor {name!r} has {dimensions} dimensions")
    shape = tuple(_scalar(file, "<Q") for _ in range(dimensions))
    kind = GGMLQuantizationType(_scalar(file, "<I"))
    offset = _scalar(file, "<Q")
    block, block_bytes = GGML_QUANT_SIZES[kind]
    return GgufTensor(name, shape, kind.name), offset + math.prod(shape) // block * block_bytes


def _value(file: BinaryIO, kind: int) -> Any:
    """A metadata value; arrays are read over and given as None."""
    if kind == _STRING:
        return _text(file)
    if kind != _ARRAY:
        return _scalar(file, _SCALARS[kind])
    inner, count = _scalar(file, "<I"), _count(file)
    if inner in _SCALARS:
        file.seek(count * struct.calcsize(_SCALARS[inner]), 1)
        return None
    for _ in range(count):
        _value(file, inner)
    return None


def _scalar(file: BinaryIO, form: str) -> Any:
    return struct.unpack(form, file.read(struct.calcsize(form)))[0]


def _count(file: BinaryIO) -> int:
    count = _scalar(file, "<Q")
    if count > _MAX_ITEMS:
        raise ValueError(f"a count of {count:,} is not credible")
    return count


def _text(file: BinaryIO) -> str:
    length = _scalar(file, "<Q")
    if length > _MAX_TEXT_BYTES:
        raise ValueError(f"a text of {length:,} bytes is not credible")
    raw = file.read(length)
    if len(raw) < length:
        raise ValueError("it ends inside a text")
    return raw.decode("utf-8", errors="replace")
