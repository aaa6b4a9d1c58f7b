"""The models on offer: `presets/models.yaml`, and the folders and files that the operator names. No torch here."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from playground.errors import PlaygroundError, nearest
from playground.models.checks import check_folder, folder_headers, read_json
from playground.models.gguf_header import read_gguf_header
from playground.models.positions import positions

_MAX_FILE_BYTES = 1_000_000
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class WheelSource(_Strict):
    """A GGUF file inside a Python wheel, so it comes from wherever pip gets its packages."""

    kind: Literal["wheel"]
    requirement: str = Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9._]+$")
    wheel_bytes: int = Field(gt=0)
    wheel_sha256: _Sha256
    file: str = Field(pattern=r"^[A-Za-z0-9_./-]+\.gguf$")
    file_sha256: _Sha256
    file_type: str


class HubSource(_Strict):
    """A repository of the Hugging Face hub at one commit."""

    kind: Literal["hub"]
    repo: str = Field(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$")
    revision: str = Field(pattern=r"^[0-9a-f]{40}$")


class FolderSource(_Strict):
    """A local folder of safetensors."""

    kind: Literal["folder"]
    path: Path


class GgufSource(_Strict):
    """A local GGUF file."""

    kind: Literal["gguf"]
    path: Path


Source = Annotated[WheelSource | HubSource | FolderSource | GgufSource, Field(discriminator="kind")]


class ModelEntry(_Strict):
    """A model on offer: where it comes from and what is known before it is fetched."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)
    title: str = Field(min_length=1, max_length=100)
    source: Source
    licence: str
    parameters: int = Field(gt=0)
    context_length: int | None = Field(gt=0)  # None: a local model that does not state it
    about: str


_ENTRIES = TypeAdapter(list[ModelEntry])


@dataclass(frozen=True)
class Catalogue:
    """The models on offer; the first is the default."""

    entries: tuple[ModelEntry, ...]

    @classmethod
    def load(cls, presets_dir: Path, extra_paths: Sequence[Path] = ()) -> "Catalogue":
        """The shipped models, and one entry for each folder or GGUF file that the operator names.

        Raises:
            PlaygroundError: The file is wrong (it names file and key), or a path holds no model.
        """
        entries = _read(presets_dir / "models.yaml")
        for path in extra_paths:
            entries.append(local_entry(path, taken={entry.id for entry in entries}))
        return cls(tuple(entries))

    @property
    def default(self) -> ModelEntry:
        """The default model."""
        return self.entries[0]

    def find(self, model_id: str) -> ModelEntry:
        """The entry with this id. A path is not an id: only the operator adds paths, when the app starts.

        Raises:
            PlaygroundError: There is no such model.
        """
        for entry in self.entries:
            if entry.id == model_id:
                return entry
        ids = [entry.id for entry in self.entries]
        shown = model_id if len(model_id) <= 80 else model_id[:77] + "..."
        if any(mark in model_id for mark in ("/", "\\", "~")) or model_id.startswith("."):
            raise PlaygroundError(
                f"{shown!r} is a path or a hub name, not a model of the catalogue ({', '.join(ids)}). "
                "A folder or GGUF file must be named when the app is started."
            )
        raise PlaygroundError(f"Unknown model {shown!r}: {nearest(model_id, ids)}")


def _read(path: Path) -> list[ModelEntry]:
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise PlaygroundError(f"{path} has more than {_MAX_FILE_BYTES:,} bytes; a catalogue is small.")
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise PlaygroundError(f"{path} cannot be read: {' '.join(str(error).split())}.") from None
    try:
        entries = _ENTRIES.validate_python(data)
    except ValidationError as error:
        raise PlaygroundError(f"{path}: {_sentence(data, error.errors()[0])}") from None
    ids = [entry.id for entry in entries]
    double = next((i for i in ids if ids.count(i) > 1), None)
    if double or not entries:
        raise PlaygroundError(f"{path}: {f'id {double!r} appears twice' if double else 'it holds no model'}.")
    return entries


def _sentence(data: Any, item: Any) -> str:
    """The first error as a sentence: which model, which key, what is wrong."""
    place = [str(part) for part in item["loc"]]
    index = int(place[0]) if place and place[0].isdigit() else None
    model = data[index].get("id", f"number {index + 1}") if index is not None and isinstance(data[index], dict) else "?"
    key = ".".join(p for p in place[1:] if p not in ("wheel", "hub", "folder", "gguf"))
    if item["type"] == "extra_forbidden":
        fields = _fields(place)
        return f"model {model!r} has the unknown key {key!r}: {nearest(place[-1], fields)}"
    return f"model {model!r}, key {key or 'source'!r}: {item['msg'][0].lower()}{item['msg'][1:]}."


def _fields(place: list[str]) -> list[str]:
    kinds = {"wheel": WheelSource, "hub": HubSource, "folder": FolderSource, "gguf": GgufSource}
    inside = next((kinds[p] for p in place if p in kinds), ModelEntry)
    return list(inside.model_fields)


def local_entry(path: Path, *, taken: set[str]) -> ModelEntry:
    """An entry for a folder of safetensors or a GGUF file; its id is the file's name.

    Raises:
        PlaygroundError: There is no model that can be loaded.
    """
    path = path.expanduser().resolve()
    if path.is_file() and path.suffix.lower() == ".gguf":
        header = read_gguf_header(path)
        kind, parameters, context = "gguf", header.parameters, header.context_length
    elif path.is_dir():
        check_folder(path)
        config = read_json(path / "config.json")
        kind, parameters, context = "folder", _count_parameters(path), _context_length(config)
    else:
        what = "is neither a folder nor a .gguf file" if path.exists() else "does not exist"
        raise PlaygroundError(f"{path} {what}: name a folder that holds model.safetensors, or a GGUF file.")
    return ModelEntry.model_validate(
        {
            "id": _free_id(path.stem if kind == "gguf" else path.name, taken),
            "title": path.name[:100],
            "source": {"kind": kind, "path": path},
            "licence": "your own file",
            "parameters": max(parameters, 1),
            "context_length": context,
            "about": f"Your own {'GGUF file' if kind == 'gguf' else 'folder'}.",
        }
    )


def _count_parameters(folder: Path) -> int:
    return sum(math.prod(info["shape"]) for header in folder_headers(folder) for info in header.values())


def _context_length(config: dict[str, Any]) -> int | None:
    return positions((config.get("text_config") or config).get)


def _free_id(name: str, taken: set[str]) -> str:
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:90] or "model"
    names = [base, *(f"{base}-{n}" for n in range(2, 1000))]
    return next(n for n in names if n not in taken)
