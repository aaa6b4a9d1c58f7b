"""What the engine's tests share."""

from collections.abc import Iterator
from typing import Any

import pytest

from playground.engine.decoder import Decoder
from playground.engine.model import TextModel
from playground.engine.module import ModuleModel
from playground.models.catalogue import ModelEntry
from playground.models.loading import LoadedModel, load, unload
from tests.models.conftest import default_entry  # noqa: F401  a fixture is found by its name


@pytest.fixture(scope="session")
def default_loaded(default_entry: ModelEntry) -> Iterator[LoadedModel]:  # noqa: F811  the fixture imported above
    """The embedded default model in fp32, as transformers' own module."""
    loaded = load(default_entry, "fp32", device="cpu", engine="transformers")
    yield loaded
    unload(loaded)


@pytest.fixture(scope="session")
def default_module(default_loaded: LoadedModel) -> Any:
    """transformers' module of the default model: what ours is held against."""
    return default_loaded.module


@pytest.fixture(scope="session", params=["transformers", "decoder"])
def default_model(
    request: pytest.FixtureRequest,
    default_entry: ModelEntry,  # noqa: F811  the fixture imported above
    default_loaded: LoadedModel,
) -> Iterator[TextModel]:
    """The embedded default model in fp32, run by transformers and by our own decoder."""
    eos_ids = frozenset(default_loaded.eos_ids)
    if request.param == "transformers":
        yield TextModel(ModuleModel(default_loaded.module), default_loaded.tokenizer, eos_ids)
    else:
        loaded = load(default_entry, "fp32", device="cpu", engine="decoder")
        yield TextModel(Decoder(loaded.module), loaded.tokenizer, eos_ids)
        unload(loaded)
