import math
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch

from playground.engine.decoder import Decoder
from playground.errors import PlaygroundError
from playground.models.catalogue import local_entry
from playground.models.loading import load
from playground.models.quiet import quiet
from tests.tiny import IM_END_ID, tiny_gguf, tiny_model

IDS = torch.arange(3, 250).reshape(1, -1)


def loaded(path: Path, engine="transformers"):
    return load(local_entry(path, taken=set()), "fp32", device="cpu", engine=engine)


def logits(path: Path) -> torch.Tensor:
    return loaded(path).module(IDS).logits


def decoder_logits(path: Path) -> torch.Tensor:
    model = Decoder(loaded(path, "decoder").module)
    return model.forward(IDS, model.new_cache())


def edited(tmp_path: Path, edit) -> Path:
    return tiny_gguf(tmp_path / "edited.gguf", edit=edit)


def same_weights_with(path: Path, **rope) -> torch.Tensor:
    """Logits of transformers' own model with these rope parameters and the weights of a plain GGUF file."""
    plain = loaded(tiny_gguf(path)).module
    other = tiny_model("llama", rope_parameters={"rope_theta": 10_000.0, **rope}, rms_norm_eps=1e-5)
    other.load_state_dict(plain.state_dict())
    with quiet():
        return other(IDS).logits


YARN = {"factor": 4.0, "original_max_position_embeddings": 128}
LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 128}


def write_yarn(writer):
    writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    writer.add_rope_scaling_factor(4.0)
    writer.add_rope_scaling_orig_ctx_len(128)


def write_linear(writer):
    writer.add_rope_scaling_factor(4.0)  # without a type: llama.cpp's default is linear


def write_llama3(writer):
    """The factors that llama.cpp's converter writes for Llama 3.1."""
    frequencies = 10_000.0 ** -(np.arange(0, 16, 2) / 16)
    factors = []
    for frequency in frequencies:
        length = 2 * math.pi / frequency
        smooth = (128 / length - 1.0) / (4.0 - 1.0)
        factors.append(1.0 if length < 128 / 4 else 8.0 if length > 128 else 1 / ((1 - smooth) / 8.0 + smooth))
    writer.add_tensor("rope_freqs.weight", np.array(factors, dtype=np.float32))


@pytest.mark.parametrize(
    ("write", "rope"),
    [
        (write_yarn, {"rope_type": "yarn", **YARN}),
        (write_linear, {"rope_type": "linear", "factor": 4.0}),
        (write_llama3, {"rope_type": "llama3", **LLAMA3}),
        (lambda writer: writer.add_float32("llama.rope.scale_linear", 4.0), {"rope_type": "linear", "factor": 4.0}),
    ],
)
def test_scaled_rotary_positions_of_a_file_are_those_of_transformers_own_config(tmp_path, write, rope):
    path = edited(tmp_path, write)
    expected = same_weights_with(tmp_path / "plain.gguf", **rope)
    torch.testing.assert_close(logits(path), expected, atol=2e-4, rtol=1e-4)
    torch.testing.assert_close(decoder_logits(path), expected[:, -1], atol=2e-4, rtol=1e-4)
    assert (logits(tmp_path / "plain.gguf") - expected).abs().max() > 0.01  # else this test looks at nothing


