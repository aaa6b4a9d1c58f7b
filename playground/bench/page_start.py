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


class App:
    """The app in a separate process, started when a page is first needed; the measurements of the page share it."""

    def __init__(self) -> None:
        self._held = contextlib.ExitStack()
        self._url = ""

    @property
    def url(self) -> str:
        """Its address.

        Raises:
            PlaygroundError: It does not come up.
        """
        if not self._url:
            self._url = self._held.enter_context(served())
        return self._url

    def end(self) -> None:
        """End the process, if it runs."""
        self._url = ""
        self._held.close()

    def warm_start_s(self) -> float:
        """Seconds until it has been started again, its model fetched before, and has answered over HTTP on loopback.

        Raises:
            PlaygroundError: It does not come up.
        """
        from gradio_client import Client  # noqa: PLC0415  only the measurements of the page talk to one

        self.end()
        begun = time.perf_counter()
        client = Client(self.url, verbose=False, analytics_enabled=False)
        client.predict("Say hello.", max_new_tokens=1, api_name="/generate")
        return time.perf_counter() - begun


@contextlib.contextmanager
def served() -> Iterator[str]:
    """The address of an app that was started for this.

    Raises:
        PlaygroundError: It does not come up.
    """
    port = _free_port()
    command = [sys.executable, "-c", _START, "serve", "--port", str(port)]
    environment = os.environ | {"GRADIO_ANALYTICS_ENABLED": "False"}
    with ended(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)):
        url = f"http://127.0.0.1:{port}"
        with without_proxies():
            _wait_for(url, time.perf_counter() + _LONGEST_S)
            yield url


@contextlib.contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not outlive the block."""
    try:
        yield process
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
