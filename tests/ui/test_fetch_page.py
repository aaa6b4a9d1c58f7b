"""A model that is not on this machine: what the page says of it, a fetch that only a person starts, Run before it."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from playground.errors import NotHere
from playground.runs.updates import RunRequest
from playground.settings import Settings
from tests.scripted import Script, ScriptedRunner
from tests.ui.conftest import OpenPage
from tests.ui.pages import NARROW, looks, violations
from tests.ui.test_journeys import ask

pytestmark = pytest.mark.browser
ROOMS = ("Compare", "Reruns")


@pytest.fixture(autouse=True)
def _far(runner: ScriptedRunner) -> Iterator[None]:
    yield
    runner.forget_fetched()


def choose(page: Page, model: str) -> None:
    page.locator("#model-select").select_option(model)


def test_a_choice_fetches_nothing_and_run_keeps_the_answer_and_leads_to_fetch(
    open_page: OpenPage, runner: ScriptedRunner
):
    page = open_page()
    ask(page, "Why is the sky blue?")
    answer = page.get_by_role("group", name="Output tokens")
    said = answer.inner_text()
    choose(page, "fake-far")
    offer = page.locator("#model-offer .offer")
    expect(offer).to_contain_text("724 MB")
    expect(offer).to_contain_text("Apache-2.0")
    expect(offer).to_contain_text("50.0 GB")
    page.locator("#run-button").click()
    show = page.locator("#play-notice .act")
    expect(show).to_be_visible()
    assert answer.inner_text() == said
    assert not violations(page)
    show.click()
    expect(page.locator("#model-fetch")).to_be_focused()
    assert "fake-far" in runner.shelf.missing()
    assert runner.holds("fake-135m", "fp32")

    for tab, run in (("Compare", "#compare-run"), ("Reruns", "#reruns-run")):
        page.get_by_role("tab", name=tab).click()
        page.locator(run).click()
        shown = page.locator(".act").filter(visible=True)
        expect(shown).to_have_count(1)
    assert "fake-far" in runner.shelf.missing()


def test_a_fetch_shows_how_far_it_is_stops_and_goes_on_until_the_model_answers(
    open_page: OpenPage, runner: ScriptedRunner
):
    page, gate = open_page(**NARROW), threading.Event()
    page.evaluate("window.playground.openSidebar()")
    choose(page, "fake-far")
    fetch, stop, offer = page.locator("#model-fetch"), page.locator("#model-fetch-stop"), page.locator("#model-offer")
    expect(fetch).to_be_visible()
    for _ in looks(page):
        assert not violations(page)
    runner.script = Script(between=lambda: gate.wait(60))
    fetch.click()
    with page.expect_response(lambda response: "/run/" in response.url):  # the server knows, before the fetch goes on
        stop.click()
    gate.set()
    expect(fetch).to_be_visible()
    expect(offer).to_contain_text("stopped")
    assert "fake-far" in runner.shelf.missing()
    fetch.click()
    expect(offer).to_be_hidden()
    expect(page.locator("#model-select option", has_text="not on this machine")).to_have_count(0)
    assert "fake-far" not in runner.shelf.missing()
    expect(page.get_by_text("ready", exact=True).first).to_be_attached()
    assert runner.holds("fake-far", "fp32")


def test_a_link_with_a_model_that_is_not_here_fetches_nothing(open_page: OpenPage, runner: ScriptedRunner):
    page = open_page()
    choose(page, "fake-far")
    expect(page.locator("#model-fetch")).to_be_visible()
    page.reload()
    expect(page.locator("#model-fetch")).to_be_visible()
    expect(page.locator("#model-select")).to_have_value("fake-far")
    assert "fake-far" in runner.shelf.missing()


def test_without_fetching_every_start_is_refused(runner: ScriptedRunner):
    own = runner.without_fetching()
    request = RunRequest("Hello", "fake-far", "fp32", Settings())
    for start in (
        lambda: own.start(request),
        lambda: list(own.load("fake-far", "fp32")),
        lambda: list(own.holding("fake-far", "fp32", lambda _: iter(()))),
        lambda: own.check("fake-far", "fp32"),
    ):
        with pytest.raises(NotHere):
            start()
