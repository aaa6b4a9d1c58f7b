import gc
import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import torch

from playground.errors import NotEnoughMemory, PlaygroundError
from playground.models import loading
from playground.models.catalogue import local_entry
from playground.models.loading import estimate, load, menu, unload
from playground.models.pack_model import is_tied, pack_cuda
from playground.models.placement import available_bytes, choose_kernels, device_name, needs_spreading, pick_device
from playground.models.quantization import reasons
from playground.models.quiet import quiet
from playground.models.storage import weights_bytes
from playground.settings import QUANTIZATIONS
from tests.tiny import ARCHITECTURES, IM_END_ID, tiny_config, tiny_folder, tiny_gguf, tiny_model

IDS = torch.tensor([[5, 200, 17, 40, 3]])


def edited(entry, tmp_path, file: str, **change):
    """A copy of a tiny model with some keys of a JSON file changed."""
    folder = shutil.copytree(entry.source.path, tmp_path / "copy")
    path = folder / file
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    return local_entry(folder, taken=set())


def live_tensor_bytes() -> int:
    """Bytes of all tensors that anything still refers to."""
    gc.collect()
    tensors = [t for t in gc.get_objects() if issubclass(type(t), torch.Tensor) and t.device.type == "cpu"]
    opaque = {id(t): t.nbytes for t in tensors if t.is_mkldnn}  # oneDNN's own memory
    plain = [t.untyped_storage() for t in tensors if not t.is_mkldnn]
    return sum(opaque.values()) + sum({storage.data_ptr(): storage.nbytes() for storage in plain}.values())


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("quantization", QUANTIZATIONS)
def test_every_architecture_loads_in_every_quantization(tiny_entry, arch, quantization):
    loaded = load(tiny_entry(arch), quantization, device="cpu", engine="transformers")
    facts = loaded.facts
    assert torch.isfinite(loaded.module(IDS).logits).all()
    assert facts.weights_bytes == weights_bytes(loaded.module)
    assert (facts.id, facts.source, facts.quantization) == (f"tiny-{arch}", "folder", quantization)
    assert (facts.vocabulary, facts.context_length, facts.has_chat_template) == (288, 512, True)
    assert facts.dtype == {"fp32": "float32", "fp16": "float16"}.get(quantization, "bfloat16")
    assert str(loaded.module.config.dtype) == f"torch.{facts.dtype}"
    assert facts.architecture == loaded.module.config.model_type
    assert not loaded.module.training
    assert not any(p.requires_grad for p in loaded.module.parameters())


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_fewer_bits_are_fewer_bytes(tiny_entry, arch):
    sizes = [load(tiny_entry(arch), q, device="cpu").facts.weights_bytes for q in ("fp32", "bf16", "int8", "int4")]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 4


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("quantization", QUANTIZATIONS)
def test_the_estimate_before_loading_is_what_is_measured_after(tiny_entry, arch, quantization):
    before = estimate(tiny_entry(arch), quantization)
    measured = load(tiny_entry(arch), quantization, device="cpu", engine="transformers").facts.weights_bytes
    ours = load(tiny_entry(arch), quantization, device="cpu").facts.weights_bytes
    assert before.weights_bytes == measured
    assert 0 <= measured - ours <= 128  # our layout holds the rotary frequencies once, transformers twice
    assert before.peak_bytes > before.weights_bytes


def test_two_slots_of_one_process_may_load_at_once(tiny_entry):
    entries = [tiny_entry(arch) for arch in ("llama", "gpt2") * 4]  # both tie their head
    with ThreadPoolExecutor(len(entries)) as pool:
        loaded = list(pool.map(lambda entry: load(entry, "fp32", device="cpu", engine="transformers"), entries))
    assert all(is_tied(one.module) for one in loaded)


def test_fp32_is_the_same_bit_for_bit_after_every_switch(tiny_entry):
    first = load(tiny_entry("llama"), "fp32", device="cpu", engine="transformers").module.state_dict()
    for quantization in ("int4", "int8", "bf16"):
        unload(load(tiny_entry("llama"), quantization, device="cpu", engine="transformers"))
        again = load(tiny_entry("llama"), "fp32", device="cpu", engine="transformers").module.state_dict()
        assert all(torch.equal(first[name], again[name]) for name in first)


