"""What a person does in the Reruns tab, in a real browser, with a real runner over a tiny model."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from playground.experiments.reruns.mentions import find_mention
from playground.runs.records import Document
from tests.ui.lab import OpenPage, open_tab, set_slider
from tests.ui.pages import NARROW, looks, violations
from tests.ui.rerun_samples import hostile_record, ladder, record

pytestmark = pytest.mark.browser
ROOMS = ("Reruns",)
STATE = "#reruns-status .words"


def reruns(open_lab: OpenPage, *, tokens: int = 12, temperature: float = 0.8, **options: Any) -> Page:
    """The tab, with few tokens set in the sidebar and a prompt."""
    page = open_tab(open_lab, "Reruns", **options)
    set_slider(page, "Max new tokens", tokens)
    set_slider(page, "Temperature", temperature)
    prompt(page).fill("Hello there")
    return page


def prompt(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Prompt")


def state(page: Page) -> Locator:
    return page.locator(STATE)


def run(page: Page, n: int, mentions: str = "") -> None:
    page.get_by_role("spinbutton", name="Runs").fill(str(n))
    page.get_by_label("Mentions to look for").fill(mentions)
    page.get_by_role("button", name="Run", exact=True).click()


def finish(page: Page, text: str | re.Pattern[str]) -> None:
    """Wait for the end, and for the drawings."""
    expect(state(page)).to_have_text(text)
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()


def save(page: Page, button: str = "#reruns-save") -> dict[str, Any]:
    with page.expect_download() as download:
        page.locator(button).click()
    return json.loads(Path(download.value.path()).read_text("utf-8"))


def open_document(page: Page, document: Document | dict[str, Any], button: str = "#reruns-open") -> None:
    text = document.to_json() if isinstance(document, Document) else json.dumps(document)
    files = {"name": "a.json", "mimeType": "application/json", "buffer": text.encode()}
    page.locator(f"{button} input[type=file]").set_input_files(files)


def opened(open_lab: OpenPage, document: Document, **options: Any) -> Page:
    page = open_tab(open_lab, "Reruns", **options)
    open_document(page, document)
    expect(state(page)).to_have_text(re.compile("^opened: "))
    expect(page.get_by_role("group", name="Headline")).to_be_visible()
    return page


def figure(page: Page, key: str) -> str:
    return page.locator(f".headline [data-k={key}]").inner_text()


def counts(page: Page) -> list[int]:
    """How often each answer came, as the list shows it."""
    return [int(text[1:]) for text in page.locator(".answers li .count").all_inner_texts()]


RUN_AT_ONCE = """() => {
  [...document.querySelectorAll('[role="tab"]')].find((tab) => tab.textContent.trim() === 'Reruns').click();
  const look = () => {
    const run = document.querySelector('#reruns-run');
    if (run?.checkVisibility()) run.click(); else requestAnimationFrame(look);
  };
  look();
}"""


def test_a_click_on_run_before_the_tab_has_its_prompt_is_not_lost(open_lab: OpenPage):
    page = open_lab(fragment="#max_new_tokens=4")
    page.locator("#prompt textarea").fill("Hello there")
    page.evaluate(RUN_AT_ONCE)
    finish(page, "finished: 16 runs")


def test_every_count_equals_a_recount_from_the_saved_record(open_lab: OpenPage):
    page = reruns(open_lab, tokens=6, temperature=0.4)
    expect(page.get_by_text("One prompt, many runs")).to_be_visible()
    expect(page.get_by_role("group", name="Headline")).to_be_hidden()
    run(page, 40, "the, e")
    finish(page, "finished: 40 runs")
    expect(page.get_by_text("One prompt, many runs")).to_be_hidden()
    saved = save(page)
    runs = saved["runs"]
    answers = Counter(tuple(one["token_ids"]) for one in runs)
    assert saved["n"] == len(runs) == 40
    assert figure(page, "unique") == f"{len(answers)}/40"
    assert figure(page, "mode")[1:] == str(max(answers.values()))
    assert sorted(counts(page)) == sorted(answers.values())
    first = next(t for t in range(6) if len({tuple(one["token_ids"][: t + 1]) for one in runs}) > 1)
    assert figure(page, "fork") == str(first + 1)
    tree = page.get_by_role("tree")
    leaves = {tuple(one["token_ids"]) for one in runs}
    assert f"40 runs, {len(leaves)} answers" in (tree.get_attribute("aria-label") or "")
    ways = Counter(one["token_ids"][first] for one in runs)
    branches = page.locator(".node[aria-level='2']")  # the ways from the first fork
    assert sorted(count_of(node) for node in branches.all()) == sorted(ways.values())
    for word, shown in zip(("the", "e"), page.locator(".mentions .number .of").all_inner_texts(), strict=True):
        assert shown.strip() == f"{sum(find_mention(one['text'], word) is not None for one in runs)}/40"


def count_of(node: Locator) -> int:
    """Runs of a branch of the tree, as a screen reader hears it."""
    found = re.search(r", (\d+) of \d+ runs", node.get_attribute("aria-label") or "")
    assert found is not None
    return int(found[1])


def test_greedy_runs_are_one_answer_and_the_page_says_there_is_no_fork(open_lab: OpenPage):
    page = reruns(open_lab, temperature=0)
    run(page, 5)
    finish(page, "finished: 5 runs")
    assert figure(page, "unique") == "1/5"
    assert figure(page, "fork") == "none"
    assert counts(page) == [5]
    expect(page.get_by_text("All 5 runs gave the same answer, token by token.")).to_be_visible()


def test_stop_keeps_the_runs_that_have_finished(open_lab: OpenPage):
    page = reruns(open_lab, tokens=300)
    run(page, 200)
    expect(state(page)).to_have_text(re.compile(r"running, (32|64|96|128) of 200 finished"))
    expect(page.get_by_text("200 rows go in 7 waves of at most 32")).to_be_visible()
    tree = page.locator(".fork-tree .growing")
    expect(tree.locator(".node").nth(1)).to_be_visible()  # it grows meanwhile, alone
    expect(page.locator(".card.answers").first).to_be_hidden()
    page.keyboard.press("Escape")
    finish(page, re.compile(r"stopped: \d+ of 200 runs finished"))
    expect(tree).to_have_count(0)
    expect(page.locator(".card.answers").first).to_be_visible()
    saved = save(page)
    assert saved["asked"] == 200
    assert 32 <= saved["n"] == len(saved["runs"]) < 200
    assert figure(page, "unique").endswith(f"/{saved['n']}")
    assert sum(counts(page)) + left_out(page) == saved["n"]


def left_out(page: Page) -> int:
    """Runs whose answers the list counts but does not show."""
    found = re.search(r"of ([\d,]+) runs?:", page.locator(".answers .rest").inner_text())
    return int(found[1].replace(",", "")) if found else 0


def test_the_page_stays_responsive_while_it_runs(open_lab: OpenPage):
    page = reruns(open_lab, tokens=300)
    run(page, 64)
    expect(state(page)).to_have_text(re.compile("^running"))
    prompt(page).fill("typed while it runs")
    expect(prompt(page)).to_have_value("typed while it runs")
    page.get_by_role("tab", name="Play").click()
    expect(page.locator("#run-button")).to_be_visible()
    page.get_by_role("tab", name="Reruns").click()
    expect(prompt(page)).to_have_value("typed while it runs")
    expect(state(page)).to_have_text(re.compile("^running"))
    page.get_by_role("button", name="Stop").first.click()
    finish(page, re.compile("^(stopped|finished)"))


def test_a_saved_file_gives_the_same_page(open_lab: OpenPage):
    page = reruns(open_lab, tokens=8)
    run(page, 12, "the, in")
    finish(page, "finished: 12 runs")
    shown, saved = words_of(page), save(page)
    other = open_tab(open_lab, "Reruns")
    open_document(other, saved)
    expect(other.locator(STATE)).to_have_text(re.compile("^opened: 12 runs"))
    expect(other.locator(".reruns")).to_have_text(re.compile("12 runs of tiny-llama"))
    assert words_of(other) == shown
    expect(prompt(other)).to_have_value("Hello there")
    expect(other.get_by_role("spinbutton", name="Runs")).to_have_value("12")
    expect(other.get_by_label("Mentions to look for")).to_have_value("the, in")
    assert save(other) == saved


def words_of(page: Page) -> str:
    """All text of the drawings, without Gradio's own unseen word of what it is doing."""
    return page.locator(".reruns").evaluate(
        """node => {
          const copy = node.cloneNode(true);
          copy.querySelectorAll('[data-testid="status-tracker"]').forEach(one => one.remove());
          return copy.textContent;
        }"""
    )


