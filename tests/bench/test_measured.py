"""The measurements themselves on a tiny model: each form of it is loaded once for all."""

from pathlib import Path
from typing import Any

import pytest

from playground.bench import models
from playground.bench.budget import LEAST, Budget
from playground.bench.result import Result
from playground.bench.suite import turns
from playground.models.catalogue import Catalogue, ModelEntry
from playground.paths import presets_dir
from tests.tiny_runner import endless_folder, of, quick_and_quiet


@pytest.fixture
def entry(tmp_path: Path) -> ModelEntry:
    folder = endless_folder(tmp_path, max_position_embeddings=2048)
    return Catalogue.load(presets_dir(), [folder]).find("tiny-llama")


def measured(entry: ModelEntry, *names: str) -> list[str]:
    """Names of the results, all of which were measured in turn."""
    with quick_and_quiet(), turns(entry, 1e10, Budget(1000, LEAST), names, tokens=4) as chosen:
        results = of(Result, chosen.run())
    assert {result.rounds for result in results} == {LEAST}
    assert all(result.ours > 0 and result.peer > 0 for result in results)
    return [result.name for result in results]


def test_each_form_is_loaded_once_for_all_that_measure_it(entry: ModelEntry, monkeypatch: pytest.MonkeyPatch):
    loaded, load = list[Any](), models.load

    def noted(entry: ModelEntry, form: str, *, device: str, engine: Any) -> Any:
        loaded.append((form, engine))
        return load(entry, form, device=device, engine=engine)

    monkeypatch.setattr(models, "load", noted)
    names = ["loop", "generate", "decoder", "recording", "reuse", "prefill", "lookup", "batch", "reruns"]
    found = measured(entry, *names)
    assert sorted(loaded) == [("fp32", "decoder"), ("fp32", "transformers"), ("int4", "decoder")]
    assert found == [
        "loop over transformers", "loop over decoder", "generate", "decoder", "recording in fp32", "recording in int4",
        "ttft with reuse", "prefill, transformers", "prefill, product", "prompt lookup", "batch of 16", "batch of 32",
        "16 reruns", "64 reruns",
    ]  # fmt: skip


def test_only_what_is_requested_is_measured(entry: ModelEntry):
    assert measured(entry, "quantization", "batch") == ["bf16", "int8", "int4", "batch of 16", "batch of 32"]
