"""What a model may be asked for is found before it answers, and what it may not costs time, never a wrong number."""

from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    BambaConfig,
    BertConfig,
    DynamicCache,
    MambaConfig,
    Phi3Config,
    PreTrainedConfig,
    RwkvConfig,
)

from playground.engine import chunks
from playground.engine.beam import BeamEnd, beam_search
from playground.engine.chunks import chunk_tokens
from playground.engine.decoder import Decoder
from playground.engine.generate import stream, stream_batch
from playground.engine.model import TextModel
from playground.engine.module import ModuleModel, module_logits
from playground.engine.probe import Differs, probe_decoder, probe_module, sample_of
from playground.engine.reading import read_to
from playground.models.facts import PLAIN
from playground.models.llama import take_weights
from playground.settings import Settings
from tests.engine.helpers import GREEDY, ids_of, random_ids
from tests.tiny import ARCHITECTURES, FAMILY, VOCABULARY, tiny_model, tiny_relative, tiny_tokenizer

_SHAPE: dict[str, Any] = {
    "vocab_size": VOCABULARY, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512, "initializer_range": 0.15,
    "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": None,
}  # fmt: skip
_STATE = {"state_size": 8, "conv_kernel": 4}
_HYBRID = {"mamba_n_heads": 8, "mamba_d_head": 16, "mamba_n_groups": 1, "mamba_d_state": 8, "mamba_expand": 2}
_LONG = {"rope_type": "longrope", "rope_theta": 10_000.0, "short_factor": [1.0] * 8, "long_factor": [4.0] * 8}
_KINDS: dict[str, PreTrainedConfig] = {
    "bamba": BambaConfig(**_SHAPE | _HYBRID, attn_layer_indices=[1]),
    "bert": BertConfig(**_SHAPE),
    "mamba": MambaConfig(**_SHAPE | _STATE),
    "phi3": Phi3Config(**_SHAPE, rope_parameters=_LONG, original_max_position_embeddings=60),
    "rwkv": RwkvConfig(**_SHAPE | {"attention_hidden_size": 64, "context_length": 512}),
}  # fmt: skip


def _module(kind: str) -> Any:
    """A random model in which no number keeps the value it was made with."""
    module = tiny_model(made=_KINDS[kind])
    numbers = torch.Generator().manual_seed(1)
    for parameter in module.parameters():
        parameter += 0.1 * torch.randn(parameter.shape, generator=numbers)
    return module


@torch.inference_mode()
def _plain(module: Any, ids: list[int]) -> Tensor:
    """Logits after the last token, by one pass without a cache."""
    return module(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].float()


def _plain_greedy(module: Any, prompt: list[int], length: int) -> list[int]:
    ids = list(prompt)
    for _ in range(length):
        ids.append(int(_plain(module, ids).argmax()))
    return ids[len(prompt) :]


def _text_model(module: Any) -> TextModel:
    return TextModel(ModuleModel(module, probe_module(module)), tiny_tokenizer(), frozenset())


def _greedy(length: int, **settings: Any) -> Settings:
    return GREEDY.model_copy(update={"max_new_tokens": length, **settings})


def _same(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found, wanted, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_plain_attention_has_no_limit(arch: str):
    assert probe_module(tiny_model(arch)) == PLAIN


@pytest.mark.parametrize("kind", ["bamba", "mamba", "rwkv"])
def test_a_beam_of_width_one_is_greedy_whatever_the_limits(kind: str):
    model, prompt = _text_model(_module(kind)), random_ids(20)
    cache = model.model.new_cache()
    logits = read_to(model, prompt, [], cache)
    assert logits is not None
    *_, end = beam_search(model, prompt, [], logits, cache, _greedy(8), width=1, room=8)
    assert isinstance(end, BeamEnd)
    assert [event.id for event in end.hypotheses[0].events] == ids_of(stream(model, prompt, _greedy(8)))


@pytest.mark.parametrize("prompt_tokens", [50, 59, 60, 61, 100])
def test_positions_that_change_at_a_length_change_for_all_tokens(prompt_tokens: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chunks, "PREFILL_CHUNK", 16)
    module, prompt = _module("phi3"), random_ids(prompt_tokens)
    ids = torch.tensor([prompt])
    theirs = module.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=20, do_sample=False, eos_token_id=None, pad_token_id=0
    )
    answer = ids_of(stream(_text_model(module), prompt, _greedy(20)))
    assert answer == theirs[0, prompt_tokens:].tolist() == _plain_greedy(module, prompt, 20)


def test_a_prompt_beyond_the_change_of_positions_is_read_once():
    config = Phi3Config(**_SHAPE, rope_parameters=_LONG, original_max_position_embeddings=300)
    model = ModuleModel(tiny_model(made=config))
    assert [chunk_tokens(model, tokens) for tokens in (10, 300, 301, 910)] == [256, 256, 301, 301]


def test_a_model_that_looks_ahead_is_refused():
    refused = probe_module(_module("bert")).refused
    assert refused is not None
    assert "left to right" in refused


def test_a_model_whose_pass_fails_is_refused_with_the_reason():
    module = tiny_model()
    module.forward = lambda *_, **__: 1 / 0
    refused = probe_module(module).refused
    assert refused is not None
    assert "ZeroDivisionError" in refused


def test_a_state_that_rows_share_is_noticed_and_each_row_gets_its_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(DynamicCache, "reorder_cache", lambda *_: None)  # the prompt's one row stays one row
    module, prompt = tiny_model(), random_ids(20)
    found = probe_module(module)
    assert set(found.limits) == {"rows"}
    model = TextModel(ModuleModel(module, found), tiny_tokenizer(), frozenset())
    items = list(stream_batch(model, prompt, [_greedy(6)] * 3))
    rows = [ids_of([item.event for item in items if item.row == row]) for row in range(3)]
    assert rows == [_plain_greedy(module, prompt, 6)] * 3


@pytest.mark.parametrize("name", FAMILY)
def test_our_decoder_computes_what_the_module_does(name: str):
    module = tiny_relative(name)
    sample = sample_of(module)
    probe_decoder(Decoder(take_weights(module)), sample)


def test_a_decoder_that_differs_is_noticed():
    module = tiny_relative("llama")
    sample = sample_of(module)
    weights = take_weights(module)
    weights.inverse_frequencies *= 1.1
    with pytest.raises(Differs):
        probe_decoder(Decoder(weights), sample)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_rounding_of_narrow_types_is_no_limit(dtype: torch.dtype):
    module = tiny_relative("llama", dtype=dtype)
    assert probe_module(module) == PLAIN
    sample = sample_of(module)
    probe_decoder(Decoder(take_weights(module)), sample)


def test_a_module_that_would_count_from_nought_is_given_positions():
    module, ids = _module("bamba"), random_ids(34)
    cache = DynamicCache(config=module.config)
    with torch.inference_mode():
        module_logits(module, torch.tensor([ids[:-1]]), cache)
        _same(module_logits(module, torch.tensor([ids[-1:]]), cache)[0], _plain(module, ids))
