"""One page over a scripted backend for all tests of a session, and a fresh browser context for each."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from playground.ui.app import build_app
from tests.scripted import Script, ScriptedRunner
from tests.ui.pages import PATIENCE_S, Browsers, OpenPage, opening, serving_page


@pytest.fixture(scope="module")
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ScriptedRunner, str]]:
    """The runner behind the page, and the address of the page, with the rooms that the file is about."""
    runner = ScriptedRunner()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        patch.setenv("GRADIO_ANALYTICS_CACHE_FREQUENCY", "100000")  # Gradio's own statistics warn with pandas 3
        rooms = getattr(request.module, "ROOMS", None)
        demo = build_app(runner, user_presets_dir=tmp_path_factory.mktemp("presets"), rooms=rooms)
        with serving_page(demo) as url:
            yield runner, url


@pytest.fixture
def runner(served: tuple[ScriptedRunner, str]) -> ScriptedRunner:
    """The runner behind the page, as new."""
    runner = served[0]
    runner.script = Script()
    runner.answers.clear()
    if not runner.holds("fake-135m", "fp32"):
        list(runner.load("fake-135m", "fp32"))
    return runner


@pytest.fixture
def url(served: tuple[ScriptedRunner, str], runner: ScriptedRunner) -> str:
    """The page's address."""
    return served[1]


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """A headless browser."""
    sandbox = [] if os.environ.get("PLAYGROUND_BROWSER_SANDBOX") else ["--no-sandbox"]  # containers often lack one
    expect.set_options(timeout=PATIENCE_S * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*sandbox, "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def browsers(browser: Browser) -> Browsers:
    """Its contexts."""
    return Browsers(browser)


@pytest.fixture
def empty_page(browsers: Browsers) -> Iterator[Page]:
    """A page with nothing in it, for what needs a browser and not the app."""
    try:
        yield browsers.page(0)
    finally:
        browsers.clean()


@pytest.fixture
def open_page(browsers: Browsers, url: str) -> Iterator[OpenPage]:
    """Opens the page in a context without past. No request may leave loopback, no script may fail."""
    with opening(browsers, url) as open_it:
        yield open_it
