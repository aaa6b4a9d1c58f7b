"""What this machine asks itself goes through no proxy; everything else still does."""

import os

import httpx
import pytest

from playground.loopback import without_proxies

PROXIES = ("http://127.0.0.1:9", "socks5://127.0.0.1:9", "socks4://127.0.0.1:9", "nonsense://x")


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("before", [None, "example.org"])
def test_clients_made_inside_use_no_proxy_and_the_persons_own_setting_comes_back(
    monkeypatch: pytest.MonkeyPatch, proxy: str, before: str | None
):
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", "example.com")
    monkeypatch.delenv("no_proxy", raising=False)
    if before is not None:
        monkeypatch.setenv("no_proxy", before)
    with without_proxies(), httpx.Client() as client:
        assert not client._mounts
        assert os.environ["ALL_PROXY"] == proxy
    assert os.environ.get("no_proxy") == before
