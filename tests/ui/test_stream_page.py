"""The stream of a page's events in a browser: what an event gives is read, however late the stream before it ends."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gradio.context import Context
from playwright.sync_api import expect
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Message, Receive, Scope, Send

from playground.loopback import listen
from playground.ui.app import build_app
from playground.ui.server import serving
from playground.ui.server.serving import Server
from playground.ui.shell.pages import Pages
from tests.scripted import Script, ScriptedRunner
from tests.ui.pages import Browsers, opening, ready, serving_page, violations

pytestmark = pytest.mark.browser
LATE_S = 0.4  # the page sends its next event at once, and has the answer long before
SETTLED = "getComputedStyle(document.querySelector('[data-testid=toast-body]')).opacity === '1'"


class EndsLate(GZipMiddleware):
    """The last message of each stream of events arrives late, as on a busy machine."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def late(message: Message) -> None:
            if b'"close_stream"' in message.get("body", b""):
                await asyncio.sleep(LATE_S)
            await send(message)

        await super().__call__(scope, receive, late)


@pytest.fixture
def late_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    monkeypatch.setenv("GRADIO_ANALYTICS_CACHE_FREQUENCY", "100000")
    monkeypatch.setattr(serving, "GZipMiddleware", EndsLate)
    runner = ScriptedRunner()
    runner.script = Script(count=3)
    list(runner.load("fake-135m", "fp32"))
    with serving_page(build_app(runner, user_presets_dir=tmp_path / "presets", rooms=[])) as url:
        yield url


def test_a_stream_that_ends_late_hides_no_event(browsers: Browsers, late_url: str):
    with opening(browsers, late_url) as open_it:
        page = open_it()
        page.get_by_role("textbox", name="Prompt").fill("one two")
        page.get_by_role("button", name="Run").click()
        expect(page.get_by_role("group", name="Output tokens").locator(".tok")).to_have_count(4)  # with the end
        expect(page.locator(".chip")).to_have_text("finished: end of answer")


def test_a_page_says_that_the_server_is_gone_and_goes_on_with_the_next(
    browsers: Browsers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    monkeypatch.setenv("GRADIO_ANALYTICS_CACHE_FREQUENCY", "100000")
    try:
        with serving_until_stopped(tmp_path, 0) as url:
            page = browsers.page(0)
            page.goto(url)
            ready(page)
            page.get_by_role("textbox", name="Prompt").fill("one two")
            page.get_by_role("button", name="Run").click()
            expect(page.get_by_role("group", name="Output tokens").locator(".tok").nth(2)).to_be_attached()
        expect(page.get_by_test_id("toast-body")).to_be_visible()
        page.wait_for_function(SETTLED)  # it fades in
        assert violations(page) == []
        with serving_until_stopped(tmp_path, int(url.rstrip("/").rpartition(":")[2])):
            page.wait_for_event("load")
            ready(page)
            expect(page.get_by_role("textbox", name="Prompt")).to_have_value("one two")
            expect(page.get_by_role("button", name="Run")).to_be_enabled()
    finally:
        browsers.clean()


@contextmanager
def serving_until_stopped(folder: Path, port: int) -> Iterator[str]:
    before = Context.id
    Context.id = 0  # the next process counts its components from the start, too
    runner = ScriptedRunner()
    runner.script = Script(count=5000, tokens_per_s=5)
    list(runner.load("fake-135m", "fp32"))
    pages = Pages()
    demo = build_app(runner, user_presets_dir=folder / "presets", rooms=[], pages=pages)
    Context.id = max(before, Context.id)
    with Server(demo, listen("127.0.0.1", port), key=b"k" * 32, pages=pages) as server:
        yield server.url
