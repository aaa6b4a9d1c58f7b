"""The page comes up whatever proxy is set: it is on this machine."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.tiny import tiny_folder

SERVE = "from playground.cli.main import main; main()"


def test_the_page_comes_up_behind_proxies_that_lead_nowhere(tmp_path: Path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # httpx, which gradio asks with, makes no client at all with a proxy of the second kind.
    proxies = {"http_proxy": "http://127.0.0.1:9", "ALL_PROXY": "socks4://127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""}
    command = [sys.executable, "-c", SERVE, "serve", "--port", str(port), "--model", str(tiny_folder(tmp_path))]
    log = (tmp_path / "log.txt").open("w+")
    page = subprocess.Popen(command, env={**os.environ, **proxies}, stdout=log, stderr=log)
    try:
        assert answer(page, f"http://127.0.0.1:{port}/") == 200, (tmp_path / "log.txt").read_text()
    finally:
        page.kill()
        page.wait()
        log.close()


def answer(page: subprocess.Popen, url: str) -> int | None:
    """Status of the page once it answers; None if its process ends or takes too long."""
    direct, deadline = urllib.request.build_opener(urllib.request.ProxyHandler({})), time.monotonic() + 120
    while page.poll() is None and time.monotonic() < deadline:
        try:
            with direct.open(url, timeout=5) as reply:
                # Gradio checks its own address right after it listens: a page that fails there ends.
                time.sleep(1)
                return reply.status if page.poll() is None else None
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return None
