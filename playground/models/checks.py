"""Files are checked before a library reads them: safe formats only, nothing cut short. No torch here."""

import json
import struct
from pathlib import Path
from typing import Any

from playground.errors import PlaygroundError

__all__ = ["check_folder", "read_json", "safetensors_files", "safetensors_header"]

_DTYPE_BYTES = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2}
_MAX_HEADER_BYTES = 100_000_000
_CODE_KEY = "auto_map"  # names Python files of the model's author, which transformers would run


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        PlaygroundError: It cannot be read or is no JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise PlaygroundError(f"{path} cannot be read as JSON: {error}.") from None
    if not isinstance(value, dict):
        raise PlaygroundError(f"{path} must hold a JSON object; it holds a {type(value).__name__}.")
    return value


def check_folder(folder: Path) -> None:
    """Refuse a model folder that is unsafe or broken.

    Raises:
        PlaygroundError: No config, no safetensors, a broken one, or code of the model's author.
    """
    if not (folder / "config.json").is_file():
        raise PlaygroundError(f"{folder} holds no model: config.json is missing.")
    for name in ("config.json", "tokenizer_config.json", "processor_config.json"):
        if (folder / name).is_file() and _CODE_KEY in read_json(folder / name):
            raise PlaygroundError(
                f"{folder / name} asks to run the model author's own code ({_CODE_KEY!r}), which is never done here. "
                "Choose a model that transformers knows by itself."
            )
    for file in safetensors_files(folder):
        safetensors_header(file)


def safetensors_files(folder: Path) -> list[Path]:
    """The weight files of a folder, by its index if it has one.

    Raises:
        PlaygroundError: There is none, or one that the index names is missing.
    """
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        names = sorted(set(map(str, read_json(index).get("weight_map", {}).values())))
        missing = [n for n in names if Path(n).name != n or not (folder / n).is_file()]
        if missing or not names:
            raise PlaygroundError(f"{folder} is incomplete: {', '.join(missing) or 'weights'} missing. Fetch it again.")
        return [folder / name for name in names]
    if (folder / "model.safetensors").is_file():
        return [folder / "model.safetensors"]
    others = sorted(p.name for p in folder.iterdir() if p.suffix in (".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack"))
    if others:
        raise PlaygroundError(
            f"{folder} holds its weights only as {others[0]}, a format that can run code when it is read. "
            "Only safetensors and GGUF are loaded: convert it, or choose a model that ships model.safetensors."
        )
    raise PlaygroundError(f"{folder} holds no weights: model.safetensors is missing.")


def safetensors_header(path: Path) -> dict[str, dict[str, Any]]:
    """Name -> dtype, shape and data_offsets of a safetensors file, its length checked against them.

    Raises:
        PlaygroundError: The file is cut short, or is no safetensors file.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(_MAX_HEADER_BYTES, size - 8):
            raise _broken(path, "its header does not fit the file")
        raw = file.read(length)
    try:
        header = json.loads(raw)
        header.pop("__metadata__", None)
        ends = [_tensor_end(info) for info in header.values()]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise _broken(path, "its header cannot be read") from None
    expected = 8 + length + max(ends, default=0)
    if size != expected:
        raise _broken(path, f"it should have {expected:,} bytes and has {size:,}")
    return header


def _tensor_end(info: dict[str, Any]) -> int:
    """Where a tensor's data ends; its extent must match its shape."""
    begin, end = info["data_offsets"]
    count = 1
    for length in info["shape"]:
        count *= length
    wide = _DTYPE_BYTES.get(info["dtype"])
    if begin < 0 or end < begin or (wide is not None and end - begin != count * wide):
        raise ValueError("extent")
    return end


def _broken(path: Path, why: str) -> PlaygroundError:
    return PlaygroundError(f"{path} is broken or cut short: {why}. Delete it and fetch the model again.")
