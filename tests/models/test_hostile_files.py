"""Files of nonsense: each ends in one sentence or in a model, never in another error."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from playground.backends.local import LocalBackend
from playground.errors import PlaygroundError
from playground.models import loading
from playground.models.catalogue import local_entry
from playground.models.checks import check_folder
from playground.models.estimate import estimate_memory
from playground.models.files import inspect_files
from playground.models.gguf_header import read_gguf_header
from playground.models.loading import load
from playground.models.safetensors_header import safetensors_header
from playground.settings import Settings
from tests.models.test_gguf_header import WHOLE, write_gguf
from tests.tiny import tiny_gguf, tiny_model

NUMBERS = st.one_of(
    st.integers(-5, 5), st.sampled_from([10**6, 10**8, 10**9, 2**31, 2**63, 10**30]), st.floats(), st.booleans()
)
PLAIN = st.one_of(st.none(), NUMBERS, st.text(max_size=5))
JSON = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner), max_leaves=4
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, tiny_entry) -> Path:
    return shutil.copytree(tiny_entry("llama").source.path, tmp_path_factory.mktemp("hostile") / "model")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("scratch")


@contextmanager
def changed(path: Path, value: Any) -> Iterator[None]:
    """The file holds this value, as long as the block runs."""
    before = path.read_bytes() if path.is_file() else None
    path.write_text(json.dumps(value))
    try:
        yield
    finally:
        path.unlink() if before is None else path.write_bytes(before)


@settings(max_examples=100)
@given(key=st.sampled_from(["dtype", "shape", "data_offsets"]), value=JSON | st.lists(NUMBERS, max_size=9))
def test_a_safetensors_header(scratch, key, value):
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], key: value}}).encode()
    path = scratch / "model.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 8)
    with suppress(PlaygroundError):
        safetensors_header(path)


@settings(max_examples=100)
@given(raw=st.binary(max_size=60))
def test_a_safetensors_header_of_any_bytes(scratch, raw):
    path = scratch / "model.safetensors"
    path.write_bytes(len(raw).to_bytes(8, "little") + raw)
    with suppress(PlaygroundError):
        safetensors_header(path)


@settings(max_examples=60)
@given(value=JSON | st.dictionaries(st.just("weight_map"), JSON))
def test_an_index(whole, value):
    with changed(whole / "model.safetensors.index.json", value), suppress(PlaygroundError):
        check_folder(whole)


_CONFIG_KEYS = (
    "num_hidden_layers", "hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim", "vocab_size",
    "intermediate_size", "max_position_embeddings", "rope_parameters", "rope_scaling", "model_type", "architectures",
    "text_config", "quantization_config", "quantization", "layer_types", "eos_token_id", "tie_word_embeddings", "dtype",
    "torch_dtype", "sliding_window", "is_encoder_decoder", "hidden_act", "rms_norm_eps", "pad_token_id",
)  # fmt: skip


@settings(max_examples=60)
@given(key=st.sampled_from(_CONFIG_KEYS), value=JSON)
@example(key="num_hidden_layers", value=10**9)
@example(key="hidden_size", value=10**8)
@example(key="max_position_embeddings", value=float("inf"))
@example(key="num_labels", value=10**9)
@example(key="text_config", value=[])
@example(key="quantization_config", value={"quant_method": []})
def test_a_config(whole, key, value):
    config = json.loads((whole / "config.json").read_text())
    with changed(whole / "config.json", {**config, key: value}), suppress(PlaygroundError):
        entry = local_entry(whole, taken=set())
        estimate_memory(entry, inspect_files(entry, whole), "fp32")


@pytest.mark.parametrize("name", ["generation_config.json", "tokenizer_config.json", "tokenizer.json"])
def test_a_file_beside_the_weights(whole, monkeypatch, name):
    monkeypatch.setattr(loading, "read_module", lambda *_arguments: tiny_model("llama"))
    entry, before = local_entry(whole, taken=set()), json.loads((whole / name).read_text())

    @settings(max_examples=5)
    @given(key=st.sampled_from([*before, "eos_token_id", "chat_template", "model_max_length"]), value=JSON)
    def load_it(key, value):
        with changed(whole / name, {**before, key: value}), suppress(PlaygroundError):
            load(entry, "fp32", device="cpu", engine="transformers")

    load_it()


_GGUF_KEYS = (
    *WHOLE, "general.alignment", "general.name", "general.type", "split.count", "split.no",
    "llama.attention.head_count", "llama.rope.freq_base", "llama.rope.scaling.type", "llama.rope.scaling.factor",
    "llama.rope.dimension_count", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.tokens", "llama.vocab_size",
    "llama.feed_forward_length",
)  # fmt: skip
_GGUF_VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.integers(-3, 40), st.floats(width=32), st.text("abc", max_size=3),
    st.lists(st.integers(0, 9), min_size=1, max_size=3),
)  # fmt: skip


@settings(max_examples=100)
@given(key=st.sampled_from(_GGUF_KEYS), value=_GGUF_VALUES)
@example(key="general.alignment", value=0)
@example(key="llama.context_length", value=0)
def test_metadata_of_a_gguf_file(scratch, key, value):
    path = write_gguf(scratch / "m.gguf", {**WHOLE, key: value})
    with suppress(PlaygroundError):
        local_entry(path, taken=set())


@settings(max_examples=100)
@given(data=st.data())
def test_changed_bytes_of_a_gguf_file(scratch, data):
    path = write_gguf(scratch / "m.gguf", WHOLE)
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))] if data.draw(st.booleans()) else raw)
    with suppress(PlaygroundError):
        read_gguf_header(path)


@settings(max_examples=5)
@given(key=st.sampled_from(_GGUF_KEYS), value=_GGUF_VALUES)
def test_a_gguf_file_that_is_loaded(scratch, key, value):
    def edit(writer):
        field = writer.kv_data[0].get(key)
        if field is not None and isinstance(value, type(field.value)) and value != field.value:
            field.value = value % 2**31 if isinstance(value, int) else value

    path = tiny_gguf(scratch / "whole.gguf", edit=edit)
    with suppress(PlaygroundError):
        load(local_entry(path, taken=set()), "fp32", device="cpu", engine="transformers")


HANGING = {
    "text that grows": {"normalizer": {"type": "Sequence", "normalizers": [
        {"type": "Replace", "pattern": {"String": "e"}, "content": "ee"}] * 40}},
    "an answer of a fixed length": {"padding": {"strategy": {"Fixed": 10**9}, "direction": "Right",
        "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "x"}},
    "ids without end around a text": {"post_processor": {"type": "TemplateProcessing", "pair": [],
        "single": [{"SpecialToken": {"id": "A", "type_id": 0}}] * 100_000 + [{"Sequence": {"id": "A", "type_id": 0}}],
        "special_tokens": {"A": {"id": "A", "ids": [1] * 10_000, "tokens": ["A"] * 10_000}}}},
}  # fmt: skip


@pytest.mark.parametrize("name", HANGING)
def test_a_tokenizer_that_would_write_without_end_is_refused_before_it_is_used(whole, name):
    tokenizer = json.loads((whole / "tokenizer.json").read_text())
    with changed(whole / "tokenizer.json", {**tokenizer, **HANGING[name]}), pytest.raises(PlaygroundError):
        load(local_entry(whole, taken=set()), "fp32", device="cpu")


def test_a_pattern_without_end_is_said_in_words_when_a_text_meets_it(whole):
    tokenizer = json.loads((whole / "tokenizer.json").read_text())
    pattern = {"type": "Split", "pattern": {"Regex": "(x+x+)+y"}, "behavior": "Isolated", "invert": False}
    with changed(whole / "tokenizer.json", {**tokenizer, "pre_tokenizer": pattern}):
        backend = LocalBackend(load(local_entry(whole, taken=set()), "fp32", device="cpu"))
    with pytest.raises(PlaygroundError):
        backend.prepare("x" * 100, Settings(raw=True))
    assert backend.prepare("a", Settings(raw=True)).ids


@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process")
def test_every_file_made_to_do_harm_ends_in_words_soon_and_in_little_memory(tmp_path):
    command = [sys.executable, "-m", "tests.models.hostile", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True)
    said = json.loads(done.stdout.splitlines()[-1])
    assert len(said["found"]) >= 48
    assert {name: end for name, (end, _) in said["found"].items() if end != "words"} == {}
    assert {name: seconds for name, (_, seconds) in said["found"].items() if seconds > 20} == {}
    assert said["peak"] < 2**32
