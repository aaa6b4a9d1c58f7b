"""Laws of the lens, for every architecture and for both paths."""

from collections import deque
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
import torch
from torch import Tensor

from playground.engine.chunks import PREFILL_CHUNK
from playground.engine.decoder import Decoder
from playground.engine.lens.base import LayerPass, Lens, LensUnavailable, chunks_of
from playground.engine.lens.reading import lens_of, read_grid
from playground.engine.model import LanguageModel
from playground.engine.module import ModuleModel
from playground.models.llama import take_weights
from playground.models.pack_model import pack_cpu
from tests.engine.helpers import BOTH, MODELS, ScriptModel, random_ids, tiny_language_model, tiny_module
from tests.tiny import VOCABULARY, tiny_model

R = TypeVar("R")
C = PREFILL_CHUNK
every_model = pytest.mark.parametrize("name", MODELS)


def finished(steps: Generator[int, None, R]) -> R:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def seen(model: LanguageModel, ids: list[int], positions: list[int], prompt_tokens: int = 0) -> LayerPass:
    lens = lens_of(model)
    return finished(lens.read(ids, positions, model.new_cache(), prompt_tokens or len(ids)))


def near(one: Tensor, other: Tensor, tolerance: float) -> bool:
    return one.shape == other.shape and bool(((one - other).abs() < tolerance).all())


def weights(model: LanguageModel, ids: list[int], layer: int, rows: range, held: int = 0) -> Tensor:
    cache = model.new_cache()
    if held:
        model.read(torch.tensor([ids[:held]]), cache)
    return finished(lens_of(model).attention(ids, layer, rows, cache, len(ids)))


@torch.no_grad()
def theirs(name: str, ids: list[int], **asked: bool) -> Any:
    """transformers' own account of a pass: states between layers, or attention by its eager code."""
    module = tiny_module(name.partition(" ")[0])
    before = module.config._attn_implementation
    module.set_attn_implementation("eager")
    try:
        return module(torch.tensor([ids]), **asked)
    finally:
        module.set_attn_implementation(before)


@every_model
def test_the_last_layer_is_the_models_own_distribution(name: str):
    model, ids = tiny_language_model(name), random_ids(40)
    lens, found = lens_of(model), seen(model, ids, list(range(20, 40)))
    own = model.forward(torch.tensor([ids]), model.new_cache())[0]
    read = lens.unembed(found.states[-1])
    assert (read[-1] - own).abs().max() < 1e-4
    assert (found.logits - own).abs().max() < 1e-4
    everywhere = theirs(name, ids).logits[0, 20:]
    assert (read.softmax(-1) - everywhere.softmax(-1)).abs().max() < 1e-5
    grid = finished(read_grid(lens, found))
    assert grid.last_layer_diff < 1e-5
    assert grid.final_ids.tolist() == grid.top_ids[-1].tolist()
    assert set(grid.final_ranks[-1].tolist()) == {1}


@every_model
def test_states_between_layers_are_transformers(name: str):
    model, ids = tiny_language_model(name), random_ids(30)
    positions = [0, 7, 29]
    found = seen(model, ids, positions, prompt_tokens=11)
    told = theirs(name, ids, output_hidden_states=True).hidden_states
    assert len(told) == len(found.states) == lens_of(model).layers + 1
    for ours, their in zip(found.states[:-1], told[:-1], strict=True):  # the last of theirs is normed already
        assert (ours - their[0, positions]).abs().max() < 1e-4
    for number, (norm, ratio) in enumerate(zip(found.update_norms[:-1], found.update_ratios, strict=False)):
        entered, left = told[number][0, positions], told[number + 1][0, positions]
        assert near(norm, (left - entered).norm(dim=-1), 1e-3)
        assert near(ratio, (left - entered).norm(dim=-1) / entered.norm(dim=-1), 1e-3)


@every_model
def test_every_cell_of_the_grid_is_a_reading_of_its_state(name: str):
    model, ids = tiny_language_model(name), random_ids(12)
    lens, found = lens_of(model), seen(model, ids, [3, 11])
    grid = finished(read_grid(lens, found))
    for layer, states in enumerate(found.states):
        probs = lens.unembed(states).softmax(-1)
        for place in range(2):
            top, own = int(probs[place].argmax()), int(grid.final_ids[place])
            assert int(grid.top_ids[layer, place]) == top
            assert float(grid.top_probs[layer, place]) == pytest.approx(float(probs[place, top]), rel=1e-5)
            assert float(grid.final_probs[layer, place]) == pytest.approx(float(probs[place, own]), rel=1e-5)
            assert int(grid.final_ranks[layer, place]) == 1 + int((probs[place] > probs[place, own]).sum())
    assert grid.block_bytes == 2 * 2 * VOCABULARY * 4


@every_model
@pytest.mark.parametrize("held", [0, 5, 30])
def test_rows_of_attention_sum_to_one_and_see_nothing_ahead(name: str, held: int):
    model, ids = tiny_language_model(name), random_ids(40)
    told = theirs(name, ids, output_attentions=True).attentions
    for layer in range(lens_of(model).layers):
        found = weights(model, ids, layer, range(30, 36), held)
        assert found.shape == (4, 6, 36)
        assert near(found.sum(-1), torch.ones(4, 6), 1e-5)
        assert near(found, told[layer][0, :, 30:36, :36], 1e-5)
        for row in range(6):
            assert not found[:, row, 31 + row :].any()


