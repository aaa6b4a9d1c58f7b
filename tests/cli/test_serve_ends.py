"""The server as a process: pages may wait for it, whatever proxy is set; a signal ends it; a network needs a code."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.tiny_runner import endless_folder

SERVE = "from playground.cli.main import main; main()"
HELD_UP = """
import os, sys, threading, time
from playground.cli.ending import Ending
ending = Ending()
def signal_once_it_waits():
    while not ending._is_waiting:
        time.sleep(0.01)
    os.kill(os.getpid(), int(sys.argv[1]))
threading.Thread(target=signal_once_it_waits).start()
ending.wait()
print("ending", flush=True)
time.sleep(600)
"""
ROOT = Path(__file__).parents[2]
UP_S = 120
AT_MOST_S = 15  # the goal is 5; a busy machine is slower
# httpx, which gradio asks with, makes no client at all with a proxy of the second kind.
NOWHERE = {"http_proxy": "http://127.0.0.1:9", "ALL_PROXY": "socks4://127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""}
LONG = ["hello", "tiny-llama", "fp32", 0.8, 0.95, 0, 0, 1, 7, 30_000, None, "", [], True]


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return endless_folder(tmp_path_factory.mktemp("tiny"), max_position_embeddings=32_768)


@contextmanager
def served(
    model: Path, data: Path, *flags: str, waiting: int = 1, **variables: str
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PLAYGROUND_DATA": str(data)}
    environment |= variables
    command = [sys.executable, "-c", SERVE, "serve", "--port", str(port), "--model", str(model), *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        path = "/" if waiting > 1 else "/healthz"
        # One client for all pages: to make one reads all certificates, which takes the processor from the server.
        with httpx.Client(base_url=url, timeout=UP_S, trust_env=False) as client, ThreadPoolExecutor(waiting) as pages:
            came = [pages.submit(wait_for, process, client, path) for _ in range(waiting)]
        assert [one.result() for one in came] == [200] * waiting
        yield process, url
    finally:
        process.kill()
        process.communicate()


def wait_for(process: subprocess.Popen[bytes], client: httpx.Client, path: str) -> int:
    deadline = time.monotonic() + UP_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            return client.get(path).status_code
        except httpx.ConnectError:  # it does not listen yet; once it does, nobody is turned away
            time.sleep(0.1)
    raise AssertionError("it did not come up")


def listen_to(url: str, heard: threading.Event) -> None:
    try:
        with httpx.stream("GET", url, timeout=UP_S) as reply:
            for piece in reply.iter_text():
                if "generating" in piece or "ALIVE" in piece:
                    heard.set()
    except httpx.TransportError:
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_signal_ends_it_in_the_middle_of_a_run_with_ten_pages_open(
    talker: Path, tmp_path: Path, number: int, trials: Callable[[int, int], int]
):
    with served(talker, tmp_path, waiting=trials(10, 60), **NOWHERE) as (process, url):
        api = f"{url}/gradio_api"
        heard = [threading.Event() for _ in range(11)]
        event = httpx.post(f"{api}/call/generate", json={"data": LONG}, timeout=UP_S).json()["event_id"]
        paths = [f"call/generate/{event}", *(f"heartbeat/page{place}" for place in range(10))]
        for path, one in zip(paths, heard, strict=True):
            threading.Thread(target=listen_to, args=(f"{api}/{path}", one), daemon=True).start()
        assert all(one.wait(UP_S) for one in heard)
        begun = time.monotonic()
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert time.monotonic() - begun < AT_MOST_S
        assert process.returncode in (0, 130)
        assert b"Traceback" not in errors
        assert b"terminate called" not in errors


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_it_at_once_where_the_first_is_held_up(first: int):
    with subprocess.Popen(
        [sys.executable, "-c", HELD_UP, str(int(first))], stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ending\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(AT_MOST_S) == 130
        finally:
            process.kill()


def test_a_network_gets_a_code_and_a_picture_of_it_and_nothing_without(talker: Path, tmp_path: Path):
    with served(talker, tmp_path, "--host", "0.0.0.0") as (process, url):
        assert httpx.get(f"{url}/config").status_code == 401
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    code = re.search(r"Join code: ([A-Z2-9]{8})", output.decode())
    assert code
    assert len(output.decode().splitlines()) > 10  # the picture
    assert process.returncode == 0
