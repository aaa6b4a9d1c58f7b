"""Loading a model into memory, and unloading it."""

import ctypes
import gc
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from playground.errors import NotEnoughMemory, PlaygroundError, nearest, ran_out_of_memory
from playground.models import placement
from playground.models.catalogue import ModelEntry
from playground.models.chat_template import chat_templates
from playground.models.estimate import Estimate, estimate_memory
from playground.models.facts import PLAIN, Findings, KVLayout, ModelFacts
from playground.models.fetch import fetch, is_ready
from playground.models.files import ModelFiles, inspect_files
from playground.models.kv import kv_layout
from playground.models.layout import lay_out
from playground.models.llama import take_weights, unsupported
from playground.models.positions import positions
from playground.models.quantization import DTYPES, activation_dtype, reasons, weights_note
from playground.models.quiet import quiet
from playground.models.reading import read_module, read_tokenizer
from playground.models.storage import count_parameters, paper_bytes, step_bytes, weights_bytes
from playground.models.vocabulary import end_ids
from playground.settings import PACKED, QUANTIZATIONS

Progress = Callable[[str, float | None], None]
Probe = Callable[[Any, str], Callable[[Any], Findings]]
"""Takes transformers' module, the path and the model that computes; returns the ways that model may be read."""
_ONE_AT_A_TIME = threading.Lock()  # transformers sets its own globals while it loads: two at once lose tied weights
Engine = Literal["auto", "decoder", "transformers"]


@dataclass
class LoadedModel:
    """A model in memory: what the engine needs from it. `unload` empties it."""

    entry: ModelEntry
    module: Any
    tokenizer: Any
    facts: ModelFacts
    eos_ids: tuple[int, ...]
    findings: Findings = PLAIN


def unprobed(_module: Any, _path: str) -> Callable[[Any], Findings]:
    """Accepts every way: for a copy of a model that was probed."""
    return lambda _computes: PLAIN


def load(
    entry: ModelEntry,
    quantization: str,
    *,
    device: str | None = None,
    engine: Engine = "auto",
    probe: Probe = unprobed,
    progress: Progress = lambda _stage, _fraction: None,
) -> LoadedModel:
    """Fetch a model if necessary and load it into memory.

    Args:
        entry: The model.
        quantization: One of `settings.QUANTIZATIONS`.
        device: `cpu`, `cuda`, `cuda:1`, `mps`; None is the best available.
        engine: `auto` lays the weights out for our own decoder where it can run the model; `decoder` and
            `transformers` force one.
        probe: Finds the ways the model may be read. If our decoder is found wrong, transformers' module runs.
        progress: Called with the name of a stage and the fraction done, 0 to 1, or None if unknown.

    Raises:
        PlaygroundError: It cannot run here, does not fit, or its files are broken; nothing stays in memory.
    """
    if quantization not in QUANTIZATIONS:
        raise PlaygroundError(f"Unknown quantization {quantization!r}: {nearest(quantization, list(QUANTIZATIONS))}")
    place = placement.pick_device(device)
    placement.choose_kernels(place)
    folder = fetch(entry, progress)
    with _ONE_AT_A_TIME:
        return _load_fetched(entry, folder, quantization, place, engine, probe, progress)


def _load_fetched(
    entry: ModelEntry, folder: Path, quantization: str, place: str, engine: Engine, probe: Probe, progress: Progress
) -> LoadedModel:
    files = inspect_files(entry, folder)
    _check_can_run(entry, files, quantization, place)
    progress(f"Loading {entry.title} in {quantization}", None)
    chat_templates().start()
    try:
        with quiet(), torch.no_grad():
            loaded = _load(entry, files, quantization, place, engine, probe, progress)
        _trim(place)  # what was held while loading
        return loaded
    except PlaygroundError as error:
        failure = error.with_traceback(None)
    except Exception as error:  # transformers and safetensors raise any type for a file they cannot read
        failure = _in_words(error, entry, quantization)
    # Outside the handlers, where no traceback still holds the half-made model.
    _give_back(place)
    raise failure


def _in_words(error: Exception, entry: ModelEntry, quantization: str) -> PlaygroundError:
    if ran_out_of_memory(error):
        less = "choose a smaller model" if quantization in PACKED else "choose int8, int4 or a smaller model"
        return NotEnoughMemory(f"Memory ran out while {entry.title} was loaded in {quantization}: {less}.")
    why = " ".join(str(error).split())[:300]
    return PlaygroundError(f"{entry.title} cannot be loaded: {type(error).__name__}: {why}")


def unload(loaded: LoadedModel) -> None:
    """Drop the weights and give their memory back to the system."""
    device = loaded.facts.device
    loaded.module = loaded.tokenizer = None
    _give_back(device)


def menu(entry: ModelEntry, device: str | None = None) -> dict[str, str | None]:
    """For each quantization None if this model can run in it here, else a sentence why not."""
    config = inspect_files(entry, fetch(entry)).config if is_ready(entry) else None
    return reasons(placement.pick_device(device), config)