def test_a_sliding_window_is_seen_and_what_lies_before_it_has_no_weight():
    model, ids = tiny_language_model("gemma3"), random_ids(40)
    assert list(lens_of(model).windows) == [16, 16, None]
    windowed, full = (weights(model, ids, layer, range(39, 40))[:, 0] for layer in (0, 2))
    assert not windowed[:, :24].any()
    assert (windowed[:, 24:] > 0).all()
    assert (full > 0).all()


@pytest.mark.parametrize("name", ["llama", "llama by our decoder", "gemma3"])
def test_a_long_text_in_chunks_is_read_as_in_one_piece(name: str):
    model, ids = tiny_language_model(name), random_ids(PREFILL_CHUNK + 60)
    positions = [0, PREFILL_CHUNK - 1, PREFILL_CHUNK, len(ids) - 1]
    found = seen(model, ids, positions, prompt_tokens=PREFILL_CHUNK + 10)
    told = theirs(name, ids, output_hidden_states=True)
    assert (found.states[1] - told.hidden_states[1][0, positions]).abs().max() < 1e-4
    assert (found.logits.softmax(-1) - told.logits[0, -1].softmax(-1)).abs().max() < 1e-5
    assert all(seconds > 0 for seconds in found.layer_s)


@pytest.mark.parametrize(
    ("start", "end", "prompt", "chunks"),
    [
        (0, 10, 10, [(0, 10)]),
        (0, 10, 7, [(0, 7), (7, 10)]),
        (0, 2 * C + 9, C + 5, [(0, C), (C, C + 5), (C + 5, 2 * C), (2 * C, 2 * C + 9)]),
        (C + 8, C + 88, C + 88, [(C + 8, C + 88)]),
        (5, 5, 9, []),
    ],
)
def test_a_prompt_is_read_in_a_runs_own_chunks(start: int, end: int, prompt: int, chunks: list[tuple[int, int]]):
    assert list(chunks_of(start, end, prompt)) == chunks


@pytest.mark.parametrize("quantization", ["int8", "int4"])
def test_packed_weights_show_their_layers_too(quantization: str):
    packed = take_weights(tiny_model("llama"))
    pack_cpu(packed, quantization, lambda _fraction: None)
    model, ids = Decoder(packed), random_ids(20)
    lens, found = lens_of(model), seen(model, ids, [18, 19])
    assert finished(read_grid(lens, found)).last_layer_diff < 0.01
    assert near(weights(model, ids, 1, range(19, 20)).sum(-1), torch.ones(4, 1), 1e-5)


def test_the_modules_attention_is_restored_and_no_hook_stays():
    module = tiny_model("llama")
    model = ModuleModel(module)
    seen(model, random_ids(9), [8])
    left = lens_of(model).read(random_ids(600), [5], model.new_cache(), 600)
    next(left)
    left.close()
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
    weights(model, random_ids(9), 0, range(8, 9))
    assert module.config._attn_implementation == "sdpa"


def test_what_an_architecture_does_not_show_is_named():
    module = tiny_model("llama")
    lens: Lens = lens_of(ModuleModel(module))
    found = seen(ModuleModel(module), random_ids(9), [8])
    norm, module.model.norm = module.model.norm, None
    with pytest.raises(LensUnavailable, match="llama has no final norm under a known name"):
        lens.unembed(found.states[-1])
    module.model.norm = torch.nn.Identity()  # a path that is not the model's own
    with pytest.raises(LensUnavailable, match="computes its logits in another way"):
        finished(read_grid(lens, found))
    module.model.norm = norm
    module.model.layers.append(module.model.layers[0])
    with pytest.raises(LensUnavailable, match="does not keep its 2 layers in one list"):
        lens_of(ModuleModel(module))
    with pytest.raises(LensUnavailable, match="ScriptModel does not show its layers"):
        lens_of(ScriptModel([1]))  # type: ignore[arg-type]  # no lens can read it: that is the test


@pytest.mark.parametrize("name", BOTH)
def test_a_cache_holds_what_was_watched(name: str):
    model, ids = tiny_language_model(name), random_ids(9)
    cache = model.new_cache()
    deque(lens_of(model).read(ids, [8], cache, prompt_tokens=9), maxlen=0)
    assert cache.length == len(ids)
    again = model.new_cache()
    model.read(torch.tensor([ids]), again)
    more = torch.tensor([[5]])
    assert torch.equal(model.forward(more, cache), model.forward(more, again))


def test_layers_without_attention_are_counted(monkeypatch: pytest.MonkeyPatch):
    model = ModuleModel(tiny_model("llama"))
    told = SimpleNamespace(attentions=(torch.zeros(1, 4, 1, 9), None))
    monkeypatch.setattr("playground.engine.module.module_outputs", lambda *_, **__: told)
    with pytest.raises(LensUnavailable, match="1 of its 2 layers only, so layer 2"):
        weights(model, random_ids(9), 1, range(8, 9))
