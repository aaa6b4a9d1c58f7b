"""Numbers as people write them, read by the page as by Python."""

import pytest
from playwright.sync_api import Page

from playground.numbers import with_a_point
from playground.ui.server.page import page_scripts
from tests.numbers_typed import TYPED

pytestmark = pytest.mark.browser
ASK = (
    "texts => texts.map((text) => [window.playground.numbers.parse(text), window.playground.numbers.withAPoint(text)])"
)


def test_the_page_reads_what_is_typed_as_python_does_and_says_the_same(empty_page: Page):
    empty_page.add_script_tag(content="\n".join(page_scripts()))
    found = empty_page.evaluate(ASK, list(TYPED))
    assert found == [[number, with_a_point(text)] for text, number in TYPED.items()]