def test_the_loaded_weights_are_the_files(tiny_entry):
    made, loaded = (
        tiny_model("qwen3").state_dict(),
        load(tiny_entry("qwen3"), "fp32", device="cpu", engine="transformers").module.state_dict(),
    )
    assert all(torch.equal(made[name], loaded[name]) for name in made)


def test_a_gguf_file_loads_and_packs(tmp_path):
    entry = local_entry(tiny_gguf(tmp_path / "tiny.gguf"), taken=set())
    plain, packed = load(entry, "fp32", device="cpu"), load(entry, "int4", device="cpu")
    assert plain.facts.source == "gguf"
    assert plain.facts.weights_note == "fp32, as the file holds them."
    assert packed.facts.weights_bytes < 0.25 * plain.facts.weights_bytes
    assert packed.tokenizer.decode(packed.tokenizer.encode("the 漢字")) == "the 漢字"


def test_several_eos_ids_are_all_known(tiny_entry, tmp_path):
    entry = edited(tiny_entry("llama"), tmp_path, "generation_config.json", eos_token_id=[7, 9])
    assert load(entry, "fp32", device="cpu").eos_ids == (7, 9, IM_END_ID)


def test_a_model_without_a_chat_template_says_so(tmp_path):
    with quiet():
        entry = local_entry(tiny_folder(tmp_path, "gpt2", chat=False), taken=set())
    assert load(entry, "fp32", device="cpu").facts.has_chat_template is False


def test_nothing_is_written_to_the_terminal(tiny_entry, capfd):
    for quantization in ("fp32", "int4"):
        load(tiny_entry("llama"), quantization, device="cpu")
    assert capfd.readouterr() == ("", "")


def test_unload_gives_the_weights_back(tiny_entry):
    before = live_tensor_bytes()
    loaded = load(tiny_entry("llama"), "fp32", device="cpu")
    assert live_tensor_bytes() >= before + loaded.facts.weights_bytes
    unload(loaded)
    assert loaded.module is None
    assert live_tensor_bytes() == before


def test_resident_memory_stays_flat_over_switches(tmp_path, trials):
    with quiet():
        wide = {"hidden_size": 256, "intermediate_size": 2048}
        entry = local_entry(tiny_folder(tmp_path, "llama", **wide), taken=set())
    process, sizes = psutil.Process(), []
    for _ in range(trials(5, 25)):
        for quantization in ("fp32", "int4", "bf16", "int8"):
            loaded = load(entry, quantization, device="cpu")
            unload(loaded)
            sizes.append(process.memory_info().rss)
    weights = estimate(entry, "fp32").weights_bytes
    print(f"{len(sizes)} switches: {sizes[3] / 2**20:.0f} MB after 4, {sizes[-1] / 2**20:.0f} MB at the end")
    assert sizes[-1] - sizes[3] < weights  # one model left behind a round would be several times this


@pytest.mark.parametrize("where", ["read_tokenizer", "weights_bytes", "end_ids"])
def test_a_failed_load_raises_and_leaves_nothing_allocated(tiny_entry, monkeypatch, where):
    before = live_tensor_bytes()

    def fail(*_arguments):
        raise RuntimeError("a kernel broke")

    monkeypatch.setattr(loading, where, fail)
    with pytest.raises(PlaygroundError, match="tiny-llama cannot be loaded: RuntimeError: a kernel broke") as caught:
        load(tiny_entry("llama"), "int8", device="cpu")
    assert live_tensor_bytes() == before
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "error",
    [MemoryError(), torch.OutOfMemoryError("CUDA"), RuntimeError("DefaultCPUAllocator: can't allocate memory")],
)
def test_running_out_of_memory_says_what_to_do(tiny_entry, monkeypatch, error):
    def fail(*_arguments):
        raise error

    monkeypatch.setattr(loading, "_read", fail)
    with pytest.raises(NotEnoughMemory, match="choose int8, int4 or a smaller model"):
        load(tiny_entry("llama"), "fp32", device="cpu")


def test_a_model_larger_than_the_free_memory_is_refused_before_it_is_read(tiny_entry, monkeypatch):
    monkeypatch.setattr(loading, "_read", None)
    monkeypatch.setattr("playground.models.placement.available_bytes", lambda _: 1000)
    with pytest.raises(NotEnoughMemory, match=r"needs 0\.0 GB .* is free: choose int8, int4 or a smaller model"):
        load(tiny_entry("llama"), "fp32", device="cpu")
    with pytest.raises(NotEnoughMemory, match="choose a smaller model"):
        load(tiny_entry("llama"), "int4", device="cpu")


