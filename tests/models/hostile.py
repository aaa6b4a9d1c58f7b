"""Files made to do harm, and what loading each of them came to. Run as a process with its memory limited."""

import json
import resource
import shutil
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gguf import GGUFWriter

from playground.errors import PlaygroundError
from playground.models.catalogue import local_entry
from playground.models.loading import estimate, load, menu
from tests.tiny import tiny_folder, tiny_gguf

MOST_BYTES = 8 * 2**30
NAN, INF = float("nan"), float("inf")
CONFIGS: dict[str, list[Any]] = {
    "num_hidden_layers": [10**9, -1, "2", [2], 2.5, INF],
    "hidden_size": [10**8, 0, -64, "64", 10**30, INF],
    "vocab_size": [10**9, -1, "x", 0, 10**7],
    "num_attention_heads": [0, 10**9, "4"],
    "num_key_value_heads": [0, 10**9, "x"],
    "head_dim": [10**7, 0],
    "intermediate_size": [10**9, 0, [128]],
    "max_position_embeddings": ["5", INF],
    "rope_parameters": [[], "x", {"rope_type": "linear", "factor": "x"}],
    "text_config": [[], {"num_hidden_layers": 10**9}],
    "model_type": ["x", 5, []],
    "layer_types": ["x", ["full_attention"] * 10**5],
    "num_labels": [10**9],
    "id2label": [5],
}
METADATA: list[tuple[str, Any]] = [
    ("general.alignment", 0), ("general.alignment", [1, 2]), ("general.alignment", 7), ("general.architecture", "x"),
    ("general.architecture", "gpt2"), ("llama.context_length", "x"), ("llama.context_length", -5),
    ("llama.context_length", NAN), ("llama.block_count", 10**9), ("llama.embedding_length", 10**8),
    ("llama.attention.head_count", 0), ("llama.attention.head_count", -1), ("llama.attention.head_count", [4, 4]),
    ("llama.attention.head_count_kv", 0), ("llama.rope.freq_base", NAN), ("llama.rope.dimension_count", 10**9),
    ("llama.vocab_size", 10**9), ("llama.expert_count", 10**9), ("tokenizer.ggml.tokens", 5),
    ("tokenizer.ggml.model", 5), ("tokenizer.ggml.eos_token_id", "x"),
]  # fmt: skip


def _tensor(**changed: Any) -> dict[str, Any]:
    return {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changed}}


HEADERS: dict[str, Any] = {
    "a long text times a number": _tensor(shape=["A" * 300, 20_000_000]),
    "a long list times a number": _tensor(shape=[[1] * 300, 20_000_000]),
    "many dimensions": _tensor(shape=[1] * 400_000),
    "infinite": _tensor(shape=[INF]),
    "below zero": _tensor(shape=[-2]),
    "a fraction": _tensor(shape=[2.5]),
    "far beyond": _tensor(data_offsets=[0, 10**30]),
    "three offsets": _tensor(data_offsets=[0, 1, 2]),
    "a list of types": _tensor(dtype=[5]),
    "no object": [1],
    "nothing times much": _tensor(shape=[0, 10**18], data_offsets=[0, 0]),
    "nested deeply": b"[" * 10**6,
    "no JSON": b'{"w":',
}


def _text(raw: bytes) -> bytes:
    return struct.pack("<Q", len(raw)) + raw


_START, _ARRAY = b"GGUF" + struct.pack("<I", 3), _text(b"a") + struct.pack("<I", 9)
_ONE = _START + struct.pack("<QQ", 0, 1)
RAW = {
    "empty": _START + struct.pack("<QQ", 0, 0),
    "counts": _START + struct.pack("<QQ", 2**63, 2**63),
    "many pairs": _START + struct.pack("<QQ", 0, 10**7) + b"\0" * 1000,
    "arrays in arrays": _ONE + _ARRAY + struct.pack("<IQ", 9, 1) * 200_000,
    "a long text": _ONE + struct.pack("<Q", 2**62),
    "a long array": _ONE + _ARRAY + struct.pack("<IQ", 10, 10**7),
    "no tensors": _ONE + _text(b"general.architecture") + struct.pack("<I", 8) + _text(b"llama") + b"\0" * 300,
}


def _edited(key: str, value: Any) -> Callable[[GGUFWriter], None]:
    def edit(writer: GGUFWriter) -> None:
        writer.kv_data[0].pop(key, None)
        add = {list: writer.add_array, str: writer.add_string, float: writer.add_float32}
        add.get(type(value), writer.add_int64)(key, value)

    return edit


def cases(folder: Path) -> dict[str, Callable[[], Path]]:
    """Name -> what writes the file; each may write over the one before."""
    good = tiny_folder(folder / "good")
    config = json.loads((good / "config.json").read_text())

    def with_file(name: str, raw: bytes) -> Path:
        copy = folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(good, copy)
        (copy / name).write_bytes(raw)
        return copy

    def with_header(header: Any) -> Path:
        raw = header if isinstance(header, bytes) else json.dumps(header).encode()
        return with_file("model.safetensors", len(raw).to_bytes(8, "little") + raw + b"\0" * 8)

    def with_bytes(raw: bytes) -> Path:
        (folder / "raw.gguf").write_bytes(raw)
        return folder / "raw.gguf"

    made: dict[str, Callable[[], Path]] = {}
    for key, values in CONFIGS.items():
        for value in values:
            raw = json.dumps({**config, key: value}).encode()
            made[f"{key} {str(value)[:30]}"] = lambda raw=raw: with_file("config.json", raw)
    for key, value in METADATA:
        made[f"{key} {value}"] = lambda key=key, value=value: tiny_gguf(folder / "m.gguf", edit=_edited(key, value))
    made |= {f"safetensors: {name}": lambda header=header: with_header(header) for name, header in HEADERS.items()}
    return made | {f"GGUF: {name}": lambda raw=raw: with_bytes(raw) for name, raw in RAW.items()}


def outcome(path: Path) -> str:
    """What loading came to: `words`, `loaded`, or the kind of another error."""
    try:
        entry = local_entry(path, taken=set())
        menu(entry, "cpu")
        estimate(entry, "int4")
        load(entry, "fp32", device="cpu")
    except PlaygroundError:
        return "words"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:100]}"
    return "loaded"


def main(folder: str) -> None:
    """Print each outcome and its seconds, and the most memory that was used, as JSON."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    found = {}
    for name, make in cases(Path(folder)).items():
        path, begun = make(), time.perf_counter()
        found[name] = (outcome(path), time.perf_counter() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"found": found, "peak": peak}))


if __name__ == "__main__":
    main(sys.argv[1])
