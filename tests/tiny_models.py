"""Tiny models, and runners over them, for the tests of every layer."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from playground.backends.local import LocalBackend
from playground.backends.slot import ModelSlot
from playground.models.loading import LoadedModel, load
from playground.runs.runner import Runner
from tests.tiny_runner import endless_folder, make_runner, make_slot, quick_and_quiet


@pytest.fixture(scope="session", autouse=True)
def _quick() -> Iterator[None]:
    with quick_and_quiet():
        yield


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    parent = tmp_path_factory.mktemp("tiny")
    return [endless_folder(parent, arch) for arch in ("llama", "gemma3", "gpt2")]


@pytest.fixture
def slot(folders: list[Path]) -> ModelSlot:
    return make_slot(*folders)


@pytest.fixture
def runner(slot: ModelSlot) -> Runner:
    return make_runner(slot)


@pytest.fixture(scope="session")
def _loaded(folders: list[Path]) -> LoadedModel:
    return load(make_slot(*folders).catalogue.find("tiny-llama"), "fp32", device="cpu")


@pytest.fixture
def tiny(runner: Runner, slot: ModelSlot, _loaded: LoadedModel) -> Runner:
    """The runner with tiny-llama in memory, whose weights all tests share."""
    slot.backend = LocalBackend(replace(_loaded))
    return runner


@pytest.fixture
def set_template(tiny: Runner, slot: ModelSlot, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """Gives the model in memory another chat template for this test."""
    list(tiny.load("tiny-llama", "fp32"))
    assert slot.backend is not None
    tokenizer = slot.backend.tokenize(lambda tokenizer: tokenizer)
    return lambda template: monkeypatch.setattr(tokenizer, "chat_template", template)
