"""What using the page costs, for `bench`: the longest task while an answer streams, and changes of full tabs."""

import statistics
from typing import Any

_LONGEST_MS = 300_000
_ROUNDS = 3
_PROMPT = "Explain in a few words why the sky is blue."
_FRAGMENT = "#max_new_tokens=100&seed=7&quantization=int4"
_RUNS = {  # tabs, their prompts, and their buttons that run and stop
    "Play": ("#prompt", "#run-button", "#stop-button"),
    "Compare": ("#compare-prompt", "#compare-run", "#compare-stop"),
    "Reruns": ("#reruns-prompt", "#reruns-run", "#reruns-stop"),
}
_TABS = ("Compare", "Reruns", "Inside", "Cost", "Play")
_WATCH = """
window.use = { tasks: [] };
const note = (list) => window.use.tasks.push(...list.getEntries().map((one) => [one.startTime, one.duration]));
new PerformanceObserver(note).observe({ type: 'longtask' });
"""
# From the click until the tab is painted; later if a long task follows within half a second.
_CHANGE = """async (name) => {
  const tabs = [...document.querySelectorAll('[role="tab"]')];
  const tab = tabs.find((one) => one.offsetParent && one.textContent.trim() === name);
  const begun = performance.now();
  tab.click();
  await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
  const painted = performance.now();
  await new Promise((over) => setTimeout(over, 500));
  const ends = window.use.tasks.filter(([start]) => start + 1 > begun).map(([start, lasts]) => start + lasts);
  return Math.max(painted, ...ends) - begun;
}"""


def used(browser: Any, url: str) -> dict[str, list[float]]:
    """`streaming_task_s` of an answer in Play, and `tab_s`: every change to the tab whose median is the longest."""
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.add_init_script(_WATCH)
    page.goto(url + _FRAGMENT)
    page.get_by_text("ready", exact=True).first.wait_for(state="attached")
    page.locator("#prompt textarea").fill(_PROMPT)
    longest_ms = [_run(page, name, *places) for name, places in _RUNS.items()]
    rounds = [[page.evaluate(_CHANGE, name) for name in _TABS] for _ in range(1 + _ROUNDS)]
    changes_ms = max(zip(*rounds[1:], strict=True), key=statistics.median)  # in the first round, parts are made
    page.close()
    return {"streaming_task_s": [longest_ms[0] / 1000], "tab_s": [one / 1000 for one in changes_ms]}


def _run(page: Any, name: str, prompt: str, run: str, stop: str) -> float:
    """Runs until the end; the longest task after it began, in ms: shorter ones than 50 ms are not reported."""
    page.get_by_role("tab", name=name, exact=True).click()
    page.locator(f"{prompt} textarea:not(:placeholder-shown)").wait_for()  # a tab takes Play's prompt when it opens
    page.locator(run).click()
    page.locator(f"{stop}:not([disabled])").wait_for(state="attached", timeout=_LONGEST_MS)
    page.evaluate("window.use.tasks.length = 0")
    page.locator(f"{run}:not([disabled])").wait_for(state="attached", timeout=_LONGEST_MS)
    return max((lasts for _, lasts in page.evaluate("window.use.tasks")), default=0)
