"""The section of each declared experiment: run, stop, save, export, open; axe, dark, 390 px."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from playground.experiments.documents import parse_document
from playground.experiments.registry import experiments
from playground.runs.experiment import Experiment
from playground.runs.request import PromptRequest, allowed, shown_value
from tests.tiny_runner import endless_folder
from tests.ui.declared import LONG, PROMPTS, QUICK
from tests.ui.lab import MODEL, serving
from tests.ui.pages import Browsers, OpenPage, opening, violations

pytestmark = pytest.mark.browser
OWN = Path(__file__).parents[1] / "declared"  # one file, and no edit elsewhere
ALL = [one for one in experiments(OWN).values() if one.room]  # the others are laid out by hand


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return endless_folder(tmp_path_factory.mktemp("declared-model"))


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory, model: Path) -> Iterator[Callable[[str], str]]:
    """Address of a page with this room; a page of few rooms opens faster."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as served:
        patch.setenv("PLAYGROUND_EXPERIMENTS", str(OWN))
        yield cache(lambda room: served.enter_context(serving(tmp_path_factory, MODEL, model, rooms=(room,))))


@pytest.fixture
def open_declared(
    browsers: Browsers, urls: Callable[[str], str], experiment: Experiment[Any, Any]
) -> Iterator[OpenPage]:
    with opening(browsers, urls(experiment.room.split("/")[0])) as open_it:
        yield open_it


def go(page: Page, experiment: Experiment[Any, Any]) -> None:
    if issubclass(experiment.request, PromptRequest):
        page.get_by_role("tab", name="Play", exact=True).click()  # a reload keeps the tab
        page.get_by_role("textbox", name="Prompt").first.fill("Hello there")
    for tab in experiment.room.split("/"):
        page.get_by_role("tab", name=tab, exact=True).click()
    expect(part(page, experiment, "run")).to_be_visible()
    if issubclass(experiment.request, PromptRequest) and experiment.room in PROMPTS:
        page.locator(f"{PROMPTS[experiment.room]} textarea").fill("Hello there")


def part(page: Page, experiment: Experiment[Any, Any], name: str) -> Locator:
    return page.locator(f"#{experiment.prefix}-{name}")


def status(page: Page, experiment: Experiment[Any, Any]) -> Locator:
    return part(page, experiment, "stage").locator("[data-phase]").first


def fill(page: Page, experiment: Experiment[Any, Any], values: dict[str, Any]) -> None:
    for name, value in values.items():
        place = part(page, experiment, name).locator("input, textarea, select").first
        if isinstance(value, bool):
            place.set_checked(value)
        elif place.evaluate("node => node.tagName") == "SELECT":
            place.select_option(value)
        else:
            place.fill(value)
            place.press("Tab")


def downloaded(page: Page, experiment: Experiment[Any, Any], button: str) -> str:
    with page.expect_download() as download:
        part(page, experiment, button).click()
    return download.value.path().read_text("utf-8")


@pytest.mark.parametrize("experiment", ALL, ids=lambda one: one.name)
def test_a_section_runs_saves_exports_and_opens(
    open_declared: OpenPage, experiment: Experiment[Any, Any], tmp_path: Path
):
    page = open_declared(width=390, height=844, theme="dark")
    go(page, experiment)
    values = QUICK[experiment.name]
    fill(page, experiment, values)
    part(page, experiment, "run").click()
    phase = status(page, experiment)
    expect(phase).to_have_attribute("data-phase", "finished")
    expect(part(page, experiment, "run")).to_be_enabled()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not violations(page, f"#{experiment.prefix}")
    text = downloaded(page, experiment, "save")
    assert isinstance(parse_document(text), experiment.record)
    report = downloaded(page, experiment, "export")
    assert "<script" not in report
    assert experiment.title in report
    hostile = json.loads(text)
    for member in [hostile] if "environment" in hostile else hostile["rungs"]:
        member["environment"]["processor"] = "<img src=x onerror=window.__x=1>${window.__x=1}"
    (tmp_path / "saved.json").write_text(json.dumps(hostile), "utf-8")
    page.reload()
    go(page, experiment)
    part(page, experiment, "open").locator("input[type=file]").set_input_files(tmp_path / "saved.json")
    for name, value in values.items():  # the result, which the address names, came back with the page; these come now
        place = part(page, experiment, name).locator("input, textarea, select").first
        if isinstance(value, bool):
            expect(place).to_be_checked(checked=value)
        else:
            expect(place).to_have_value(value)
    expect(phase).to_have_attribute("data-phase", "finished")
    assert page.evaluate("window.__x") is None


@pytest.mark.parametrize("experiment", [one for one in ALL if one.name in LONG], ids=lambda one: one.name)
def test_stop_ends_it_and_a_wrong_value_is_refused_in_words(open_declared: OpenPage, experiment: Experiment[Any, Any]):
    page = open_declared()
    go(page, experiment)
    items = experiment.request.items()
    number = next(name for name, field in items.items() if "number" in allowed(field))
    fill(page, experiment, {number: "-5"})
    part(page, experiment, "run").click()
    phase = status(page, experiment)
    expect(phase).to_have_attribute("data-phase", "failed")
    expect(part(page, experiment, "stage")).to_contain_text(items[number].title or "")
    fill(page, experiment, {number: str(shown_value(items[number].default))} | LONG[experiment.name])
    part(page, experiment, "run").click()
    expect(phase).to_have_attribute("data-phase", "running")
    part(page, experiment, "stop").click()
    expect(phase).to_have_attribute("data-phase", "stopped")
    expect(part(page, experiment, "run")).to_be_enabled()
