"""The page in a separate process, for `bench`: time from start to the first token over HTTP."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

from playground.errors import PlaygroundError
from playground.loopback import without_proxies

_LONGEST_S = 120
_START = "from playground.cli.main import main; main()"


def warm_start_s() -> float:
    """Seconds until a freshly started app, its model fetched before, has answered over HTTP on loopback.

    Raises:
        PlaygroundError: It does not come up.
    """
    from gradio_client import Client  # noqa: PLC0415  only this measurement talks to a page

    begun = time.perf_counter()
    with served() as url:
        client = Client(url, verbose=False, analytics_enabled=False)
        client.predict("Say hello.", max_new_tokens=1, api_name="/generate")
        return time.perf_counter() - begun


@contextlib.contextmanager
def served(*flags: str) -> Iterator[str]:
    """The address of an app that was started for this, with more flags of `playground serve`.

    Raises:
        PlaygroundError: It does not come up.
    """
    port = _free_port()
    command = [sys.executable, "-c", _START, "serve", "--port", str(port), *flags]
    environment = os.environ | {"GRADIO_ANALYTICS_ENABLED": "False"}
    with _ended(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)):
        url = f"http://127.0.0.1:{port}"
        with without_proxies():
            _wait_for(url, time.perf_counter() + _LONGEST_S)
            yield url


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]):
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(url: str, deadline: float) -> None:
    while time.perf_counter() < deadline:
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.05)
    raise PlaygroundError(f"The page did not come up at {url} within {_LONGEST_S} s.")
