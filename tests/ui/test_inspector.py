"""The inspector shows what a run's file holds, and a dash for what it does not."""

from collections.abc import Iterator

import gradio as gr
import pytest
from playwright.sync_api import Page, expect

from playground.ui.components.feed import Feeds
from playground.ui.components.tokens import inspector, token_view
from playground.views.compare import run_lines
from tests.ui.compare_samples import made_run
from tests.ui.pages import serving_page

pytestmark = pytest.mark.browser
ROOMS = ()

RUN = made_run(["one", " two", " three"])


@pytest.fixture
def opened_url(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A page with the answer of an opened run and its inspector."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setenv("GRADIO_ANALYTICS_CACHE_FREQUENCY", "100000")  # Gradio's own statistics warn with pandas 3
    with gr.Blocks(analytics_enabled=False) as demo:
        tokens = token_view(pane="it", more=Feeds().more())
        inspector(pane="it")
        demo.load(lambda: run_lines(RUN), None, tokens)
    with serving_page(demo) as url:
        yield url


def test_an_opened_run_shows_no_count_that_its_file_does_not_hold(empty_page: Page, opened_url: str):
    page = empty_page
    page.goto(opened_url)
    page.locator(".tok").nth(1).hover()
    expect(page.get_by_text("token 2 of 3")).to_be_visible()
    shown = {key: page.locator(f'[data-k="{key}"]').text_content() for key in ("top_k", "top_p", "min_p")}
    assert shown == {"top_k": "–", "top_p": "–", "min_p": f"{RUN.tokens[1].kept} tokens"}  # noqa: RUF001  the page's sign for no figure