def test_editing_the_mentions_recounts_without_a_new_run(open_lab: OpenPage):
    page = opened(open_lab, record([[one, *[two] * 11] for one, two in ((1, 2), (1, 3), (4, 1), (5, 5))], ["w1"]))
    rows = page.locator(".mentions .ment")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("3/4")
    page.get_by_label("Mentions to look for").fill("w5, w3, w9")
    expect(rows).to_have_count(3)
    assert [text.split()[-1] for text in rows.all_inner_texts()] == ["1/4", "1/4", "0/4"]
    assert "To know “w9” to within 5 points" in page.locator(".mentions .needs").inner_text()
    marked = page.locator(".answers mark")
    assert sorted(marked.all_inner_texts()) == sorted(["w5"] * 12 + ["w3"] * 11)  # one answer is all w5
    expect(page.locator(".mentions .said mark").first).to_have_text("w5")
    assert marked.first.evaluate("node => getComputedStyle(node).borderBottomStyle") == "solid"
    assert list(save(page)["summary"]["mentions"]) == ["w5", "w3", "w9"]
    limit = page.locator("#setting-max_new_tokens input[type=number]")
    limit.fill("12")
    limit.blur()
    page.locator(".mentions .cut button").click()  # all four were cut at their 12 tokens
    expect(limit).to_have_value("256")
    page.get_by_label("Mentions to look for").fill("w5, " + "x" * 201)
    expect(page.get_by_text("Not counted.")).to_be_visible()
    expect(rows).to_have_count(3)
    expect(page.get_by_label("Mentions to look for")).to_have_value("w5, " + "x" * 201)


