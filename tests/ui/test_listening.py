"""Work needs a listener: none starts before its stream is open, and none goes on after its stream has closed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from playground.backends.turns import MAX_OF_PERSON
from playground.errors import PlaygroundError
from playground.ui.app import build_app
from playground.ui.server.listening import stream_of
from playground.ui.shell import listeners as listening
from playground.ui.shell.follow import look_in
from playground.ui.shell.listeners import LEFT_S, Listeners
from playground.ui.shell.pages import Pages, ticket_for
from tests.calls import run_async
from tests.scripted import Script, ScriptedRunner
from tests.ui.pages import PATIENCE_S, serving_page

SLACK_S = 3.0  # for a busy machine
KINDS = ("call", "join")
DATA = ["", "", 0.8, 0.95, 0, 0, 1, 5, 4000, None, "", [], False]  # after the prompt
Post = Callable[[str], str]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ScriptedRunner, httpx.Client, int]]:
    """A runner, a client of its page, and the number of the page's Run event."""
    runner = ScriptedRunner()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        patch.setenv("GRADIO_ANALYTICS_CACHE_FREQUENCY", "100000")
        patch.setattr(listening, "OPENS_S", 0.8)
        pages = Pages(Listeners())
        demo = build_app(runner, user_presets_dir=tmp_path_factory.mktemp("presets"), rooms=[], pages=pages)
        with (
            serving_page(demo, pages=pages) as url,
            httpx.Client(base_url=f"{url}gradio_api", timeout=PATIENCE_S, trust_env=False) as client,
        ):
            yield runner, client, _number_of_generate(client)


def _number_of_generate(client: httpx.Client) -> int:
    config = client.get(str(client.base_url).replace("gradio_api/", "config")).json()
    return next(one["id"] for one in config["dependencies"] if one["api_name"] == "generate")


@pytest.fixture
def runner(app: tuple[ScriptedRunner, httpx.Client, int]) -> ScriptedRunner:
    app[0].script = Script(count=5000, tokens_per_s=50)
    app[0].answers.clear()
    return app[0]


@pytest.fixture
def post(app: tuple[ScriptedRunner, httpx.Client, int]) -> Post:
    """Sends a run of this kind; gives the path of its stream."""

    def send(kind: str, prompt: str = "one two", tokens: int = 4000) -> str:
        data = [prompt, *DATA]
        data[9] = tokens
        if kind == "call":
            event = app[1].post("/call/generate", json={"data": data}).raise_for_status().json()["event_id"]
            return f"/call/generate/{event}"
        session = f"s{time.monotonic_ns()}"
        body = {"data": data, "fn_index": app[2], "session_hash": session}
        app[1].post("/queue/join", json=body).raise_for_status()
        return f"/queue/data?session_hash={session}"

    return send


@contextmanager
def _stream(client: httpx.Client, path: str) -> Iterator[Iterator[str]]:
    with client.stream("GET", path) as answer:
        yield answer.iter_lines()


def _until(what: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def _a_normal_run_works(runner: ScriptedRunner, client: httpx.Client, post: Any) -> None:
    runner.answers.clear()
    with _stream(client, post("call", "three", tokens=2)) as lines:
        assert any("three three" in line for line in lines)
    (answer,) = runner.answers
    assert not answer.stopped.is_set()


@pytest.mark.parametrize("kind", KINDS)
def test_what_nobody_listens_to_never_starts(kind: str, app: Any, runner: ScriptedRunner, post: Post):
    path = post(kind)
    time.sleep(listening.OPENS_S + 0.5)
    assert runner.answers == []
    with _stream(app[1], path) as lines:  # who comes late reads why
        assert any("error" in line or 'success":false' in line for line in lines)
    assert runner.answers == []
    _a_normal_run_works(runner, app[1], post)


@pytest.mark.parametrize("kind", KINDS)
def test_a_dropped_stream_ends_the_work(kind: str, app: Any, runner: ScriptedRunner, post: Post):
    with _stream(app[1], post(kind)) as lines:
        next(lines)
        _until(lambda: runner.answers and runner.answers[0].tokens)
    left_s = time.monotonic()
    _until(lambda: runner.answers[0].closed)
    assert time.monotonic() - left_s < 2 + SLACK_S
    _a_normal_run_works(runner, app[1], post)


def test_a_flood_without_listeners_holds_nobody_up(app: Any, runner: ScriptedRunner, post: Post):
    body = {"data": ["one", *DATA], "fn_index": app[2]}
    with httpx.Client(base_url=app[1].base_url, timeout=PATIENCE_S, trust_env=False) as flooder:
        flooder.get(str(app[1].base_url).replace("gradio_api/", "")).raise_for_status()
        for number in range(20):
            status = flooder.post("/queue/join", json=body | {"session_hash": f"flood{number}"}).status_code
            assert status == (200 if number < MAX_OF_PERSON else 429)
        begun_s = time.monotonic()
        _a_normal_run_works(runner, app[1], post)
        assert time.monotonic() - begun_s < PATIENCE_S / 2
        assert len(runner.answers) == 1
        _until(lambda: flooder.post("/queue/join", json=body | {"session_hash": "later"}).status_code == 200)


def test_an_event_with_a_session_is_heard_by_its_own_name(app: Any, runner: ScriptedRunner):
    data = ["one", "", "", 0.8, 0.95, 0, 0, 1, 5, 3, None, "", [], False]
    body = {"data": data, "session_hash": "mine"}
    event = app[1].post("/call/generate", json=body).json()["event_id"]
    with _stream(app[1], f"/call/generate/{event}") as lines:
        assert any("one one one" in line for line in lines)


def test_work_goes_on_for_a_page_that_comes_back_and_ends_for_one_that_does_not(monkeypatch: pytest.MonkeyPatch):
    clock = [100.0]
    monkeypatch.setattr(listening.time, "monotonic", lambda: clock[0])
    listeners = Listeners()
    ticket = Pages(listeners).slot("play").begin("me")
    for pause in (LEFT_S - 0.1, LEFT_S - 0.1):
        with listeners.listening("me"), listeners.listening("me"):
            clock[0] += 60
            assert not ticket.should_stop()
        with listeners.listening("another"):
            clock[0] += pause
            assert not ticket.should_stop()
    clock[0] += LEFT_S
    assert ticket.should_stop()
    assert ticket.stop.is_set()


def test_work_that_never_starts_has_ended(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(listening, "OPENS_S", 0.05)
    ticket = ticket_for(Listeners(), "me")
    started: list[int] = []

    async def look() -> None:
        async for _ in look_in(lambda stop: started.append(1) or [1], ticket):
            pass

    with pytest.raises(PlaygroundError):
        run_async(look())
    assert started == []
    assert ticket.ended.is_set()


@pytest.mark.parametrize(
    ("method", "path", "query", "name"),
    [
        ("GET", "/gradio_api/queue/data", b"session_hash=abc", "abc"),
        ("GET", "/gradio_api/call/generate/1234", b"", "1234"),
        ("GET", "/gradio_api/call/v2/generate/1234", b"", "1234"),
        ("POST", "/gradio_api/call/generate", b"", None),
        ("GET", "/gradio_api/queue/data", b"", None),
        ("GET", "/gradio_api/heartbeat/abc", b"", None),
    ],
)
def test_only_requests_that_read_events_count(method: str, path: str, query: bytes, name: str | None):
    scope = {"type": "http", "method": method, "path": path, "query_string": query}
    assert stream_of(scope) == name
