"""A model folder is checked before a library reads it: safe formats only, no truncated files, no absurd values.

No torch here.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playground.errors import PlaygroundError
from playground.models.safetensors_header import safetensors_header

_CODE_KEY = "auto_map"  # names Python files of the model's author, which transformers would run
_INDEX = "model.safetensors.index.json"
_SHARD = re.compile(r"model-\d+-of-(\d+)\.safetensors")
# Counts of parts in a config, each of which would be built before any weight is read.
_PARTS = re.compile(r"(num|n)_(\w+_)?(layers?|blocks|experts|labels)|depth")
_INNER = ("text_config", "quantization_config", "vision_config", "audio_config", "rope_parameters", "rope_scaling")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        PlaygroundError: It cannot be read or is not a JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise PlaygroundError(f"{path} cannot be read as JSON: {error}.") from None
    if not isinstance(value, dict):
        raise PlaygroundError(f"{path} must hold a JSON object; it holds a {type(value).__name__}.")
    return value


def check_folder(folder: Path) -> None:
    """Reject a model folder that is unsafe, broken or not a model.

    Raises:
        PlaygroundError: No config, no safetensors, a broken file, an adapter, or code of the model's author.
    """
    if (folder / "adapter_config.json").is_file():
        raise PlaygroundError(_adapter(folder))
    if not (folder / "config.json").is_file():
        raise PlaygroundError(f"{folder} holds no model: config.json is missing.")
    for name in ("config.json", "tokenizer_config.json", "processor_config.json"):
        if (folder / name).is_file() and _CODE_KEY in read_json(folder / name):
            raise PlaygroundError(
                f"{folder / name} asks to run the model author's code ({_CODE_KEY!r}), which is never done here.  "
                "Choose a model that transformers knows by itself."
            )
    config = read_json(folder / "config.json")
    _check_types(folder / "config.json", config)
    shapes = [info["shape"] for header in folder_headers(folder) for info in header.values()]
    # Every part has its tensor, or is a row of one that holds them all.
    most = max([len(shapes), *(length for shape in shapes for length in shape)])
    for key, count in _counts(config):
        if count > most:
            raise PlaygroundError(
                f"{folder / 'config.json'}: {key} is {str(count)[:30]}, and the weights have at most {most:,} parts: "
                "config and weights do not match. Fetch both again."
            )


def _adapter(folder: Path) -> str:
    base = read_json(folder / "adapter_config.json").get("base_model_name_or_path")
    named = f" for the model {base[:200]!r}" if isinstance(base, str) and base else ""
    return (
        f"{folder} holds an adapter{named}, not a whole model. Choose the base model itself, or merge the adapter into "
        "it with peft (`merge_and_unload`, then `save_pretrained`) and name the folder of the result."
    )


def _check_types(path: Path, config: dict[str, Any]) -> None:
    """Check the types of parts that are read before transformers checks them."""
    for key in _INNER:
        if not isinstance(config.get(key), dict | None):
            raise PlaygroundError(f"{path}: {key} must be an object; it is a {type(config[key]).__name__}.")
    weights = config.get("transformers_weights")
    if weights not in (None, "model.safetensors"):  # transformers would read it instead of the checked file
        raise PlaygroundError(f"{path} names {str(weights)[:100]!r} as its weights; only model.safetensors is read.")
    packed = config.get("quantization")
    if (
        isinstance(packed, dict)
        and "bits" in packed
        and not (config.get("quantization_config") or {}).get("quant_method")
    ):
        raise PlaygroundError(
            f"{path.parent} is packed to {str(packed['bits'])[:10]} bits for Apple's MLX, which only MLX reads. "
            "Choose the model's original weights: the quantization menu packs them here."
        )


def _counts(config: dict[str, Any], depth: int = 3) -> Iterator[tuple[str, int]]:
    for key, value in config.items():
        if isinstance(value, dict) and depth:
            yield from _counts(value, depth - 1)
        elif isinstance(value, int) and _PARTS.fullmatch(key):
            yield key, value


def folder_headers(folder: Path) -> list[dict[str, dict[str, Any]]]:
    """The header of each weight file.

    Raises:
        PlaygroundError: A file is missing, broken, or has no tensors.
    """
    headers = [safetensors_header(file) for file in safetensors_files(folder)]
    if not any(headers):
        raise PlaygroundError(f"{folder} holds no weights: its safetensors files are empty. Fetch the model again.")
    return headers


def safetensors_files(folder: Path) -> list[Path]:
    """The weight files of a folder, by its index if it has one.

    Raises:
        PlaygroundError: There is no such file, one in the index is missing, or there are two sets.
    """
    index, single = folder / _INDEX, folder / "model.safetensors"
    if index.is_file():
        files = _indexed(folder, read_json(index).get("weight_map"))
        if single.is_file() and files != [single]:  # transformers would read the former, and the index names the latter
            raise PlaygroundError(
                f"{folder} holds two sets of weights, model.safetensors and those of {_INDEX}: delete one of them."
            )
        return files
    if single.is_file():
        return [single]
    raise PlaygroundError(_no_weights(folder))


def _indexed(folder: Path, weight_map: Any) -> list[Path]:
    if not isinstance(weight_map, dict) or not all(isinstance(name, str) for name in weight_map.values()):
        raise PlaygroundError(f"{folder / _INDEX}: weight_map must name a file for each weight. Fetch it again.")
    names = sorted(set(weight_map.values()))
    missing = [n for n in names if Path(n).name != n or not n.endswith(".safetensors") or not (folder / n).is_file()]
    if missing or not names:
        shown = ", ".join(name[:100] for name in missing[:5]) or "weights"
        raise PlaygroundError(f"{folder} is incomplete: {shown} missing. Fetch it again.")
    return [folder / name for name in names]


def _no_weights(folder: Path) -> str:
    """What the folder holds instead of loadable weights, and what to do."""
    names = sorted(path.name for path in folder.iterdir())
    shards = [match for name in names if (match := _SHARD.fullmatch(name))]
    if shards:
        return (
            f"{folder} holds {len(shards)} of {int(shards[0][1])} shards, and {_INDEX}, which lists their contents, is "
            "missing: fetch the whole model again."
        )
    risky = [name for name in names if Path(name).suffix in (".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack")]
    if risky:
        return (
            f"{folder} holds its weights only as {risky[0]}, a format that can run code when it is read. "
            "Only safetensors and GGUF are loaded: convert it, or choose a model that ships model.safetensors."
        )
    files = [name for name in names if name.lower().endswith(".gguf")]
    if files:
        return f"{folder} is a folder with a GGUF file: name the file itself, {files[0]}."
    return f"{folder} holds no weights: model.safetensors is missing."
