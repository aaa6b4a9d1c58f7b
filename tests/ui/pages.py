"""Opening a page in a real browser, under watch: no request may leave loopback, no script may fail; and axe."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

OpenPage = Callable[..., Page]
Theme = Literal["light", "dark"]
PATIENCE_S = 90.0  # for what comes in the end: a busy machine is slow, not wrong


@contextmanager
def opening(browser: Browser, url: str) -> Iterator[OpenPage]:
    """A function that opens the page in a context of its own; problems fail when this ends."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_it(
        fragment: str = "", *, width: int = 1440, height: int = 1000, theme: Theme = "light", **options: object
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            accept_downloads=True,
            **options,  # type: ignore[arg-type]
        )
        context.set_default_timeout(PATIENCE_S * 1000)
        contexts.append(context)
        page = context.new_page()
        _look(page, problems)
        page.goto(url + fragment)
        ready(page)
        return page

    try:
        yield open_it
    finally:
        for context in contexts:
            context.close()
    assert not problems


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


def violations(page: Page, within: str | None = None) -> list[tuple[str, list[str]]]:
    """What axe finds wrong in the page as it is now, or in one part of it: rule and the first places.

    Axe does not know `content-visibility`: it takes text that is not drawn to lie over the text below, so all is drawn.
    """
    page.evaluate(_DRAW_ALL)
    found = Axe().run(page, context=within).response["violations"]
    page.evaluate("document.adoptedStyleSheets.pop()")
    return [(one["id"], [_place(node) for node in one["nodes"][:3]]) for one in found]


_DRAW_ALL = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('* { content-visibility: visible !important; }');
  document.adoptedStyleSheets.push(sheet);
}"""


def _place(node: dict[str, Any]) -> str:
    """An element and what is wrong with it: for a contrast, the colours that axe saw."""
    why = "; ".join(check["message"] for check in node["any"])
    return f"{node['html'][:200]}: {why}"
