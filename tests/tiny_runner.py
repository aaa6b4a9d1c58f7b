"""A runner over tiny random models, and what its tests share."""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import torch

from playground.backends.prober import Prober
from playground.backends.slot import ModelSlot
from playground.backends.source import LocalSource
from playground.data.presets import Hardware
from playground.models.catalogue import Catalogue
from playground.models.quiet import quiet
from playground.paths import presets_dir
from playground.runs import devices
from playground.runs.records import RunRecord
from playground.runs.runner import Runner
from playground.runs.updates import RunRequest, Update
from playground.settings import make_settings
from tests.engine.helpers import recorded
from tests.tiny import CHAT_TEMPLATE, tiny_folder

T = TypeVar("T")
_FINDINGS = tempfile.TemporaryDirectory(prefix="findings-")  # an architecture is probed once in a process
TIMED = "{{ strftime_now('%f') }} " + CHAT_TEMPLATE  # other ids at every moment
HARDWARE = Hardware(id="bench", title="Bench", usd_per_hour=3600.0, watts=100.0, source="made up for tests")


@contextmanager
def quick_and_quiet() -> Iterator[None]:
    """One thread of torch, and no second spent on the machine's memory bandwidth or idle power."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(devices, "measure_bandwidth", lambda device: 1e10)
        patch.setattr(devices, "measure_idle", lambda device, watts, idle_watts: None)
        yield
    torch.set_num_threads(threads)


def endless_folder(parent: Path, arch: str = "llama", **config: Any) -> Path:
    """A tiny model that knows no end of an answer, so that only the settings end one."""
    with quiet():
        folder = tiny_folder(parent, arch, eos_token_id=None, **config)
    path = folder / "tokenizer_config.json"
    tokenizer = json.loads(path.read_text())
    del tokenizer["eos_token"]
    path.write_text(json.dumps(tokenizer))
    return folder


def make_slot(*folders: Path) -> ModelSlot:
    return ModelSlot(Catalogue.load(presets_dir(), folders), "cpu", LocalSource(Prober(Path(_FINDINGS.name))))


def make_runner(slot: ModelSlot) -> Runner:
    return Runner(slot, HARDWARE)


def request(prompt: str = "Hello there", model: str = "tiny-llama", quantization: str = "fp32", **settings: Any):
    return RunRequest(prompt, model, quantization, make_settings(**{"max_new_tokens": 12, "seed": 7, **settings}))


def of(kind: type[T], updates: Iterable[Any]) -> list[T]:
    return [update for update in updates if isinstance(update, kind)]


def record_of(updates: Iterable[Update]) -> RunRecord:
    (record,) = of(RunRecord, updates)
    return record


def answer(runner: Runner, asked: RunRequest) -> RunRecord:
    return record_of(runner.start(asked))


def ids(record: RunRecord) -> list[int]:
    return [token.id for token in record.tokens]


def before_each_forward(slot: ModelSlot, action: Callable[[int], None]) -> None:
    """Call this with the number of the forward pass, before each one of the model in memory."""
    assert slot.backend is not None
    slot.backend.text_model, _ = recorded(slot.backend.text_model, action)
