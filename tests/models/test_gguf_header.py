import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import gguf
import pytest

from playground.errors import PlaygroundError
from playground.models.catalogue import local_entry
from playground.models.gguf_header import read_gguf_header
from tests.tiny import tiny_gguf


def test_the_header_says_what_the_library_reads(tmp_path):
    path = tiny_gguf(tmp_path / "tiny.gguf")
    header, reader = read_gguf_header(path), gguf.GGUFReader(path)
    assert [(t.name, t.shape) for t in header.tensors] == [(t.name, tuple(t.shape)) for t in reader.tensors]
    assert header.parameters == sum(int(t.n_elements) for t in reader.tensors)
    assert header.context_length == 512
    assert header.file_type == "F32"
    assert header.metadata["general.name"] == "tiny"


def test_every_truncation_is_refused(tmp_path):
    whole = tiny_gguf(tmp_path / "tiny.gguf").read_bytes()
    cut = tmp_path / "cut.gguf"
    for keep in [*range(0, 400, 7), *range(400, len(whole), 9973), len(whole) - 1]:
        cut.write_bytes(whole[:keep])
        with pytest.raises(PlaygroundError, match="is not a whole GGUF file"):
            read_gguf_header(cut)


@pytest.mark.parametrize("at", range(0, 64, 3))
def test_changed_bytes_in_the_header_never_crash(tmp_path, at):
    whole = bytearray(tiny_gguf(tmp_path / "tiny.gguf").read_bytes())
    whole[at] ^= 0xFF
    path = tmp_path / "changed.gguf"
    path.write_bytes(whole)
    with suppress(PlaygroundError):  # any other error fails the test
        read_gguf_header(path)


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_text("hello")
    with pytest.raises(PlaygroundError, match="does not begin with GGUF"):
        local_entry(path, taken=set())


def packed(value: Any) -> bytes:
    """A metadata value with its type: text, whole number, float, or a list of them."""
    if isinstance(value, str):
        return struct.pack("<I", 8) + struct.pack("<Q", len(value)) + value.encode()
    if isinstance(value, list):
        items = [packed(item) for item in value]
        return struct.pack("<IIQ", 9, *struct.unpack("<I", items[0][:4]), len(items)) + b"".join(i[4:] for i in items)
    return struct.pack("<Iq", 11, value) if isinstance(value, int) else struct.pack("<If", 6, value)


def write_gguf(path: Path, metadata: dict[str, Any], shape: tuple[int, ...] | None = (8, 4)) -> Path:
    """A GGUF file of one F32 tensor, or of none."""
    raw = b"GGUF" + struct.pack("<IQQ", 3, 0 if shape is None else 1, len(metadata))
    for key, value in metadata.items():
        raw += struct.pack("<Q", len(key)) + key.encode() + packed(value)
    if shape is not None:
        raw += struct.pack("<Q", 1) + b"w" + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, 0)
    path.write_bytes(raw + b"\0" * (-len(raw) % 32 + 128))
    return path


WHOLE = {
    "general.architecture": "llama",
    "llama.block_count": 1,
    "llama.embedding_length": 8,
    "llama.context_length": 64,
}


def test_a_small_file_passes(tmp_path):
    path = write_gguf(tmp_path / "m.gguf", {**WHOLE, "llama.rope.dimension_sections": [1, 2]})
    assert read_gguf_header(path).own["rope.dimension_sections"] == (1, 2)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"general.alignment": 0}, "general.alignment is 0"),
        ({"general.alignment": [32]}, "general.alignment is"),
        ({"general.alignment": -32}, "general.alignment is -32"),
        ({"llama.context_length": 0}, "llama.context_length is 0"),
        ({"llama.context_length": "long"}, "llama.context_length is long"),
        ({"llama.context_length": -5}, "llama.context_length is -5"),
        ({"llama.context_length": float("nan")}, "llama.context_length is nan"),
        ({"llama.block_count": 10**9}, "llama.block_count is 1000000000"),
        ({"llama.embedding_length": 10**8}, "llama.embedding_length is 100000000"),
        ({"llama.embedding_length": [8]}, "llama.embedding_length is"),
        ({"llama.rope.freq_base": float("inf")}, "llama.rope.freq_base is inf"),
        ({"tokenizer.ggml.eos_token_id": -1}, "eos_token_id is -1"),
        ({"general.architecture": 7}, "general.architecture is missing"),
        ({"split.count": 3, "split.no": 1}, r"is part 2 of 3 of a split GGUF file.*--merge"),
        ({"general.type": "adapter"}, "LoRA adapter"),
        ({"general.architecture": "clip"}, "image part"),
    ],
)
def test_metadata_that_no_model_can_have_are_one_sentence(tmp_path, change, said):
    path = write_gguf(tmp_path / "m.gguf", {**WHOLE, **change})
    with pytest.raises(PlaygroundError, match=said):
        local_entry(path, taken=set())


@pytest.mark.parametrize("shape", [(), (0, 4), (2**62, 2**62), (1,) * 5, (10**6,)])
def test_a_tensor_that_the_file_can_not_hold_is_refused(tmp_path, shape):
    with pytest.raises(PlaygroundError, match="is not a whole GGUF file"):
        read_gguf_header(write_gguf(tmp_path / "m.gguf", WHOLE, shape))


def test_a_file_without_tensors_is_not_a_model(tmp_path):
    with pytest.raises(PlaygroundError, match="holds no weights"):
        local_entry(write_gguf(tmp_path / "m.gguf", WHOLE, None), taken=set())
