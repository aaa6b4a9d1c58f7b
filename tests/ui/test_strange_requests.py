"""Nothing that a client sends prints a traceback, is answered by an error of ours, or holds the server."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest

from playground.ui.server import bodies, patience, serving
from tests.ui.pages import serving_page
from tests.ui.test_guard import small_page

SLACK_S = 4.0  # for a busy machine
DATA = ["one", "", "", 0.8, 0.95, 0, 0, 1, 5, 2, None, "", [], False]


def _requests(config: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Method, path and body, each strange in another way."""
    run = next(one for one in config["dependencies"] if one["api_name"] == "generate")["id"]
    script = next(one["id"] for one in config["dependencies"] if not one["backend_fn"])
    join: dict[str, Any] = {"data": DATA, "fn_index": run, "session_hash": "strange"}
    wrong: tuple[Any, ...] = (None, [], [1], {}, "x", 7, True, -1, 10**12, 1.5, 1e400, ["x"] * 99)
    for value in wrong:
        for key in ("data", "fn_index", "session_hash", "trigger_id", "event_data", "batched", "event_id"):
            if key != "data" or value != ["x"] * 99:  # more values than needed are left out
                yield "POST", "queue/join", join | {key: value}
        yield "POST", "call/generate", {"data": value}
        yield "POST", "call/generate", value
        yield "POST", "run/predict", join | {"data": value}
        yield "POST", "cancel", {"session_hash": "strange", "fn_index": value, "event_id": value}
        yield "POST", "reset", {"event_id": value}
        part = {"session_hash": "strange", "component_id": 1, "fn_name": "more", "data": "x"}
        yield from (("POST", "component_server", part | {key: value}) for key in part)
    for index in (10**6, script):
        yield from (("POST", path, join | {"fn_index": index}) for path in ("queue/join", "run/predict"))
    yield "POST", "run/nobody", {"data": []}
    yield "POST", "run/generate", {"data": DATA}
    yield "POST", "call/nobody", {"data": []}
    yield "POST", "cancel", {"session_hash": "strange", "fn_index": run, "event_id": "nobody"}
    for path in ("queue/data?session_hash=nobody", "queue/data?session_hash=", "queue/data", "call/generate/nobody",
                 "call/nobody/nobody", "info", "queue/status", "app_id", "theme.css"):  # fmt: skip
        yield "GET", path, None
    for path in ("?deep_link=x", "?deep_link=../../x", "config?deep_link=%00", "?view=api", "static/..%2f..%2fx",
                 "static/%00", "assets/%ff", "svelte/%F0%9F", "config/?__theme=x", "theme.css?x=%%"):  # fmt: skip
        yield "GET", "../" + path, None


def test_nothing_a_client_sends_prints_a_traceback(
    url: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
):
    statuses: list[tuple[int, str, str, str]] = []
    with httpx.Client(base_url=f"{url}gradio_api", timeout=60, trust_env=False) as client:
        for method, path, body in _requests(client.get(f"{url}config").json()):
            content = None if method == "GET" else json.dumps(body)
            address = url + path.removeprefix("../") if path.startswith("../") else path
            with client.stream(method, address, content=content, headers={"content-type": "application/json"}) as reply:
                statuses.append((reply.status_code, method, path, str(content)[:200]))
        event = client.post("call/generate", json={"data": DATA}).raise_for_status().json()["event_id"]
        for status in (200, 404):  # a stream that was read to its end is over
            reply = client.get(f"call/generate/{event}")
            assert reply.status_code == status, reply.text
    out, err = capfd.readouterr()
    assert "Traceback" not in out + err
    assert [record for record in caplog.records if record.exc_info or record.levelname == "ERROR"] == []
    assert [one for one in statuses if one[0] >= 500] == []
    assert sum(status >= 400 for status, *_ in statuses) > len(statuses) / 2


def _connected(url: str) -> socket.socket:
    host, port = url.split("//")[1].strip("/").split(":")
    return socket.create_connection((host, int(port)), timeout=30)


def _is_closed(client: socket.socket) -> bool:
    """Whether the server has ended the connection; what it answered first does not matter."""
    client.settimeout(SLACK_S)
    try:
        while client.recv(65_536):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def test_clients_that_never_end_a_request_are_left_and_hold_up_nobody(monkeypatch: pytest.MonkeyPatch):
    head = b"POST /gradio_api/call/who HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    beginnings = (
        b"",
        b"GET / HT",
        head,
        head + b"content-length: 100\r\n\r\n",
        head + b"content-length: 100\r\n\r\n" + b'{"data',
        head + b"transfer-encoding: chunked\r\n\r\n5\r\n{",
        b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\nGET ",
        b"GET /healthz HTTP/1.1\r\nhost: evil.example\r\ncontent-length: 9\r\n\r\n",
    )
    monkeypatch.setattr(patience.PatientProtocol, "head_s", 1.0)
    monkeypatch.setattr(serving, "KEEP_ALIVE_S", 1)
    monkeypatch.setattr(bodies.Bodies.__init__, "__defaults__", (1.0,))
    me = psutil.Process()
    with contextlib.ExitStack() as stack, serving_page(small_page()) as url:
        files = me.num_fds()
        slow = [stack.enter_context(_connected(url)) for _ in range(100)]
        for number, client in enumerate(slow):
            client.sendall(beginnings[number % len(beginnings)])
        end_s = time.monotonic() + 0.8
        while time.monotonic() < end_s:
            for client in slow[1::9]:  # a byte at a time, which must not move the limit
                client.sendall(b"T")
            begun_s = time.monotonic()
            assert httpx.get(f"{url}healthz", trust_env=False).status_code == 200
            assert time.monotonic() - begun_s < SLACK_S
            time.sleep(0.1)
        assert [number for number, client in enumerate(slow) if not _is_closed(client)] == []
        end_s = time.monotonic() + SLACK_S
        while me.num_fds() > files + len(slow) + 5 and time.monotonic() < end_s:
            time.sleep(0.05)
        assert me.num_fds() <= files + len(slow) + 5  # those left are this test's own ends


def test_connections_have_a_number_that_leaves_files_for_the_rest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patience, "MAX_CONNECTIONS", 5)
    with contextlib.ExitStack() as stack, serving_page(small_page()) as url:
        many = [stack.enter_context(_connected(url)) for _ in range(8)]
        assert [_is_closed(client) for client in many[5:]] == [True] * 3
        many[0].sendall(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
        assert b" 200 " in many[0].recv(100)
