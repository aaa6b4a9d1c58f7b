import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from playground.backends import source as source_module
from playground.backends.slot import ModelSlot
from playground.errors import NotEnoughMemory, PlaygroundError
from tests.tiny_runner import answer, ids, make_runner, request


def silent(stage: str, fraction: float | None) -> None:
    pass


def said(slot: ModelSlot) -> list[int]:
    """What the model in memory answers."""
    assert slot.backend is not None
    facts = slot.backend.facts
    return ids(answer(make_runner(slot), request(model=facts.id, quantization=facts.quantization)))


def refuse(monkeypatch: pytest.MonkeyPatch, refused: Callable[[str, str], bool], error: BaseException) -> list[str]:
    """Loads of what is refused fail; returns the quantizations asked for, as they come."""
    real, asked = source_module.load, []

    def load(entry, quantization, **keywords):
        asked.append(f"{entry.id} {quantization}")
        if refused(entry.id, quantization):
            raise error
        return real(entry, quantization, **keywords)

    monkeypatch.setattr(source_module, "load", load)
    return asked


def test_model_and_quantization_switch_in_place(slot: ModelSlot):
    for model, quantization in (("tiny-llama", "fp32"), ("tiny-llama", "int8"), ("tiny-gemma3", "bf16")):
        backend = slot.ensure(model, quantization, silent)
        assert slot.backend is backend
        assert slot.holds(model, quantization)
        assert (backend.facts.id, backend.facts.quantization) == (model, quantization)
        assert len(said(slot)) == 12
    assert not slot.holds("tiny-llama", "int8")


def test_the_model_in_memory_is_not_loaded_again(slot: ModelSlot):
    first = slot.ensure("tiny-llama", "fp32", silent)
    assert slot.ensure("tiny-llama", "fp32", silent) is first


def test_weights_that_were_replaced_are_freed_although_an_old_run_is_still_held(slot: ModelSlot):
    slot.ensure("tiny-llama", "fp32", silent)
    assert slot.backend is not None
    old_backend, weights = slot.backend, weakref.ref(slot.backend.loaded.module)
    old_run = make_runner(slot).start(request())
    for _ in old_run:
        pass
    half_done = make_runner(slot).start(request())
    next(iter(half_done))
    half_done.close()
    slot.ensure("tiny-llama", "int4", silent)
    gc.collect()
    assert weights() is None
    for run in (old_run, half_done):  # a page may still ask
        meters = run.meters()
        assert meters is not None
        assert meters.kv_full_bytes > 0
    assert old_backend.prepare("Still readable", request().settings).ids


@pytest.mark.parametrize("quantization", ["int3", "", "fp32 "])
def test_an_unknown_quantization_is_refused_and_changes_nothing(slot: ModelSlot, quantization: str):
    slot.ensure("tiny-llama", "fp32", silent)
    before = said(slot)
    with pytest.raises(PlaygroundError, match="Unknown quantization"):
        slot.ensure("tiny-llama", quantization, silent)
    assert said(slot) == before


@pytest.mark.parametrize("error", [PlaygroundError("broken"), RuntimeError("bug"), KeyboardInterrupt()])
def test_after_a_failed_load_the_old_model_answers_as_before(
    slot: ModelSlot, monkeypatch: pytest.MonkeyPatch, error: BaseException
):
    slot.ensure("tiny-llama", "fp32", silent)
    before = said(slot)
    refuse(monkeypatch, lambda model, _: model == "tiny-gpt2", error)
    with pytest.raises(type(error)):
        slot.ensure("tiny-gpt2", "fp32", silent)
    assert slot.holds("tiny-llama", "fp32")
    assert slot.loading is None
    assert said(slot) == before


def test_a_folder_that_broke_since_is_refused_and_the_old_model_answers_as_before(slot: ModelSlot, folders: list[Path]):
    slot.ensure("tiny-llama", "fp32", silent)
    before = said(slot)
    weights = folders[2] / "model.safetensors"
    data = weights.read_bytes()
    try:
        weights.write_bytes(data[:-100])
        with pytest.raises(PlaygroundError, match="cut short"):
            slot.ensure("tiny-gpt2", "fp32", silent)
    finally:
        weights.write_bytes(data)
    assert said(slot) == before
    assert slot.ensure("tiny-gpt2", "fp32", silent)


def test_where_two_models_do_not_fit_the_old_one_goes_first(slot: ModelSlot, monkeypatch: pytest.MonkeyPatch):
    slot.ensure("tiny-llama", "fp32", silent)
    assert slot.backend is not None
    old = weakref.ref(slot.backend.loaded.module)
    asked = refuse(monkeypatch, lambda model, _: model == "tiny-gpt2" and old() is not None, NotEnoughMemory("full"))
    slot.ensure("tiny-gpt2", "fp32", silent)
    assert asked == ["tiny-gpt2 fp32"] * 2  # in vain beside the old one, then alone
    assert slot.holds("tiny-gpt2", "fp32")
    assert len(said(slot)) == 12


def test_a_model_that_fits_nowhere_brings_the_old_one_back(slot: ModelSlot, monkeypatch: pytest.MonkeyPatch):
    slot.ensure("tiny-llama", "int8", silent)
    before = said(slot)
    refuse(monkeypatch, lambda model, _: model == "tiny-gpt2", NotEnoughMemory("needs 9.0 GB"))
    with pytest.raises(NotEnoughMemory, match=r"needs 9.0 GB"):
        slot.ensure("tiny-gpt2", "fp32", silent)
    assert slot.holds("tiny-llama", "int8")
    assert said(slot) == before


def test_an_empty_slot_stays_empty_after_a_failure(slot: ModelSlot, monkeypatch: pytest.MonkeyPatch):
    refuse(monkeypatch, lambda *_: True, NotEnoughMemory("full"))
    with pytest.raises(NotEnoughMemory):
        slot.ensure("tiny-llama", "fp32", silent)
    assert slot.backend is None
    assert slot.loading is None


def test_what_is_loading_can_be_told_to_others(slot: ModelSlot):
    seen = []
    slot.ensure("tiny-llama", "int8", lambda *_: seen.append(slot.loading))
    assert seen
    assert {(step.model, step.quantization) for step in seen} == {("tiny-llama", "int8")}
    assert slot.loading is None


@pytest.mark.parametrize("model", ["tiny-lama", "/etc", "../tiny-llama", "", "org/model"])
def test_a_model_that_is_not_of_the_catalogue_is_refused(slot: ModelSlot, model: str):
    with pytest.raises(PlaygroundError, match="tiny-llama"):  # names what there is
        slot.check(model, "fp32")