def test_the_tree_is_walked_by_keyboard_and_each_fork_tells_both_probabilities(open_lab: OpenPage):
    page = opened(open_lab, record([[0, 1, 5], [0, 1, 6], [0, 2], [0, 2], [3]]))
    panel = page.locator(".fork-tree .panel").first
    focused = page.locator(".node:focus")
    page.locator(".node[tabindex='0']").focus()
    page.keyboard.press("Home")
    expect(panel).to_contain_text("At the start")
    page.keyboard.press("ArrowRight")
    expect(focused).to_have_attribute("aria-label", re.compile("4 of 5 runs.*w1.* against .*w2"))
    expect(panel).to_contain_text("After “w0”")
    expect(panel).to_contain_text("2 of 4 runs")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(panel).to_contain_text("After “w0 w1”")
    page.keyboard.press("End")
    expect(focused).to_contain_text("w3")
    page.keyboard.press("ArrowLeft")
    expect(panel).to_contain_text("At the start")
    assert page.locator(".node[tabindex='0']").count() == 1
    page.locator(".node", has_text="w2").hover()
    expect(page.locator(".bar.chosen .mono").filter(visible=True).first).to_contain_text("w2")


def test_differences_are_marked_by_marks_as_well_as_colour(open_lab: OpenPage):
    page = opened(open_lab, record([[1, 2, 3], [1, 2, 3], [1, 9, 3]]))
    expect(page.get_by_label(re.compile("mark differences"))).to_be_checked()
    second = page.locator(".answers li").nth(1)
    assert second.locator("ins").all_inner_texts() == [" w9"]
    assert second.locator("del").all_inner_texts() == [" w2"]
    assert "underline" in second.locator("ins").evaluate("node => getComputedStyle(node).textDecorationLine")
    assert "line-through" in second.locator("del").evaluate("node => getComputedStyle(node).textDecorationLine")
    page.get_by_label(re.compile("mark differences")).uncheck()
    expect(second.locator(".text")).to_have_text("w1 w9 w3")
    assert second.locator("ins, del").count() == 0


def test_hostile_words_of_a_model_or_a_person_stay_text(open_lab: OpenPage):
    page = opened(open_lab, hostile_record())
    for node in page.locator(".node").all():
        node.hover()
    page.locator(".heat canvas").first.hover()
    page.get_by_role("button", name="Run", exact=True).hover()
    page.wait_for_timeout(200)
    assert page.evaluate("[window.__x, window.__y]") == [None, None]
    assert page.locator(".reruns img, .reruns script").count() == 0
    expect(page.locator(".mentions .word").first).to_contain_text("<img src=x")


