import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BloomConfig, BloomForCausalLM, DeepseekV3Config

from playground.backends.local import LocalBackend
from playground.errors import PlaygroundError
from playground.models.catalogue import local_entry
from playground.models.files import inspect_files
from playground.models.loading import load
from playground.models.placing import check_placed
from playground.models.quiet import quiet
from playground.models.vocabulary import end_ids
from playground.settings import make_settings
from tests.tiny import IM_END_ID, VOCABULARY, tiny_config, tiny_folder, tiny_tokenizer


def with_files(folder, tensors=None, config=None, drop=()):
    """The folder's entry after tensors were added and keys of its config changed or dropped."""
    if tensors:
        file = folder / "model.safetensors"
        save_file({**load_file(file), **tensors}, file, metadata={"format": "pt"})
    path = folder / "config.json"
    values = {**json.loads(path.read_text()), **(config or {})}
    path.write_text(json.dumps({key: value for key, value in values.items() if key not in drop}))
    return local_entry(folder, taken=set())


@pytest.fixture
def folder(tiny_entry, tmp_path):
    return lambda arch="llama": shutil.copytree(tiny_entry(arch).source.path, tmp_path / "copy")


def read(entry):
    return load(entry, "fp32", device="cpu", engine="transformers")


def test_biases_of_which_the_config_knows_nothing_are_refused_by_name(folder):
    names = [f"model.layers.0.self_attn.{part}_proj.bias" for part in "qkv"]
    entry = with_files(folder(), {name: torch.ones(64 if "q_" in name else 32) for name in names})
    with pytest.raises(PlaygroundError, match=r"3 of its weights .*layers\.0\.self_attn\.k_proj\.bias"):
        read(entry)


def test_fewer_layers_in_the_config_than_in_the_file_are_refused(folder):
    entry = with_files(folder(), config={"num_hidden_layers": 1})
    with pytest.raises(PlaygroundError, match=r"9 of its weights .*layers\.1\..* and 5 more"):
        read(entry)


def test_buffers_of_older_checkpoints_are_no_weights(folder):
    mask = torch.tril(torch.ones(1, 1, 512, 512))
    added = {"h.0.attn.bias": mask, "h.1.attn.bias": mask.clone(), "h.0.attn.masked_bias": torch.tensor(-1e4)}
    read(with_files(folder("gpt2"), added))


def test_frequencies_that_an_older_checkpoint_keeps_are_no_weights(folder):
    read(with_files(folder(), {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(8)}))


def test_only_layers_that_the_config_calls_drafts_may_stand_behind_the_last():
    config, shapes = DeepseekV3Config(num_hidden_layers=4, num_nextn_predict_layers=1), {}
    check_placed(
        "M", ["model.layers.4.mlp.gate.weight", "model.vision_tower.patch.weight", "mtp.fc.weight"], config, shapes
    )
    with pytest.raises(PlaygroundError, match="1 of its weights"):
        check_placed("M", ["model.layers.5.mlp.gate.weight"], config, shapes)
    with pytest.raises(PlaygroundError, match="1 of its weights"):
        check_placed("M", ["h.0.attn.bias"], config, {"h.0.attn.bias": [64]})  # a vector is no mask


def test_a_config_of_a_far_larger_model_is_refused_before_it_is_made(folder):
    entry = with_files(folder(), config={"hidden_size": 10**8, "head_dim": 16})
    with pytest.raises(PlaygroundError, match=r"describes a model of .* weights, and its files hold 92,480"):
        read(entry)


def test_a_tokenizer_of_more_ids_than_rows_names_them(tmp_path):
    with quiet():
        folder = tiny_folder(tmp_path)
        tokenizer = tiny_tokenizer()
        tokenizer.add_tokens(["<|one|>", "<|two|>"])
        tokenizer.save_pretrained(folder)
    with pytest.raises(PlaygroundError, match=r"2 ids beyond the 288 rows .*'<\|one\|>' \(288\)"):
        read(local_entry(folder, taken=set()))
    assert VOCABULARY == 288


@pytest.mark.parametrize(
    ("config", "generation", "ends"),
    [
        ({"eos_token_id": 7}, {"eos_token_id": [9, 5]}, (9, 5, 7, IM_END_ID)),
        ({"eos_token_id": None}, {}, (IM_END_ID,)),
        (None, None, (IM_END_ID,)),  # the default of Llama's config class is 2
    ],
)
def test_ends_are_those_that_the_files_name(folder, config, generation, ends):
    path = folder()
    (path / "generation_config.json").unlink()
    if generation is not None:
        (path / "generation_config.json").write_text(json.dumps(generation))
    entry = with_files(path, config=config, drop=() if config else ("eos_token_id",))
    assert read(entry).eos_ids == ends


@pytest.mark.parametrize("value", ["</s>", -1, 1.5, [1, "x"], {"a": 1}, True])
def test_an_end_that_is_no_token_id_is_refused(folder, value):
    path = folder()
    (path / "generation_config.json").write_text(json.dumps({"eos_token_id": value}))
    files = inspect_files(local_entry(path, taken=set()), path)
    with pytest.raises(PlaygroundError, match=r"M: eos_token_id is .* must be a token id"):
        end_ids("M", files, tiny_tokenizer())


def test_a_model_without_a_limit_of_positions_takes_the_one_that_is_asked_for(tmp_path):
    with quiet():
        made = BloomForCausalLM(BloomConfig(vocab_size=VOCABULARY, hidden_size=32, n_layer=1, n_head=2))
        made.save_pretrained(tmp_path / "bloom")
        tiny_tokenizer().save_pretrained(tmp_path / "bloom")
    backend = LocalBackend(read(local_entry(tmp_path / "bloom", taken=set())))
    assert backend.facts.context_length is None
    assert backend.context_length(make_settings(context_length=4096)) == 4096
    with pytest.raises(PlaygroundError, match=r"bloom sets no limit of positions: give a context length"):
        backend.context_length(make_settings())


@pytest.mark.parametrize(("name", "length"), [("seq_length", 2048), ("max_seq_len", 64)])
def test_the_length_of_a_model_may_have_another_name(folder, name, length):
    entry = with_files(folder(), config={name: length}, drop=("max_position_embeddings",))
    assert entry.context_length == length
    assert tiny_config("llama").max_position_embeddings == 512
