"""A proxy that can't be used is named, with what to do, instead of a missing network."""

import os

import huggingface_hub
import pytest

from playground.errors import PlaygroundError
from playground.models.catalogue import HubSource
from playground.models.hub import fetch_hub
from playground.models.proxy import proxy_problem

NOWHERE = HubSource(kind="hub", repo="nobody/nothing", revision="0" * 40)


@pytest.mark.parametrize("proxy", ["socks4://127.0.0.1:9", "nonsense://127.0.0.1:9"])
def test_a_kind_of_proxy_that_can_not_be_used_is_named_by_the_hub(monkeypatch: pytest.MonkeyPatch, proxy: str):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ALL_PROXY", proxy)
    huggingface_hub.close_session()  # one that an earlier test made would go on without the proxy
    with pytest.raises(PlaygroundError, match=r"^Nothing is not on this machine\. Your proxy .* socks5://"):
        fetch_hub("Nothing", NOWHERE, lambda *_: None)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("ImportError: Using SOCKS proxy, but the 'socksio' package is not installed.", "pysocks and socksio"),
        ("requests.exceptions.InvalidSchema: Missing dependencies for SOCKS support.", "pysocks and socksio"),
        ("ValueError: Unable to determine SOCKS version from socks://127.0.0.1:1080", "write it as http://"),
        ("InvalidURL: Proxy URL had unsupported scheme x, should use http:// or https://", "write it as http://"),
    ],
)
def test_what_pip_and_httpx_say_of_a_proxy_becomes_a_sentence(said: str, words: str):
    assert words in (proxy_problem(said) or "")


def test_another_failure_is_not_laid_on_the_proxy():
    assert proxy_problem("ERROR: Could not find a version that satisfies the requirement") is None
