"""What the embedded default model must keep to."""

import psutil
import pytest
import torch

from playground.models.loading import LoadedModel, estimate, load, unload
from playground.models.packing import Int8Linear

pytestmark = pytest.mark.real_model


def test_packed_weights_keep_under_their_bars(default_entry):
    loaded = {q: load(default_entry, q, device="cpu").facts for q in ("fp32", "bf16", "int8", "int4")}
    fp32 = loaded["fp32"].weights_bytes
    assert loaded["bf16"].weights_bytes <= 0.51 * fp32
    assert loaded["int8"].weights_bytes <= 0.30 * fp32
    assert loaded["int4"].weights_bytes <= 0.25 * fp32
    assert all(0 <= estimate(default_entry, q).weights_bytes - loaded[q].weights_bytes <= 128 for q in loaded)
    assert {facts.parameters for facts in loaded.values()} == {default_entry.parameters}
    assert {facts.context_length for facts in loaded.values()} == {default_entry.context_length}
    assert loaded["fp32"].weights_note == "fp32 of this file is the dequantised Q4_1."


def test_fp32_is_bitwise_the_same_after_a_switch(default_entry):
    first = load(default_entry, "fp32", device="cpu", engine="transformers")
    before = {name: tensor.clone() for name, tensor in first.module.state_dict().items()}
    unload(first)
    unload(load(default_entry, "int4", device="cpu", engine="transformers"))
    after = load(default_entry, "fp32", device="cpu", engine="transformers").module.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("rounds", [4, pytest.param(10, marks=pytest.mark.slow)])  # small models go 20 always
def test_resident_memory_stays_flat_over_8_switches_and_over_20(default_entry, rounds):
    process, sizes = psutil.Process(), []
    for _ in range(rounds):
        for quantization in ("int4", "fp32"):
            unload(load(default_entry, quantization, device="cpu"))
            sizes.append(process.memory_info().rss)
    assert max(sizes[4:]) - sizes[3] < 90e6  # the smaller of the two models alone takes 95 MB


@torch.no_grad()
def logprobs(loaded: LoadedModel, ids: torch.Tensor) -> torch.Tensor:
    found = loaded.module(ids).logits[0].float().log_softmax(-1)
    unload(loaded)
    return found


@pytest.fixture(scope="module")
def in_fp32(default_entry) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids of a chat, and fp32's logprobs at each of them."""
    reference = load(default_entry, "fp32", device="cpu", engine="transformers")
    chat = [{"role": "user", "content": "Tell me of Rome."}, {"role": "assistant", "content": "Rome is old. " * 8}]
    ids = reference.tokenizer.apply_chat_template(chat, return_tensors="pt", return_dict=True)["input_ids"]
    return ids, logprobs(reference, ids)


@pytest.mark.parametrize("quantization", ["bf16", "fp16", "int8", "int4"])
def test_answers_stay_near_fp32s(default_entry, in_fp32, quantization):
    ids, expected = in_fp32
    got = logprobs(load(default_entry, quantization, device="cpu", engine="transformers"), ids)
    divergence = (expected.exp() * (expected - got)).sum(-1).mean().item()
    assert 0 <= divergence < 0.03  # nats a token; the int4 head that the int8 one replaced gave 0.06


def test_the_head_is_int8_and_shared(default_entry):
    module = load(default_entry, "int4", device="cpu", engine="transformers").module
    head, table = module.get_output_embeddings(), module.get_input_embeddings()
    assert isinstance(head, Int8Linear)
    assert head.rows.data_ptr() == table.rows.data_ptr()


def test_the_chat_template_and_eos_come_from_the_file(default_entry):
    loaded = load(default_entry, "int4", device="cpu")
    assert loaded.facts.has_chat_template
    assert loaded.tokenizer.convert_ids_to_tokens(list(loaded.eos_ids)) == ["<|im_end|>"]
