"""The bar of a result: nothing to give before there is one; then text, table, picture, report and link."""

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, expect

from tests.scripted import ScriptedRunner
from tests.ui.conftest import OpenPage
from tests.ui.pages import violations

pytestmark = pytest.mark.browser
ROOMS = ("Compare", "Reruns")
PROMPT = "=1+1 <img/src=x> two"
PNG = b"\x89PNG\r\n\x1a\n"


def file_of(page: Page, button: str, folder: Path, choice: str = "") -> Path:
    if choice:
        page.locator(button).click()
        button = f'{button}-menu [data-do="{choice}"]'
    with page.expect_download() as download:
        page.locator(button).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def ran(page: Page) -> Page:
    page.get_by_role("textbox", name="Prompt").first.fill(PROMPT)
    page.locator("#run-button").click()
    expect(page.locator(".chip").first).to_have_text("finished: end of answer")
    return page


def test_every_form_of_a_result_leaves_the_page(open_page: OpenPage, runner: ScriptedRunner, tmp_path: Path):
    page = open_page()
    expect(page.locator("#save-button")).to_have_attribute("aria-disabled", "true")
    page.locator("#save-button").press("Enter")
    expect(page.locator("#play-export ~ .said")).not_to_be_empty()
    ran(page).context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#play-text").click()
    expect(page.locator("#play-export ~ .said")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    record = json.loads(file_of(page, "#save-button", tmp_path).read_text("utf-8"))
    assert copied.startswith(record["text"].strip())
    table = file_of(page, "#play-tsv", tmp_path, "table-file").read_text("utf-8")
    rows = list(csv.reader(table.splitlines(keepends=True), delimiter="\t"))
    assert {"'=1+1", "' =1+1"} & {row[1] for row in rows if len(row) > 2}
    svg = file_of(page, "#play-picture", tmp_path, "svg")
    drawn = ElementTree.parse(svg)
    assert "<img/src=x>" in "".join(drawn.getroot().itertext())
    assert not [one for one in drawn.iter() if one.tag.endswith("}img") or one.tag.endswith("}script")]
    assert file_of(page, "#play-picture", tmp_path, "png").read_bytes().startswith(PNG)
    assert file_of(page, "#play-export", tmp_path).read_text("utf-8").startswith("<!doctype html>")
    assert len(runner.answers) == 1


def test_the_bar_fits_a_phone_and_a_link_has_the_place(open_page: OpenPage):
    page = ran(open_page(width=390, theme="dark"))
    page.locator("#play-picture").click()
    expect(page.get_by_role("menuitem", name="PNG")).to_be_focused()
    assert not violations(page)
    page.keyboard.press("Escape")
    expect(page.locator("#play-picture")).to_be_focused()
    page.get_by_role("tab", name="Compare").click()
    page.locator("#compare-link").click()
    page.wait_for_function("location.hash.includes('tab=Compare') && location.hash.includes('prompt=')")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert not violations(page)


def linked(page: Page, button: str) -> str:
    page.locator(button).click()
    page.wait_for_function("location.hash.includes('prompt=')")
    return page.evaluate("location.hash")


def test_a_link_holds_what_its_section_asks_for(open_page: OpenPage, runner: ScriptedRunner):
    page = open_page()
    page.get_by_role("tab", name="Compare").click()
    page.locator("#compare-prompt textarea").fill(PROMPT)
    page.get_by_role("button", name="+ Add a pane").click()
    page.get_by_label("value of this pane").fill("1.5")
    page.keyboard.press("Enter")
    page.get_by_text("fair timing").click()
    other = open_page(linked(page, "#compare-link"))
    expect(other.locator("#compare-C-settings")).to_contain_text("1.5")
    expect(other.locator("#compare-B-settings")).to_be_visible()
    expect(other.get_by_label("fair timing")).to_be_checked()
    expect(other.locator("#compare-prompt textarea")).to_have_value(PROMPT)
    page.get_by_role("tab", name="Reruns").click()
    page.locator("#rerun-count input").fill("64")
    page.locator("#rerun-mentions").get_by_role("textbox").fill("Nike, Adidas")
    page.locator("#reruns-prompt textarea").fill(PROMPT)
    page.get_by_role("tab", name="Load").click()
    page.locator("#load-requests input").fill("4")
    page.get_by_role("tab", name="Answers").click()
    other = open_page(linked(page, "#reruns-link"))
    expect(other.locator("#rerun-count input")).to_have_value("64")
    expect(other.locator("#rerun-mentions").get_by_role("textbox")).to_have_value("Nike, Adidas")
    other.get_by_role("tab", name="Load").click()
    expect(other.locator("#load-requests input")).not_to_have_value("4")  # that is of another section
    assert not runner.answers


def test_a_link_fills_in_what_a_field_can_hold_and_nothing_else(open_page: OpenPage):
    bad = [
        "rerun-count=%22x%22",
        "rerun-seeds=often",
        "reruns-status=%22x%22",
        'compare-A-settings={"on":true,"changes":[5]}',
    ]
    page = open_page("&".join(["#rerun-mentions=Puma", *bad, "tab=Reruns"]))
    expect(page.locator("#rerun-mentions").get_by_role("textbox")).to_have_value("Puma")
    expect(page.locator("#rerun-count input")).to_have_value("16")
    expect(page.get_by_label("different")).to_be_checked()
    page.get_by_role("tab", name="Play").click()
    expect(page.locator("#play-notice")).to_contain_text(str(len(bad)))
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator("#compare-A-settings")).to_contain_text("as in the sidebar")
