"""What is said before a fetch, and the fetch: from a hub on loopback."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from playground.backends.source import LocalSource
from playground.errors import PlaygroundError
from playground.models.fetch import fetch, is_ready
from playground.models.hub import hub_cache
from playground.models.loading import load
from playground.models.offer import Offer, check_space, offer_of
from tests.hub import COMMIT, Hub, serving_hub


@pytest.fixture
def hub(tmp_path: Path, tiny_entry, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path / "ours"))
    with serving_hub(Hub(tiny_entry("llama").source.path), tmp_path / "hub") as served:
        yield served


def offer(hub: Hub) -> Offer:
    found = offer_of(hub.entry())
    assert found is not None
    return found


def test_an_offer_has_size_licence_place_and_space_and_downloads_nothing(hub: Hub):
    found = offer(hub)
    assert found.fetched_bytes == sum(hub.sizes.values())
    assert found.licence == "mit"
    assert "card" in found.licence_source
    assert "someone/tiny" in found.place
    assert found.free_bytes > 0
    assert not hub.downloads
    assert not is_ready(hub.entry())


def test_a_card_without_a_licence_leaves_it_to_our_list_or_unknown(hub: Hub):
    hub.licence = ""
    assert offer(hub).licence == ""
    listed = offer_of(hub.entry().model_copy(update={"licence": "Apache-2.0"}))
    assert listed is not None
    assert listed.licence == "Apache-2.0"
    assert "list" in listed.licence_source


def test_a_fetch_tells_how_far_it_is_and_what_came_loads(hub: Hub):
    shares: list[float] = []

    def progress(_stage: str, fraction: float | None) -> None:
        if fraction is not None:
            shares.append(fraction)
            if 0 < fraction < 1:
                hub.gate.set()

    fetch(hub.entry(), progress)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert [share for share in shares if 0 < share < 1]
    assert is_ready(hub.entry())
    assert load(hub.entry(), "fp32", device="cpu").facts.source == "hub"


class _StopNow(Exception):
    pass


def test_a_stopped_fetch_ends_soon_and_the_next_one_brings_only_what_is_missing(hub: Hub):
    def blobs() -> list[Path]:
        return list(hub_cache().glob("*/blobs/*"))

    def stop(_stage: str, _fraction: float | None) -> None:
        if len([one for one in blobs() if one.suffix != ".incomplete"]) == len(hub.sizes) - 1:
            raise _StopNow

    with pytest.raises(_StopNow):
        fetch(hub.entry(), stop)
    assert not is_ready(hub.entry())
    hub.gate.set()
    left = blobs()[0].with_name("left.incomplete")
    for part, age_s in ((left, 3600), (left.with_name("grows.incomplete"), 0)):
        part.write_bytes(b"part")
        os.utime(part, (time.time() - age_s,) * 2)
    before = len(hub.downloads)
    fetch(hub.entry())
    assert is_ready(hub.entry())
    assert [name.endswith(".safetensors") for name in hub.downloads[before:]] == [True]
    assert not left.exists()
    assert left.with_name("grows.incomplete").exists()  # perhaps another program's


def test_the_hub_is_asked_for_the_size_once(hub: Hub):
    hub.gate.set()
    LocalSource().fetch(hub.entry(), lambda _stage, _fraction: None)
    assert is_ready(hub.entry())
    assert len([path for path in hub.asked if path.endswith(f"/revision/{COMMIT}")]) == 1


@pytest.mark.parametrize(
    ("refusal", "repo", "words"), [("GatedRepo", "someone/tiny", "licence"), ("", "a/b", "no a/b")]
)
def test_a_refusal_is_said_in_words(hub: Hub, refusal: str, repo: str, words: str):
    hub.refusal = refusal
    with pytest.raises(PlaygroundError, match=words) as caught:
        fetch(hub.entry(repo))
    assert "\n" not in str(caught.value)
    found = offer_of(hub.entry(repo))
    assert found is not None
    assert found.note


def test_without_the_hub_the_offer_says_so_and_estimates(hub: Hub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    found = offer(hub)
    assert found.fetched_bytes is None
    assert found.needed_bytes > 0
    assert "cannot be reached" in found.note


def test_a_disk_that_is_too_small_is_refused_before_the_download(hub: Hub):
    found = offer(hub)
    assert found.fetched_bytes is not None
    small = Offer(10**9, 10**9, 10**8, found.folder, "a hub", "mit", "its card")
    with pytest.raises(PlaygroundError, match="disk space"):
        check_space("Tiny", small)
    assert not hub.downloads
