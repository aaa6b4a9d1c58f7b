"""A kind of model is probed once on a machine; what was found is kept, and only for that kind."""

from pathlib import Path
from typing import Any

import pytest
from transformers import BertConfig, Lfm2Config

from playground.backends import prober
from playground.backends.local import LocalBackend
from playground.backends.prober import Prober
from playground.errors import PlaygroundError
from playground.models.catalogue import ModelEntry, local_entry
from playground.models.llama import LlamaWeights
from playground.models.loading import LoadedModel, load
from playground.models.quiet import quiet
from tests.tiny import VOCABULARY, tiny_folder, tiny_model, tiny_tokenizer

_LFM2 = Lfm2Config(
    vocab_size=VOCABULARY, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, layer_types=["conv", "full_attention"], block_auto_adjust_ff_dim=False,
    max_position_embeddings=512,
)  # fmt: skip


def _entry(folder: Path, module: Any) -> ModelEntry:
    with quiet():
        module.save_pretrained(folder)
        tiny_tokenizer().save_pretrained(folder)
    return local_entry(folder, taken=set())


def _load(entry: ModelEntry, findings: Path, **options: Any) -> LoadedModel:
    return load(entry, "fp32", device="cpu", probe=Prober(findings), **options)


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is probed, each time it is."""
    seen: list[str] = []
    for name in ("probe_module", "sample_of"):
        work = getattr(prober, name)
        monkeypatch.setattr(prober, name, lambda module, name=name, work=work: (seen.append(name), work(module))[1])
    return seen


def test_the_second_load_probes_nothing_and_finds_the_same(tmp_path: Path, probes: list[str]):
    entry = _entry(tmp_path / "lfm2", tiny_model(made=_LFM2))
    first = _load(entry, tmp_path / "findings")
    assert probes == ["probe_module"]
    second = _load(entry, tmp_path / "findings")
    assert probes == ["probe_module"]
    assert second.findings == first.findings
    assert set(second.findings.limits) == {"rewind"}
    assert second.facts.limits == first.facts.limits == first.findings.sentences


def test_other_weights_of_the_same_kind_are_known_and_another_shape_is_not(tmp_path: Path, probes: list[str]):
    for seed in (0, 1):
        _load(local_entry(tiny_folder(tmp_path / str(seed), seed=seed), taken=set()), tmp_path / "findings")
    assert probes == ["sample_of"]
    _load(local_entry(tiny_folder(tmp_path / "wide", hidden_size=96), taken=set()), tmp_path / "findings")
    assert probes == ["sample_of"] * 2


def test_findings_that_are_not_whole_are_found_again(tmp_path: Path, probes: list[str]):
    entry = local_entry(tiny_folder(tmp_path), taken=set())
    _load(entry, tmp_path / "findings")
    (file,) = (tmp_path / "findings").iterdir()
    file.write_text('{"positions": tr')
    _load(entry, tmp_path / "findings")
    assert probes == ["sample_of"] * 2


def test_a_folder_that_cannot_be_written_costs_a_probe_only(tmp_path: Path):
    (tmp_path / "findings").write_text("a file where the folder should be")
    assert _load(local_entry(tiny_folder(tmp_path), taken=set()), tmp_path / "findings").findings.limits == {}


def test_where_our_decoder_differs_the_module_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def wrong(module: Any) -> LlamaWeights:
        weights = take(module)
        weights.inverse_frequencies *= 1.5
        return weights

    take = load.__globals__["take_weights"]
    monkeypatch.setitem(load.__globals__, "take_weights", wrong)
    entry = local_entry(tiny_folder(tmp_path), taken=set())
    loaded = _load(entry, tmp_path / "findings")
    assert (loaded.facts.path, loaded.findings.refused) == ("transformers", None)
    with pytest.raises(PlaygroundError, match="decoder"):
        _load(entry, tmp_path / "findings", engine="decoder")


def test_a_model_that_looks_ahead_is_refused_at_load(tmp_path: Path):
    config = BertConfig(vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
                        intermediate_size=32, pad_token_id=None)  # fmt: skip
    with pytest.raises(PlaygroundError, match="left to right"):
        _load(_entry(tmp_path / "bert", tiny_model(made=config)), tmp_path / "findings")


def test_a_backend_says_whether_it_can_batch(tmp_path: Path):
    loaded = _load(_entry(tmp_path / "lfm2", tiny_model(made=_LFM2)), tmp_path / "findings")
    assert "batch" in LocalBackend(loaded).capabilities
