"""The header of a GGUF file, read in milliseconds; `gguf.GGUFReader` takes seconds for a large vocabulary.

Format: github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little endian. Every length is checked
against the file before it is used, so a corrupt header allocates nothing.
"""

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

from playground.errors import PlaygroundError
from playground.models.gguf_schema import check_metadata

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
_MAX_ITEMS = 10_000_000
_MAX_DIMENSIONS = 4  # ggml's own limit
_KEPT_NUMBERS = 4096  # longer arrays belong to the vocabulary


@dataclass(frozen=True)
class GgufTensor:
    """One tensor: shape as stored (innermost first), the name of its type, such as `Q4_1`, and its byte range."""

    name: str
    shape: tuple[int, ...]
    type: str
    offset: int


@dataclass(frozen=True)
class GgufHeader:
    """Metadata and tensors. Short arrays of numbers are tuples; all other arrays are skipped and None."""

    metadata: dict[str, Any]
    tensors: tuple[GgufTensor, ...]

    @property
    def architecture(self) -> str:
        """llama.cpp's name of the architecture; the model's metadata keys begin with it."""
        return self.metadata["general.architecture"]

    @property
    def own(self) -> dict[str, Any]:
        """The metadata of the architecture, without the prefix."""
        prefix = f"{self.architecture}."
        return {k.removeprefix(prefix): v for k, v in self.metadata.items() if k.startswith(prefix)}

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
        return self.own.get("context_length")

    def read_vector(self, path: Path, name: str) -> np.ndarray | None:
        """The numbers of a small F32 tensor; None where the file has no such tensor.

        Raises:
            PlaygroundError: It is not a list of positive F32 numbers.
        """
        found = next((tensor for tensor in self.tensors if tensor.name == name), None)
        if found is None:
            return None
        if found.type == "F32" and len(found.shape) == 1:
            values = np.fromfile(path, dtype="<f4", count=found.shape[0], offset=found.offset)
            if len(values) == found.shape[0] and bool((np.isfinite(values) & (values > 0)).all()):
                return values
        raise PlaygroundError(f"{path.name}: the tensor {name} must be a list of positive F32 numbers.")


def read_gguf_header(path: Path) -> GgufHeader:
    """Metadata and tensors of a GGUF file; every tensor must lie inside the file.

    Raises:
        PlaygroundError: It is not a GGUF file, is cut short, is a part or an adapter, or its values make no sense.
    """
    try:
        with path.open("rb") as file:
            header = _read(file, path.stat().st_size)
    except OSError as error:
        raise PlaygroundError(f"{path} cannot be read: {error.strerror}.") from None
    except (struct.error, UnicodeDecodeError, KeyError, ValueError, OverflowError, RecursionError) as error:
        raise PlaygroundError(
            f"{path} is not a whole GGUF file ({error}). It may be cut short: fetch or copy it again."
        ) from None
    check_metadata(path, header.metadata, [tensor.shape for tensor in header.tensors])
    return header


def _read(file: BinaryIO, size: int) -> GgufHeader:
    if file.read(4) != b"GGUF":
        raise ValueError("it does not begin with GGUF")
    version = _scalar(file, "<I")
    if version not in (2, 3):
        raise ValueError(f"version {version} is not known; 2 and 3 are")
    tensor_count, pair_count = _count(file), _count(file)
    metadata: dict[str, Any] = {}
    for _ in range(pair_count):
        key = _text(file)
        if key in metadata:
            raise ValueError(f"the key {key[:80]!r} appears twice")
        metadata[key] = _value(file, _scalar(file, "<I"))
    alignment = metadata.get("general.alignment", 32)
    if type(alignment) is not int or alignment <= 0 or alignment % 8:
        raise ValueError(f"general.alignment is {alignment!r}; it must be a multiple of 8")
    entries = [_tensor(file, size) for _ in range(tensor_count)]
    if len({tensor.name for tensor, _ in entries}) < len(entries):
        raise ValueError("two tensors have the same name")
    data_start = -(-file.tell() // alignment) * alignment
    end = data_start + max((tensor.offset + nbytes for tensor, nbytes in entries), default=0)
    if size < end:
        raise ValueError(f"it should have {end:,} bytes and has {size:,}")
    return GgufHeader(metadata, tuple(GgufTensor(t.name, t.shape, t.type, data_start + t.offset) for t, _ in entries))


def _tensor(file: BinaryIO, size: int) -> tuple[GgufTensor, int]:
    """A tensor's entry, its offset counted from the start of the data, and the bytes it takes."""
    name = _text(file)
    dimensions = _scalar(file, "<I")
    if not 1 <= dimensions <= _MAX_DIMENSIONS:
        raise ValueError(f"tensor {name[:80]!r} has {dimensions} dimensions; 1 to {_MAX_DIMENSIONS} are allowed")
    shape = tuple(_scalar(file, "<Q") for _ in range(dimensions))
    kind = GGMLQuantizationType(_scalar(file, "<I"))
    offset = _scalar(file, "<Q")
    block, block_bytes = GGML_QUANT_SIZES[kind]
    nbytes = math.prod(shape) // block * block_bytes
    if not all(shape) or shape[0] % block or nbytes > size:
        raise ValueError(f"tensor {name[:80]!r} of type {kind.name} can't have the shape {list(shape)}")
    return GgufTensor(name, shape, kind.name, offset), nbytes


def _value(file: BinaryIO, kind: int) -> Any:
    """A metadata value; a short array of numbers is a tuple, any other is skipped and returned as None."""
    if kind == _STRING:
        return _text(file)
    if kind != _ARRAY:
        return _scalar(file, _SCALARS[kind])
    inner, count = _scalar(file, "<I"), _count(file)
    if inner in _SCALARS and count <= _KEPT_NUMBERS:
        return tuple(_scalar(file, _SCALARS[inner]) for _ in range(count))
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
    raw = file.read(min(length, 2**31))
    if len(raw) < length:
        raise ValueError("it ends inside a string")
    return raw.decode("utf-8", errors="replace")
