"""Which run the Inside tab looks into: the newest, be it Play's or a file's, and only the page's own."""

import pytest

from playground.ui.rooms.inside.looked import Looked
from playground.ui.shell.pages import Pages
from tests.calls import request_of
from tests.ui.compare_samples import made_run


@pytest.fixture
def pages() -> Pages:
    return Pages()


def _play(pages: Pages, page: str, prompt: str):
    pages.slot("play").begin(page).record = made_run(["a", "map"]).model_copy(update={"prompt": prompt})


def test_a_run_after_a_file_was_opened_is_looked_into_and_the_other_way_round(pages: Pages):
    looked = Looked(pages)
    assert looked.record(request_of("a")) is None
    _play(pages, "a", "first")
    assert looked.record(request_of("a")).prompt == "first"
    looked.look_at(made_run(["a", "map"]).model_copy(update={"prompt": "of a file"}), request_of("a"))
    assert looked.record(request_of("a")).prompt == "of a file"
    assert "of a file" in looked.summary(request_of("a"))
    _play(pages, "a", "second")
    assert looked.record(request_of("a")).prompt == "second"
    assert looked.record(request_of("b")) is None


def test_a_run_that_has_no_token_yet_leaves_the_one_before(pages: Pages):
    looked = Looked(pages)
    looked.look_at(made_run(["a", "map"]), request_of("a"))
    pages.slot("play").begin("a")
    assert looked.record(request_of("a")) is not None