def test_weights_that_lack_a_tensor_are_refused(tiny_entry, tmp_path):
    entry = edited(tiny_entry("llama"), tmp_path, "config.json", num_hidden_layers=4)
    with pytest.raises(PlaygroundError, match=r"lacks 18 of its weights"):
        load(entry, "fp32", device="cpu")


def test_an_unknown_quantization_names_the_nearest(tiny_entry):
    with pytest.raises(PlaygroundError, match=r"Unknown quantization 'int44': did you mean 'int4'\?"):
        load(tiny_entry("llama"), "int44", device="cpu")


def test_an_unknown_device_names_those_that_are_here():
    with pytest.raises(PlaygroundError, match=r"Device 'tpu' is not on this machine; choose from: .*cpu"):
        pick_device("tpu")


def test_progress_names_what_is_happening(tiny_entry):
    stages: list[str] = []
    load(tiny_entry("llama"), "int8", device="cpu", progress=lambda stage, _: stages.append(stage))
    assert list(dict.fromkeys(stages)) == ["Loading tiny-llama in int8", "Packing tiny-llama to int8"]


def test_the_menu_has_every_quantization_and_all_run_on_this_cpu(tiny_entry):
    assert menu(tiny_entry("llama"), "cpu") == dict.fromkeys(QUANTIZATIONS)


def test_what_cannot_run_has_its_reason():
    odd = reasons("cpu", tiny_config("llama", hidden_size=40, num_attention_heads=2, num_key_value_heads=2))
    assert (odd["fp32"], odd["bf16"]) == (None, None)
    assert odd["int8"] == odd["int4"] == "This model's rows have 40 columns; packed kernels take multiples of 32."
    assert all(reason is None or reason.endswith(".") for reason in reasons("mps").values())
    assert reasons("mps")["int4"]


def test_rows_that_no_kernel_takes_are_refused_by_load(tmp_path):
    with quiet():
        folder = tiny_folder(tmp_path, "llama", hidden_size=40, num_attention_heads=2, num_key_value_heads=2)
    entry = local_entry(folder, taken=set())
    load(entry, "bf16", device="cpu")
    with pytest.raises(PlaygroundError, match="int4 cannot run here: This model's rows have 40 columns"):
        load(entry, "int4", device="cpu")


def test_only_a_gpu_too_small_makes_a_model_spread(monkeypatch):
    monkeypatch.setattr("playground.models.placement.available_bytes", lambda _: 1000)
    assert needs_spreading(1001, "cuda:0")
    assert not needs_spreading(1000, "cuda:0")
    assert not needs_spreading(1001, "cpu")


def test_the_processor_has_a_name_and_free_memory():
    assert device_name("cpu")
    assert 0 < available_bytes("cpu") <= psutil.virtual_memory().total


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_torchaos_int8_keeps_the_answer_and_a_quarter_of_the_bytes(arch):
    model = tiny_model(arch, dtype=torch.bfloat16)
    expected, floats = model(IDS).logits.float(), weights_bytes(model)
    with quiet():
        assert pack_cuda(model, "int8") == []
    got = model(IDS).logits.float()
    assert ((got - expected).norm() / expected.norm()).item() < 0.06
    assert weights_bytes(model) < 0.8 * floats  # a tied table becomes two, of half the bytes each


@pytest.mark.parametrize("quantization", ["fp32", "bf16", "int8"])
def test_a_loaded_model_no_longer_needs_its_file(tmp_path, quantization):
    with quiet():
        folder = tiny_folder(tmp_path, "llama")
    loaded = load(local_entry(folder, taken=set()), quantization, device="cpu", engine="transformers")
    expected = loaded.module(IDS).logits
    weights = folder / "model.safetensors"
    weights.write_bytes(b"\0" * weights.stat().st_size)  # in place: a mapped weight would now be zero
    assert torch.equal(loaded.module(IDS).logits, expected)


def test_attention_that_plans_for_each_length_is_switched_off_on_cuda():
    before = torch.backends.cuda.cudnn_sdp_enabled()
    try:
        choose_kernels("cuda:0")
        assert not torch.backends.cuda.cudnn_sdp_enabled()
    finally:
        torch.backends.cuda.enable_cudnn_sdp(before)
