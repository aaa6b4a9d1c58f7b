"""What watching costs: the decode rate of a run shown by a headless browser, and of an unwatched run."""

import importlib.util
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground.errors import PlaygroundError

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_LONGEST_MS = 300_000
_FORM = "int4"
_WARM = 8  # tokens
# How late a timer comes says how long the page did nothing else; 50 ms is the length from which a task counts as long.
_LATENESS = """() => {
  window.bench = { late_ms: 0 };
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    window.bench.late_ms = Math.max(window.bench.late_ms, now - last - 50);
    last = now;
  }, 50);
}"""


@dataclass(frozen=True)
class Watched:
    """One run in the page.

    Attributes:
        tokens_per_s: Decode rate, from the run's record.
        longest_late_s: The longest delay of a timer of the page.
        stop_s: In a second run, from the click on Stop while tokens stream to "stopped" in the page.
    """

    tokens_per_s: float
    longest_late_s: float
    stop_s: float


def browser_missing() -> str | None:
    """Why no page can be watched here; None if possible."""
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed: install the test extras."
    return None if _chromium() else f"No Chromium is on the path: install one of {', '.join(_NAMES)}."


def _chromium() -> str | None:
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@contextmanager
def launched() -> Iterator[Any]:
    """A headless browser."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  installed with the test extra only

    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-dev-shm-usage"]  # containers often lack what these would need
        browser = playwright.chromium.launch(executable_path=_chromium(), args=flags)
        yield browser
        browser.close()


class Watching:
    """A server, and the two ways to ask it, in turn: int4, whose steps are the shortest."""

    def __init__(self, url: str, prompt: str, tokens: int):
        self._url, self._prompt, self._tokens = url, prompt, tokens

    def warm_up(self) -> None:
        """Have the model loaded, and its first steps done."""
        self._answer(_WARM)

    def alone(self) -> float:
        """Decode rate without a browser, through the API."""
        return _rate(self._answer(self._tokens))

    def watched(self) -> Watched:
        """Decode rate while a headless browser shows the run."""
        with launched() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
            page.goto(f"{self._url}/#max_new_tokens={self._tokens}&seed=7&quantization={_FORM}")
            page.get_by_text("ready", exact=True).first.wait_for(state="attached")
            page.get_by_role("textbox", name="Prompt").fill(self._prompt)
            page.evaluate(_LATENESS)
            page.locator("#run-button").click()
            page.get_by_text("finished: ").first.wait_for(state="attached", timeout=_LONGEST_MS)
            late_s = page.evaluate("window.bench.late_ms") / 1000
            with page.expect_download() as download:
                page.locator("#save-button").click()
            record = json.loads(Path(download.value.path()).read_text("utf-8"))
            stop_s = self._stop_s(page)
        return Watched(_rate(record), late_s, stop_s)

    def _answer(self, tokens: int) -> dict[str, Any]:
        from gradio_client import Client  # noqa: PLC0415  only the measurements of the page talk to one

        client = Client(self._url, verbose=False, analytics_enabled=False)
        settings: dict[str, Any] = {"quantization": _FORM, "max_new_tokens": tokens, "seed": 7}
        return client.predict(self._prompt, **settings, api_name="/generate")[1]

    def _stop_s(self, page: Any) -> float:
        page.locator("#run-button").click()
        page.get_by_text("running", exact=True).first.wait_for(state="attached", timeout=_LONGEST_MS)
        begun_s = time.perf_counter()
        page.locator("#stop-button").click()
        page.get_by_text("stopped", exact=True).first.wait_for(state="attached", timeout=_LONGEST_MS)
        return time.perf_counter() - begun_s


def _rate(record: dict[str, Any]) -> float:
    rate = record["timing"]["decode_tokens_per_s"]
    if rate is None:
        raise PlaygroundError("The answer has one token, so no rate: request a longer one.")
    return rate