def estimate(entry: ModelEntry, quantization: str, device: str = "cpu") -> Estimate:
    """Predicted weights and peak of a load, in bytes: exact once the model is here, else from its parameter count."""
    files = inspect_files(entry, fetch(entry)) if is_ready(entry) else None
    return estimate_memory(entry, files, quantization, device)


def _check_can_run(entry: ModelEntry, files: ModelFiles, quantization: str, device: str) -> None:
    reason = reasons(device, files.config)[quantization]
    if reason:
        raise PlaygroundError(f"{quantization} cannot run here: {reason}")
    needed, free = estimate_memory(entry, files, quantization, device).peak_bytes, _free_bytes(device, quantization)
    if needed > free:
        raise NotEnoughMemory(
            f"{entry.title} in {quantization} needs {needed / 1e9:.1f} GB while it loads and {free / 1e9:.1f} GB of "
            f"memory is free: choose {'' if quantization in PACKED else 'int8, int4 or '}a smaller model."
        )


def _free_bytes(device: str, quantization: str) -> int:
    """Memory for the weights; plain ones can be spread from a GPU over others and the CPU, packed ones cannot."""
    if device.startswith("cuda") and quantization not in PACKED:
        return sum(placement.available_bytes(f"cuda:{i}") for i in range(torch.cuda.device_count())) + _free_bytes(
            "cpu", quantization
        )
    return placement.available_bytes(device)


def _load(
    entry: ModelEntry,
    files: ModelFiles,
    quantization: str,
    device: str,
    engine: Engine,
    probe: Probe,
    progress: Progress,
) -> LoadedModel:
    module = _read(entry, files, quantization, device)
    parameters, vocabulary = count_parameters(module), module.get_output_embeddings().weight.shape[0]
    tokenizer = read_tokenizer(entry.title, files, module.get_input_embeddings().weight.shape[0])
    eos_ids = end_ids(entry.title, files, tokenizer)
    if problem := chat_templates().check(tokenizer):
        progress(problem, None)
    path = _path(entry, module, engine)
    judge = probe(module, path)
    module = take_weights(module) if path == "decoder" else module
    findings = judge(module)
    if findings.refused and path == "decoder" and engine == "auto":
        del module, judge
        return _load(entry, files, quantization, device, "transformers", probe, progress)
    if findings.refused:
        raise PlaygroundError(f"{entry.title} can't be run: {findings.refused}")
    stage = f"Packing {entry.title} to {quantization}"
    left = lay_out(module, quantization, device, lambda part: progress(stage, part))
    dtype = activation_dtype(quantization)
    facts = ModelFacts(
        id=entry.id,
        title=entry.title,
        source=entry.source.kind,
        architecture=module.config.model_type,
        path=path,
        parameters=parameters,
        quantization=quantization,
        weights_note=weights_note(quantization, files.checkpoint, dequantised=files.dequantised, left=left),
        weights_bytes=weights_bytes(module),
        paper_bytes=paper_bytes(parameters, quantization),
        step_bytes=step_bytes(module),
        kv=KVLayout(()) if "cache" in findings.limits else kv_layout(module.config, dtype),
        context_length=_context_length(entry, module.config, tokenizer),
        vocabulary=vocabulary,
        device=device,
        device_name=placement.device_name(device),
        dtype=str(dtype).removeprefix("torch."),
        has_chat_template=bool(tokenizer.chat_template),
        limits=findings.sentences,
        is_plain=findings.is_plain,
    )
    return LoadedModel(entry, module, tokenizer, facts, eos_ids, findings)


def _path(entry: ModelEntry, module: Any, engine: Engine) -> str:
    """Which code computes a step."""
    spread = len(set((getattr(module, "hf_device_map", None) or {}).values())) > 1
    reason = "it is spread over several devices" if spread else unsupported(module.config)
    if engine == "decoder" and reason:
        raise PlaygroundError(f"Our decoder can't run {entry.title}: {reason}.")
    return "transformers" if reason or engine == "transformers" else "decoder"


def _read(entry: ModelEntry, files: ModelFiles, quantization: str, device: str) -> Any:
    """The float model: in the requested dtype, or, if it will be packed, in the file's (bf16 on CUDA)."""
    packed_dtype = files.dtype if device == "cpu" else torch.bfloat16
    needed = estimate_memory(entry, files, quantization, device).peak_bytes
    where = None if device == "cpu" else "auto" if placement.needs_spreading(needed, device) else device
    return read_module(entry.title, files, DTYPES.get(quantization, packed_dtype), where)


def _context_length(entry: ModelEntry, config: Any, tokenizer: Any) -> int | None:
    """From the config, else the catalogue, else the tokenizer; None if the model sets no limit."""
    text = config.get_text_config(decoder=True)
    own = positions(lambda name: getattr(text, name, None)) or entry.context_length
    return own or positions(lambda name: getattr(tokenizer, name, None))


def _give_back(device: str) -> None:
    """Free unreferenced memory; cycles need the collector, which takes a tenth of a second or more."""
    gc.collect()
    _trim(device)


def _trim(device: str) -> None:
    """Return freed memory to the system."""
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
    elif device == "mps":
        torch.mps.empty_cache()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):  # glibc keeps freed pages otherwise; musl has no such call
            libc.malloc_trim(0)
