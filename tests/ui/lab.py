"""One page over a real runner and a tiny endless model, for the tabs of experiments: what they show is computed.

Import `lab_url` and `open_lab` in conftest.py; `violations` and `settle` are plain helpers.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from playground.ui.app import build_app
from tests.tiny_runner import endless_folder, make_runner, make_slot
from tests.ui.pages import Browsers, OpenPage, opening, serving_page

MODEL = "tiny-llama"


@contextmanager
def serving(
    tmp_path_factory: pytest.TempPathFactory, model: str, *folders: Path, rooms: Collection[str] | None = None
) -> Iterator[str]:
    """Address of a page over these models, the first one in memory; `model` is its id."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("lab-gradio")))
        patch.setenv("GRADIO_ANALYTICS_CACHE_FREQUENCY", "100000")  # Gradio's own statistics warn with pandas 3
        runner = make_runner(make_slot(*folders))
        list(runner.load(model, "fp32"))
        presets = tmp_path_factory.mktemp("lab-presets")
        demo = build_app(runner, model=model, user_presets_dir=presets, rooms=rooms)
        with serving_page(demo) as url:
            yield url


@pytest.fixture(scope="module")
def lab_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a page whose model answers at once and never ends by itself, with the rooms that the file is about."""
    folder, rooms = endless_folder(tmp_path_factory.mktemp("lab-model")), getattr(request.module, "ROOMS", None)
    with serving(tmp_path_factory, MODEL, folder, rooms=rooms) as url:
        yield url


@pytest.fixture
def open_lab(browsers: Browsers, lab_url: str) -> Iterator[OpenPage]:
    """Opens the page in a context without past. No request may leave loopback, no script may fail."""
    with opening(browsers, lab_url) as open_it:
        yield open_it


def open_tab(open_lab: Callable[..., Page], name: str, **options: object) -> Page:
    """A fresh page with this tab in front."""
    page = open_lab(**options)
    page.get_by_role("tab", name=name, exact=True).click()
    return page


def set_slider(page: Page, name: str, value: float) -> None:
    """A setting of the sidebar, by its label; opens the sidebar where it is folded."""
    slider = page.get_by_role("slider", name=name, exact=True)
    slider.fill(str(value))
    expect(slider).to_have_value(str(value))