def test_factors_of_the_attention_multiply(tmp_path):
    def write(writer):
        write_yarn(writer)
        writer.add_rope_scaling_attn_factors(0.5)

    rope = {"rope_type": "yarn", **YARN, "attention_factor": 0.5 * (1 + 0.1 * math.log(4.0))}
    expected = same_weights_with(tmp_path / "plain.gguf", **rope)
    torch.testing.assert_close(logits(edited(tmp_path, write)), expected, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize(
    "write",
    [
        lambda w: w.add_float32("llama.logit_scale", 0.5),
        lambda w: w.add_float32("llama.residual_scale", 0.22),
        lambda w: w.add_float32("llama.embedding_scale", 12.0),
        lambda w: w.add_float32("llama.attention.scale", 0.1),
        lambda w: w.add_float32("llama.final_logit_softcapping", 30.0),
        lambda w: w.add_uint32("llama.attention.sliding_window", 128),
        lambda w: w.add_uint32("llama.expert_count", 8),
        lambda w: w.add_bool("llama.attention.causal", False),
        lambda w: w.add_string("llama.something_new", "x"),
        lambda w: w.add_string("llama.rope.scaling.type", "su"),
        lambda w: w.add_float32("llama.rope.scaling.yarn_log_multiplier", 0.1),
        lambda w: w.add_array("llama.rope.dimension_sections", [4, 2, 2, 0]),
        lambda w: w.add_tensor("rope_freqs.weight", np.ones(5, dtype=np.float32)),
        lambda w: w.add_tensor("rope_freqs.weight", np.zeros(8, dtype=np.float32)),
        lambda w: w.add_tensor("rope_factors_long.weight", np.ones(8, dtype=np.float32)),
    ],
)
def test_what_transformers_can_not_follow_is_refused_by_name(tmp_path, write):
    with pytest.raises(PlaygroundError, match=r"edited\.gguf(:| sets) .*(llama\.|rope_f|long rotary)"):
        loaded(edited(tmp_path, write))


def test_values_that_change_nothing_pass(tmp_path):
    def write(writer):
        writer.add_float32("llama.logit_scale", 1.0)
        writer.add_float32("llama.attention.scale", 0.25)  # of heads of 16 dimensions
        writer.add_uint32("llama.attention.sliding_window", 512)  # no text is longer
        writer.add_uint32("llama.expert_count", 0)
        writer.add_bool("llama.rope.scaling.finetuned", True)
        writer.add_tensor("rope_freqs.weight", np.ones(8, dtype=np.float32))

    assert torch.equal(logits(edited(tmp_path, write)), logits(tiny_gguf(tmp_path / "plain.gguf")))


def test_biases_that_the_model_has_no_place_for_are_refused_by_name(tmp_path):
    def write(writer):
        writer.add_tensor("blk.0.attn_q.bias", np.ones(64, dtype=np.float32))

    with pytest.raises(PlaygroundError, match=r"1 of its weights .*: blk\.0\.attn_q\.bias\."):
        loaded(edited(tmp_path, write))


def test_a_file_of_more_layers_than_it_says_is_refused(tmp_path):
    def write(writer):
        writer.kv_data[0]["llama.block_count"].value = 1

    with pytest.raises(PlaygroundError, match=r"9 of its weights .*blk\.1\.attn_k\.weight"):
        loaded(edited(tmp_path, write))


@pytest.mark.parametrize(
    ("write", "ends"),
    [
        (lambda w: None, (IM_END_ID,)),
        (lambda w: w.add_eot_token_id(7), (IM_END_ID, 7)),
        (lambda w: (w.add_eot_token_id(7), w.add_eom_token_id(9)), (IM_END_ID, 7, 9)),
        (lambda w: w.kv_data[0].pop("tokenizer.ggml.eos_token_id"), ()),
    ],
)
def test_an_answer_ends_where_the_file_says_and_nowhere_else(tmp_path, write, ends):
    assert loaded(edited(tmp_path, write)).eos_ids == ends


def test_control_tokens_that_are_typed_as_text_stay_whole(tmp_path):
    def write(writer):
        writer.kv_data[0]["tokenizer.ggml.token_type"].value = [1] * 288

    tokenizer = loaded(edited(tmp_path, write)).tokenizer
    ids = tokenizer.apply_chat_template([{"role": "user", "content": "hi"}], tokenize=True, return_dict=False)
    assert ids == loaded(tiny_gguf(tmp_path / "plain.gguf")).tokenizer.apply_chat_template(
        [{"role": "user", "content": "hi"}], tokenize=True, return_dict=False
    )
    assert IM_END_ID in tokenizer.all_special_ids
