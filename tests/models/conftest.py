"""Models for the tests of this layer."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from playground.errors import PlaygroundError
from playground.models.catalogue import Catalogue, ModelEntry, local_entry
from playground.models.fetch import fetch
from playground.models.quiet import quiet
from playground.paths import presets_dir
from tests.tiny import tiny_folder


@pytest.fixture(scope="session")
def tiny_entry(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], ModelEntry]:
    """A catalogue entry for a folder with a tiny model of this architecture."""
    made: dict[str, ModelEntry] = {}

    def entry(arch: str) -> ModelEntry:
        if arch not in made:
            with quiet():
                folder = tiny_folder(tmp_path_factory.mktemp("tiny"), arch)
            made[arch] = local_entry(folder, taken=set())
        return made[arch]

    return entry


@pytest.fixture(scope="session")
def default_entry(model_cache: Path) -> ModelEntry:
    """The embedded default model, on this machine."""
    entry = Catalogue.load(presets_dir()).default
    try:
        fetch(entry)
    except PlaygroundError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    return entry
