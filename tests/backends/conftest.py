"""Tiny models for the tests of this layer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from playground.backends.slot import ModelSlot
from tests.tiny_runner import endless_folder, make_slot, quick_and_quiet


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
