import json
import shutil
from pathlib import Path

import pytest
import torch

from playground.errors import PlaygroundError
from playground.models.catalogue import FolderSource, ModelEntry
from playground.models.checks import check_folder
from playground.models.loading import load
from playground.models.safetensors_header import safetensors_header


@pytest.fixture
def folder(tmp_path, tiny_entry) -> Path:
    return shutil.copytree(tiny_entry("llama").source.path, tmp_path / "model")


def entry_of(folder: Path) -> ModelEntry:
    """An entry made without the checks, as if the folder had changed since."""
    return ModelEntry.model_construct(
        id="m", title="M", source=FolderSource(kind="folder", path=folder), licence="", parameters=1, context_length=1,
        about="",
    )  # fmt: skip


def refused(folder: Path, said: str) -> None:
    """Both the check and the load that stands behind it refuse."""
    with pytest.raises(PlaygroundError, match=said):
        check_folder(folder)
    with pytest.raises(PlaygroundError, match=said):
        load(entry_of(folder), "fp32", device="cpu")


def edit(path: Path, **change) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))


def test_a_whole_folder_passes(folder):
    check_folder(folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_a_folder_with_code_of_its_author_is_refused(folder, name):
    edit(folder / name, auto_map={"AutoModelForCausalLM": "evil.Model"})
    refused(folder, "never done here")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.pth"])
def test_a_folder_of_pickles_only_is_refused(folder, name):
    (folder / "model.safetensors").unlink()
    torch.save({"w": torch.zeros(2)}, folder / name)
    refused(folder, "can run code")


def test_a_folder_without_weights_or_config_is_refused(folder):
    (folder / "model.safetensors").unlink()
    refused(folder, "holds no weights")
    (folder / "config.json").unlink()
    refused(folder, "config.json is missing")


@pytest.mark.parametrize("keep", [0, 5, 8, 100, 5000, -1])
def test_a_truncated_safetensors_file_is_refused(folder, keep):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    refused(folder, "broken or cut short")


@pytest.mark.parametrize("header", [b"", b"[]", b"{]", b'{"a":{"shape":1}}', b'{"a":7}', b"[" * 5000])
def test_a_safetensors_header_of_nonsense_is_refused(folder, header):
    file = folder / "model.safetensors"
    file.write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 10)
    refused(folder, "broken or cut short")


def test_a_header_whose_extents_lie_is_refused(tmp_path):
    header = json.dumps({"w": {"dtype": "F32", "shape": [100], "data_offsets": [0, 8]}}).encode()
    file = tmp_path / "model.safetensors"
    file.write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 8)
    with pytest.raises(PlaygroundError, match="cannot be read"):
        safetensors_header(file)


@pytest.mark.parametrize("names", [["missing.safetensors"], ["../model.safetensors"], []])
def test_an_index_must_name_files_of_the_folder(folder, names):
    index = {"weight_map": dict(enumerate(names))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    refused(folder, "incomplete")


def test_a_config_that_is_no_json_object_is_refused(folder):
    (folder / "config.json").write_text("[1, 2]")
    refused(folder, "must hold a JSON object")
    (folder / "config.json").write_text("{")
    refused(folder, "cannot be read as JSON")


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": "no-such-model"},
        {"model_type": "t5"},
        {"hidden_size": "wide"},
        {"hidden_size": 128},
        {"num_hidden_layers": 3},
    ],
)
def test_a_config_that_does_not_fit_the_weights_is_a_clear_error(folder, change):
    edit(folder / "config.json", **change)
    with pytest.raises(PlaygroundError, match=r"^M"):
        load(entry_of(folder), "fp32", device="cpu")


def test_weights_that_are_already_quantised_are_refused(folder):
    edit(folder / "config.json", quantization_config={"quant_method": "gptq", "bits": 4})
    with pytest.raises(PlaygroundError, match=r"already quantised on disk \(gptq\)"):
        load(entry_of(folder), "fp32", device="cpu")


def test_a_broken_tokenizer_is_a_clear_error(folder):
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(PlaygroundError, match=r"tokenizer\.json"):
        load(entry_of(folder), "fp32", device="cpu")


@pytest.mark.parametrize(
    "info",
    [
        {"shape": ["A" * 300, 20_000_000]},
        {"shape": [[1] * 300, 20_000_000]},
        {"shape": [1] * 400_000},
        {"shape": [-5]},
        {"shape": [True]},
        {"shape": 4},
        {"shape": [float("inf")]},
        {"shape": [2**62, 2**62]},
        {"data_offsets": [0]},
        {"data_offsets": ["0", "8"]},
        {"data_offsets": [0, float("nan")]},
        {"dtype": ["F32"]},
        {"dtype": "F16"},
    ],
)
def test_a_safetensors_header_with_absurd_values_is_refused_before_they_are_used(tmp_path, info):
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **info}}).encode()
    file = tmp_path / "model.safetensors"
    file.write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 8)
    with pytest.raises(PlaygroundError, match="cannot be read"):
        safetensors_header(file)


@pytest.mark.parametrize("weight_map", [None, [], "model.safetensors", {"w": None}, {"w": ["a"]}, {"w": {}}])
def test_an_index_of_another_type_is_refused(folder, weight_map):
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    refused(folder, "weight_map must name a file")


def test_two_sets_of_weights_are_refused_since_only_one_would_be_read(folder):
    shutil.copy(folder / "model.safetensors", folder / "model-00001-of-00001.safetensors")
    index = {"weight_map": {"w": "model-00001-of-00001.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    refused(folder, "holds two sets of weights")


def test_a_shard_without_its_index_says_what_is_missing(folder):
    (folder / "model.safetensors").rename(folder / "model-00001-of-00003.safetensors")
    refused(folder, r"holds 1 of 3 shards, and model.safetensors.index.json.* is missing")


def test_a_folder_around_a_gguf_file_names_the_file(folder):
    (folder / "model.safetensors").rename(folder / "My.gguf")
    refused(folder, r"name the file itself, My\.gguf")


@pytest.mark.parametrize("whole", [True, False])
def test_an_adapter_names_its_base_model(folder, whole):
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "someone/base"}))
    if not whole:
        (folder / "config.json").unlink()
    refused(folder, "adapter for the model 'someone/base'.*merge")


def test_weights_packed_for_mlx_say_so(folder):
    edit(folder / "config.json", quantization={"group_size": 64, "bits": 4})
    refused(folder, "packed to 4 bits for Apple's MLX")


def test_a_config_that_names_another_weight_file_is_refused(folder):
    edit(folder / "config.json", transformers_weights="other.safetensors")
    refused(folder, "names 'other.safetensors' as its weights")


@pytest.mark.parametrize("key", ["text_config", "quantization_config", "rope_scaling"])
@pytest.mark.parametrize("value", [[], "x", 1])
def test_a_part_of_a_config_that_is_of_another_type_is_refused(folder, key, value):
    edit(folder / "config.json", **{key: value})
    refused(folder, f"{key} must be an object")


@pytest.mark.parametrize("change", [{"num_hidden_layers": 10**9}, {"text_config": {"n_layer": 10**9}}])
def test_a_config_of_more_layers_than_tensors_is_refused_before_they_are_built(folder, change):
    edit(folder / "config.json", **change)
    refused(folder, r"is 1000000000, and the weights have at most \d+ parts")