def test_two_pages_do_not_see_each_other(open_lab: OpenPage):
    one, two = reruns(open_lab, tokens=5), reruns(open_lab, tokens=7)
    run(one, 4, "amber")
    run(two, 6, "violet")
    finish(one, "finished: 4 runs")
    finish(two, "finished: 6 runs")
    assert figure(one, "unique").endswith("/4")
    assert figure(two, "unique").endswith("/6")
    assert [save(page)["n"] for page in (one, two)] == [4, 6]
    assert one.locator(".mentions .word").first.inner_text() == "amber"


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(open_lab: OpenPage):
    page = reruns(open_lab)
    run(page, 4, "kept")
    finish(page, "finished: 4 runs")
    run(page, 1, "kept")
    expect(state(page)).to_have_text("failed")
    expect(page.locator(".box.problem:visible")).to_contain_text("from 2 to 200")
    assert (page.get_by_role("spinbutton", name="Runs").input_value(), prompt(page).input_value()) == (
        "1",
        "Hello there",
    )
    assert figure(page, "unique").endswith("/4")  # the result before is still there
    assert save(page)["n"] == 4  # and can still be saved
    open_document(page, {"kind": "nothing"})
    expect(page.get_by_text("This file was not opened.")).to_be_visible()
    run(page, 3)
    finish(page, "finished: 3 runs")
    expect(page.get_by_text("This file was not opened.")).to_be_hidden()


def test_the_temperature_ladder_runs_stops_and_keeps_what_is_done(open_lab: OpenPage):
    page = reruns(open_lab, tokens=6)
    page.get_by_role("spinbutton", name="Runs").fill("8")
    page.get_by_label("Mentions to look for").fill("the")
    page.locator("#rerun-ladder-temperatures").locator("textarea, input").fill("0, 1.5")
    page.get_by_role("button", name="Run at each").click()
    words = page.locator("#rerun-ladder-stage .words")
    expect(words).to_have_text("finished: 2 temperatures, 16 runs")
    expect(page.get_by_role("button", name="Run at each")).to_be_enabled()
    saved = save(page, "#rerun-ladder-save")
    assert (saved["kind"], saved["temperatures"]) == ("temperature-ladder", [0, 1.5])
    assert saved["rungs"][0]["summary"]["unique"] == 1
    section = page.locator("#rerun-ladder")
    expect(section.locator(".legend")).to_contain_text("mentions “the”")
    page.get_by_label("Mentions to look for").fill("the, of")
    expect(section.locator(".legend")).to_contain_text("mentions “of”")
    set_slider(page, "Max new tokens", 300)
    page.get_by_role("spinbutton", name="Runs").fill("32")
    page.locator("#rerun-ladder-temperatures").locator("textarea, input").fill("0.5, 1, 1.5")
    page.get_by_role("button", name="Run at each").click()
    expect(words).to_have_text(re.compile(r"temperature 1 \(2 of 3\)"))
    page.keyboard.press("Escape")
    expect(words).to_have_text(re.compile("stopped: [12] of 3 temperatures"))
    assert save(page, "#rerun-ladder-save")["temperatures"][0] == 0.5


def test_a_saved_ladder_fills_the_tab_again(open_lab: OpenPage):
    page = open_tab(open_lab, "Reruns")
    open_document(page, ladder(0, 0.5, 1), "#rerun-ladder-open")
    expect(page.locator("#rerun-ladder-stage .words")).to_have_text(re.compile("^opened: 3 temperatures, 24 runs"))
    expect(page.locator("#rerun-ladder-temperatures").locator("textarea, input")).to_have_value("0, 0.5, 1")
    expect(page.get_by_role("spinbutton", name="Runs")).to_have_value("8")
    expect(page.get_by_label("Mentions to look for")).to_have_value("w1")
    expect(prompt(page)).to_have_value("Hello")
    expect(page.locator("#rerun-ladder .legend")).to_contain_text("mentions “w1”")


def test_no_axe_violations_and_no_sideways_scroll(open_lab: OpenPage):
    page = opened(
        open_lab,
        record([[0, 1, 5], [0, 1, 6], [0, 2], [0, 2], [3]], ["w1", "w9"]),
        **NARROW,
    )
    page.locator(".reruns .values summary").first.click()
    expect(page.locator(".reruns .values table").first).to_be_visible()
    for width in looks(page):
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        assert violations(page) == [], width


def test_every_number_explains_itself(open_lab: OpenPage):
    page = opened(open_lab, record([[0, 1], [0, 2], [0, 2]]))
    page.locator(".term", has_text="entropy over answers").locator("button").focus()
    expect(page.locator(".figures .tip.open, .tip.open").first).to_contain_text("p = count / N")
    page.keyboard.press("Escape")
    expect(page.locator(".tip.open")).to_have_count(0)
