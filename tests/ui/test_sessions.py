"""What the server keeps of a session: all of it while its client is there, and little of those who have gone."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import gradio as gr
import httpx
import pytest

from playground.ui.app import build_app
from playground.ui.server import sessions
from playground.ui.shell.listeners import Listeners
from playground.ui.shell.pages import Pages
from tests.scripted import ScriptedRunner
from tests.ui.pages import PATIENCE_S, serving_page

_KEPT_S = 0.3


@dataclass
class Served:
    """A page that is served, and a client of it."""

    demo: gr.Blocks
    pages: Pages
    client: httpx.Client

    def held(self) -> set[str]:
        """Every session of which anything is kept."""
        queue = self.demo._queue
        kept = {*self.demo.state_holder.session_data, *self.demo.state_holder.time_last_used, *self.pages.sessions()}
        return kept | {*queue.pending_messages_per_session, *queue.pending_event_ids_session}

    def send(self, session: str) -> None:
        """A run of four tokens, to which nobody listens yet."""
        data = ["one", "", "", 0.8, 0.95, 0, 0, 1, 5, 4, None, "", [], False]
        generate = next(index for index, event in self.demo.fns.items() if event.api_name == "generate")
        body = {"data": data, "fn_index": generate, "session_hash": session}
        self.client.post("queue/join", json=body).raise_for_status()

    def read(self, session: str) -> str:
        """The stream to its end."""
        return self.client.get("queue/data", params={"session_hash": session}).raise_for_status().text

    @contextmanager
    def heartbeat(self, session: str) -> Iterator[None]:
        """Inside the block, the page is open."""
        with self.client.stream("GET", f"heartbeat/{session}") as answer:
            lines = answer.iter_lines()  # held: without it the connection closes
            next(lines)
            yield


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        patch.setattr(sessions, "_LOOK_S", 0.05)
        pages = Pages(Listeners())
        folder = tmp_path_factory.mktemp("presets")
        demo = build_app(ScriptedRunner(), user_presets_dir=folder, rooms=[], pages=pages)
        with (
            serving_page(demo, pages=pages) as url,
            httpx.Client(base_url=f"{url}gradio_api", timeout=PATIENCE_S, trust_env=False) as client,
        ):
            yield Served(demo, pages, client)


def _until(what: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_of_those_who_have_gone_few_are_kept(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sessions, "MAX_GONE", 3)
    for number in range(8):
        served.send(f"program{number}")
        assert "process_completed" in served.read(f"program{number}")
    _until(lambda: served.held() == {"program5", "program6", "program7"})


def test_a_page_is_kept_while_it_is_open_and_goes_a_while_after(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sessions, "KEPT_S", _KEPT_S)
    with served.heartbeat("page"):
        served.send("page")
        served.read("page")
        document = served.pages.slot("play").keep("page")
        served.send("other")
        served.read("other")
        _until(lambda: served.held() == {"page"})
        assert "page" in served.demo.state_holder
        assert served.pages.slot("play").last("page") is document
    _until(lambda: not served.held())


def test_work_that_was_sent_for_is_kept_until_it_is_over(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sessions, "KEPT_S", 0.0)
    served.send("slow")
    time.sleep(_KEPT_S)
    assert '"success":true' in served.read("slow")
    _until(lambda: not served.held())


def test_gradios_own_limits_are_small(served: Served):
    """More sessions and past events than this are dropped, however fast they come."""
    assert served.demo.state_holder.capacity == sessions.MAX_SESSIONS
    served.send("first")
    served.send("second")
    assert len(served.demo._queue.event_analytics) == 1
    for session in ("first", "second"):
        served.read(session)
