"""The stream of a page's events in a browser: what an event gives is read, however late the stream before it ends."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Message, Receive, Scope, Send

from playground.ui.app import build_app
from playground.ui.server import serving
from tests.scripted import Script, ScriptedRunner
from tests.ui.pages import Browsers, opening, serving_page

pytestmark = pytest.mark.browser
LATE_S = 0.4  # the page sends its next event at once, and has the answer long before


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
