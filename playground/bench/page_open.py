"""What opening the page costs, for `bench`: bytes, layout shift, largest paint, longest task; then what use costs."""

from collections.abc import Iterator
from typing import Any

from playground.bench.alternating import Alternating
from playground.bench.page_use import used
from playground.bench.page_watch import launched
from playground.bench.result import Result, within

_SETTLED_MS = 500
_WATCH = """
window.bench = { shift: 0, paint_ms: 0, task_ms: 0 };
const see = (type, take) =>
  new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
see('layout-shift', (one) => { window.bench.shift += one.value; });
see('largest-contentful-paint', (one) => { window.bench.paint_ms = one.startTime; });
see('longtask', (one) => { window.bench.task_ms = Math.max(window.bench.task_ms, one.duration); });
"""
_ALLOWED = (
    ("sent_bytes", 500_000, "B", "500 kB allowed / bytes sent for a first opening"),
    ("again_bytes", 500_000, "B", "500 kB allowed / bytes sent when it opens again, with what the browser keeps"),
    ("shift", 0.01, "", "0.01 allowed / layout shift while it comes"),
    ("paint_s", 2.5, "s", "2.5 s allowed / largest paint"),
    ("task_s", 0.2, "s", "0.2 s allowed / longest task until it is ready"),
    ("streaming_task_s", 0.05, "s", "50 ms allowed / longest task while an answer streams in Play"),
    ("tab_s", 0.1, "s", "100 ms allowed / slowest change of tabs, with results in them"),
)


def opening(bench: Alternating, url: str) -> Iterator[Result]:
    """A use of a page, then some openings, with the server beside the browser on the same cores."""
    with launched() as browser:
        later = used(browser, url)  # first: an opening of a server that nobody has visited takes twice as long
        seen = bench.rounds(lambda: _opened(browser, url))
    measured = {name: [one[name] for one in seen] for name in seen[0]} | later
    for name, allowed, unit, note in _ALLOWED:
        yield within(f"opening, {name}", allowed, measured[name], unit, note)


def _opened(browser: Any, url: str) -> dict[str, float]:
    """One context: a first opening, and a second one."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page, sent = context.new_page(), list[float]()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sent.append(event["encodedDataLength"]))
    page.add_init_script(_WATCH)
    values = _read(page, url)
    first = sum(sent)
    page.goto("about:blank")
    sent.clear()
    _read(page, url)
    context.close()
    return values | {"sent_bytes": first, "again_bytes": sum(sent)}


def _read(page: Any, url: str) -> dict[str, float]:
    page.goto(url)
    page.get_by_text("ready", exact=True).first.wait_for(state="attached")
    page.wait_for_timeout(_SETTLED_MS)
    found = page.evaluate("window.bench")
    return {"shift": found["shift"], "paint_s": found["paint_ms"] / 1000, "task_s": found["task_ms"] / 1000}
