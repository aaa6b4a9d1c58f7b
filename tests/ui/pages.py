"""Opening a page in a real browser, under watch: no request may leave loopback, no script may fail; and axe."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, Literal

import gradio as gr
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from playground.loopback import listen
from playground.ui.server.serving import Server

OpenPage = Callable[..., Page]
Theme = Literal["light", "dark"]
PATIENCE_S = 90.0  # for what comes in the end: a busy machine is slow, not wrong


@contextmanager
def serving_page(demo: gr.Blocks, **options: Any) -> Iterator[str]:
    """The address of a page, served as the app serves it, on a port that nobody uses."""
    with Server(demo, listen("127.0.0.1", 0), key=b"k" * 32, **options) as server:
        yield server.url


class Browsers:
    """Contexts of one browser, kept from test to test: scripts stay in their caches, and all a page could keep goes.

    A new context costs 2 s of processor: with its first page comes a window, whose parts a browser draws as pages, too.

    A test's first page has the first context, its second one the second: no two share what they store.
    """

    def __init__(self, browser: Browser):
        self._browser = browser
        self._contexts: list[_Context] = []

    def page(self, place: int) -> Page:
        """A new page; `place` counts those of a test from 0."""
        if place == len(self._contexts):
            self._contexts.append(_Context(self._browser))
        return self._contexts[place].pages.new_page()

    def clean(self) -> None:
        """Close every page, and forget what they have stored and were allowed."""
        for context in self._contexts:
            context.clean()


class _Context:
    """One context, and an empty page of it that is never shown: storage is cleared from there."""

    def __init__(self, browser: Browser):
        self.pages = browser.new_context(accept_downloads=True)
        self.pages.set_default_timeout(PATIENCE_S * 1000)
        self._empty = self.pages.new_page()
        self._session = self.pages.new_cdp_session(self._empty)

    def clean(self) -> None:
        origins = set[str]()
        for page in self.pages.pages:
            if page is not self._empty:
                if page.url.startswith("http"):
                    origins.add("/".join(page.url.split("/")[:3]))
                page.close()
        for origin in origins:
            self._session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        self.pages.clear_cookies()
        self.pages.clear_permissions()


@contextmanager
def opening(browsers: Browsers, url: str) -> Iterator[OpenPage]:
    """A function that opens the page in a context without past; problems fail when this ends."""
    opened = count()
    problems: list[str] = []

    def open_it(fragment: str = "", *, width: int = 1440, height: int = 1000, theme: Theme = "light") -> Page:
        page = browsers.page(next(opened))
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=theme)
        _look(page, problems)
        page.goto(url + fragment)
        ready(page)
        return page

    try:
        yield open_it
    finally:
        browsers.clean()
    assert not problems, problems


def _look(page: Page, problems: list[str]) -> None:
    page.on("request", lambda request: _check_address(request.url, problems))
    page.on("pageerror", lambda error: problems.append(f"script error: {error}"))
    page.on("console", lambda message: _check_console(message.type, message.text, problems))


def _check_console(kind: str, text: str, problems: list[str]) -> None:
    cut_off = "AbortError" in text or "Connection errored out" in text  # Gradio's words when a page is left mid-stream
    if kind == "error" and not cut_off:
        problems.append(text)


def _check_address(address: str, problems: list[str]) -> None:
    if not address.startswith(("http://127.0.0.1:", "data:", "blob:")):
        problems.append(f"a request left loopback: {address}")


def ready(page: Page) -> None:
    """Wait until the page has filled itself in."""
    page.locator("#model-select option").first.wait_for(state="attached")
    page.get_by_text("ready", exact=True).first.wait_for(state="attached")  # a link may have another tab in front


def looks(page: Page) -> Iterator[int]:
    """Widths at which a page that was opened narrow and dark is looked at: as it is, then wide and light.

    Colours go by the theme and room by the width, so these two find what four would.
    """
    yield 390
    look_at(page, 1440, "light")
    yield 1440


def look_at(page: Page, width: int, theme: Theme, height: int = 1000) -> None:
    """Give the page another width and theme, and wait until nothing moves: the sidebar slides."""
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_function("width => innerWidth === width", arg=width)
    page.evaluate(_SETTLE)


NARROW: dict[str, Any] = {"width": 390, "theme": "dark"}


def violations(page: Page, within: str | None = None) -> list[tuple[str, list[str]]]:
    """What axe finds wrong in the page as it is now, or in one part of it: rule and the first places.

    Axe does not know `content-visibility`: it takes text that is not drawn to lie over the text below, so all is drawn.
    Nor does it know transitions: a button whose theme has just changed has the colours of neither, so they end first.
    """
    page.evaluate(_DRAW_ALL)
    page.evaluate(_SETTLE)
    found = Axe().run(page, context=within).response["violations"]
    page.evaluate("document.adoptedStyleSheets.pop()")
    return [(one["id"], [_place(node) for node in one["nodes"][:3]]) for one in found]


_DRAW_ALL = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('* { content-visibility: visible !important; }');
  document.adoptedStyleSheets.push(sheet);
}"""


_SETTLE = """async () => {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);  // a change of style begins them
  const ends = (one) => one.playState === 'running' && one.effect.getComputedTiming().endTime !== Infinity;
  await Promise.allSettled(document.getAnimations().filter(ends).map((one) => one.finished));
}"""


def _place(node: dict[str, Any]) -> str:
    """An element and what is wrong with it: for a contrast, the colours that axe saw."""
    why = "; ".join(check["message"] for check in node["any"])
    return f"{node['html'][:200]}: {why}"
