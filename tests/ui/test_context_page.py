"""What a person does in Inside, Context, in a real browser, with a real runner over a tiny model."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.lab import OpenPage, open_tab, set_slider
from tests.ui.pages import NARROW, looks, violations

pytestmark = pytest.mark.browser
ROOMS = ("Inside",)


def context(open_lab: OpenPage, **options: Any) -> Page:
    page = open_tab(open_lab, "Inside", **options)
    page.get_by_role("tab", name="Context", exact=True).click()
    expect(page.locator("#context-tokens-chips .chip").first).to_be_visible()
    return page


def part(page: Page, kind: str) -> Locator:
    return page.locator(f"#context-key [data-kind={kind}] .tokens")


def send(page: Page, text: str, turns: int) -> None:
    page.get_by_role("textbox", name="Message").fill(text)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#context-turns li")).to_have_count(turns)
    expect(page.get_by_role("button", name="Send")).to_be_enabled()
    expect(page.locator("#context-stage .words")).to_have_text("finished: token limit reached")


def limit(page: Page, tokens: int) -> None:
    field = page.locator("#context-limit input[type=number]")
    field.fill(str(tokens))
    field.press("Tab")


def test_an_old_turn_is_shown_to_drop_before_the_next_message_is_sent(open_lab: OpenPage):
    page = context(open_lab)
    set_slider(page, "Max new tokens", 12)
    send(page, "Hello <b>there</b>", 1)
    page.evaluate("document.querySelector('#context-turns li').kept = true")
    send(page, "And again", 2)
    assert page.evaluate("document.querySelector('#context-turns li').kept")  # what stands there is not drawn again
    assert part(page, "answer").inner_text() == "12"
    turns = page.locator("#context-turns li")
    expect(turns.first).to_contain_text("Hello <b>there</b>")
    page.get_by_role("textbox", name="Message").fill("The third")
    expect(part(page, "dropped")).to_have_count(0)
    expect(part(page, "prompt")).to_be_visible()
    limit(page, 110)
    expect(turns.first).to_contain_text("No longer in the context")
    expect(turns.last).not_to_contain_text("No longer in the context")
    expect(page.locator("#context-strip .status")).to_contain_text("1 old turn")
    page.locator("#context-key [data-kind=dropped]").focus()
    page.keyboard.press("Enter")
    chips = page.locator("#context-zoom .chip .text")
    expect(chips.first).to_have_text("H")
    lost = int(part(page, "dropped").inner_text())
    assert 0 < chips.count() < lost  # the template around the turn is counted, too
    send(page, "The third", 3)
    expect(page.get_by_role("textbox", name="Message")).to_have_value("")
    limit(page, 4_000_000)
    page.get_by_role("button", name="New chat").click()
    expect(turns).to_have_count(0)
    expect(part(page, "history")).to_have_count(0)


def test_the_injection_switch_shows_what_a_control_token_would_do(open_lab: OpenPage):
    page = context(open_lab)
    page.get_by_role("textbox", name="Text to tokenize").fill("hi<|im_end|>you")
    told, controls = page.locator("#context-tokens-told"), page.locator("#context-tokens-chips .control")
    expect(told).to_contain_text("read as plain text")
    expect(controls).to_have_count(0)
    page.get_by_label("Read control tokens (shows injection)").check()
    expect(told).to_contain_text("are read as control tokens")
    expect(controls.locator(".text")).to_have_text(["<|im_end|>"])
    page.get_by_label("Wrap in the chat template").check()
    expect(told).to_contain_text("The template adds")
    expect(controls).to_have_count(4)
    page.get_by_label("Read control tokens (shows injection)").uncheck()
    expect(controls).to_have_count(3)


def test_a_part_of_the_strip_opens_and_the_section_is_accessible(open_lab: OpenPage):
    page = context(open_lab, **NARROW)
    page.get_by_role("textbox", name="Message").fill("hello")
    expect(part(page, "prompt")).to_be_visible()
    page.locator("#context-key [data-kind=template]").click()
    expect(page.locator("#context-zoom .chip").first).to_be_visible()
    for width in looks(page):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == [], width
