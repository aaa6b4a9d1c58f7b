"""What a person does in the Branches section, in a real browser, with a real runner over a tiny model."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from playground.backends.local import LocalBackend
from playground.experiments.branching.records import BranchesRecord
from playground.experiments.branching.tree import tokens_of, total_logprob
from playground.experiments.documents import parse_document
from playground.views.format import format_seconds
from tests.experiments.branching.test_tree import branch as made_branch
from tests.ui.compare_samples import HOSTILE, made_run
from tests.ui.lab import OpenPage, open_tab, set_slider
from tests.ui.pages import NARROW, looks, violations

pytestmark = pytest.mark.browser
ROOMS = ("Inside",)
BEGUN = 30  # events


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    """A branch that has begun goes on only when it should stop, however fast the machine is."""
    real = LocalBackend.resume

    def resume(*args: Any, **options: Any) -> Iterator[Any]:
        for count, event in enumerate(real(*args, **options)):
            while count == BEGUN and not options["should_stop"]():
                time.sleep(0.01)
            yield event

    monkeypatch.setattr(LocalBackend, "resume", resume)


def section(open_lab: OpenPage, *, tokens: int = 12, temperature: float = 0.8, **options: Any) -> Page:
    """The section, looking into a fresh run of Play."""
    page = open_tab(open_lab, "Play", **options)
    set_slider(page, "Max new tokens", tokens)
    set_slider(page, "Temperature", temperature)
    page.locator("#prompt textarea").fill("Hello there")
    page.locator("#run-button").click()
    expect(page.get_by_text(re.compile("^finished: ")).first).to_be_visible()
    in_front(page)
    expect(toks(page)).to_have_count(tokens)
    return page


def in_front(page: Page) -> None:
    page.get_by_role("tab", name="Inside", exact=True).click()
    page.get_by_role("tab", name="Branches", exact=True).click()


def toks(page: Page) -> Locator:
    return page.get_by_role("group", name="Branch tokens").locator(".tok")


def alternatives(page: Page) -> Locator:
    return page.get_by_role("list", name="Alternatives").get_by_role("button")


def expect_alternatives(page: Page) -> None:
    """Twenty, and the token itself where it is none of them."""
    expect(alternatives(page).nth(19)).to_be_attached()
    assert alternatives(page).count() in (20, 21)


def rows(page: Page) -> Locator:
    return page.get_by_role("tree", name="Branches").get_by_role("treeitem")


def figures(page: Page) -> list[list[str]]:
    """Name and total of every row."""
    return [
        [row.locator(".label b").inner_text(), re.sub(r"[^\d.-]", "", row.locator(".n").nth(1).inner_text())]
        for row in rows(page).all()
    ]


def text(page: Page) -> str:
    return "".join(token.inner_text() for token in toks(page).all())


def save(page: Page) -> BranchesRecord:
    with page.expect_download() as download:
        page.locator("#branches-save").click()
    document = parse_document(Path(download.value.path()).read_text("utf-8"))
    assert isinstance(document, BranchesRecord)
    return document


def open_document(page: Page, document: str) -> None:
    files = {"name": "a.json", "mimeType": "application/json", "buffer": document.encode()}
    page.locator("#branches-open input[type=file]").set_input_files(files)


def test_another_word_grows_a_branch_that_the_tree_has_and_two_can_be_compared(open_lab: OpenPage):
    page = section(open_lab)
    toks(page).nth(4).click()
    expect_alternatives(page)
    expect(page.locator(".branch-choice h2").first).to_contain_text("Token 5 of 12")
    other = page.locator(".one:not(.taken)").nth(1)
    chosen = int(other.get_attribute("data-id") or "")
    other.click()
    expect(rows(page)).to_have_count(2)
    expect(page.locator("#branches-summary")).to_contain_text("Kept")
    expect(page.locator(".tok.shared")).to_have_count(4)
    tree = save(page)
    (branch,) = tree.branches
    assert (branch.tokens[0].id, branch.at, branch.how, branch.computed_tokens) == (chosen, 4, "choice", 1)
    assert f"saved about {format_seconds(branch.saved_s)}" in page.locator("#branches-summary").inner_text()
    expect(toks(page)).to_have_count(12)
    assert [total for _, total in figures(page)] == [
        f"{total_logprob(tokens_of(tree, id)):.2f}" for id in (0, branch.id)
    ]
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator(".branches .diffs .one")).to_be_visible()
    gap = branch.tokens[0].logprob - tree.run.tokens[4].logprob
    gain = branch.total_logprob - total_logprob(tree.run.tokens)
    verdict = page.locator("#branches-verdict").inner_text()
    assert ("less likely word led to the more likely sentence" in verdict) == (gap * gain < 0)
    page.get_by_role("tab", name="Sampler", exact=True).click()  # leaving and coming back loses nothing
    page.get_by_role("tab", name="Play", exact=True).click()
    in_front(page)
    expect(rows(page)).to_have_count(2)
    expect_alternatives(page)


def test_going_on_renaming_pruning_and_a_file_that_gives_the_same_page(open_lab: OpenPage):
    page = section(open_lab, tokens=10, temperature=0)
    toks(page).nth(3).click()
    expect_alternatives(page)
    page.get_by_label("Type another").fill(" of me")
    page.get_by_role("button", name="Take it").click()
    expect(rows(page)).to_have_count(2)
    assert " of me" in text(page)
    toks(page).nth(5).click()  # leaves the branch
    expect(page.locator(".branch-choice h2").first).to_contain_text("Token 6 of 10")
    page.get_by_label("Width of the beam search").select_option("3")
    page.get_by_role("button", name="Beam search").click()
    expect(page.locator("#branches-summary")).to_contain_text("Beam search of width 3: total")
    expect(page.locator("#branches-summary")).to_contain_text("greedy: ")
    page.get_by_label("Name of the branch").fill("  what the search   found ")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("treeitem", name="what the search found")).to_be_visible()
    tree = save(page)
    assert [one.parent for one in tree.branches] == [0, *[1] * (len(tree.branches) - 1)]
    shown = figures(page), text(page)
    other = open_tab(open_lab, "Inside")
    other.get_by_role("tab", name="Branches", exact=True).click()
    expect(other.get_by_text("Another word, and where it leads")).to_be_visible()
    open_document(other, tree.to_json())
    expect(rows(other)).to_have_count(len(tree.branches) + 1)
    expect(other.get_by_text("“Hello there”: 10 tokens")).to_be_visible()  # the whole tab looks into its run
    other.get_by_role("treeitem", name="what the search found").click()
    expect(other.locator(".tok.shared")).to_have_count(5)
    assert (figures(other), text(other)) == shown
    assert save(other) == tree
    other.get_by_role("treeitem", name=re.compile("^“of me”")).click()
    expect(other.locator(".branch-path h2").first).to_have_text("“of me”")
    other.get_by_role("button", name="Prune").click()
    expect(rows(other)).to_have_count(1)
    assert save(other).branches == []
    open_document(other, BranchesRecord(run=made_run([" word"] * 40), branches=[]).to_json())
    expect(toks(other)).to_have_count(40)  # another run, though its path begins with the same line
    assert text(other) == " word" * 40
    open_document(other, '{"kind": "nothing"}')
    expect(other.get_by_text("This file was not opened.")).to_be_visible()
    expect(rows(other)).to_have_count(1)


def test_all_of_it_by_keyboard_and_a_branch_can_be_stopped(open_lab: OpenPage, held: None):
    page = section(open_lab, tokens=400)
    press = page.keyboard.press
    toks(page).first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "Enter"):
        press(key)
    expect(page.locator(".branch-choice h2").first).to_contain_text("Token 2 of 400")
    expect_alternatives(page)
    press("Tab")
    press("ArrowDown")
    expect(alternatives(page).nth(1)).to_be_focused()
    press("Enter")
    expect(page.locator("#branches-status .words")).to_have_text(re.compile(r"^\d+ tokens$"))
    expect(page.locator(".branch-path h2").first).to_contain_text("New branch")
    toks(page).first.evaluate("(token) => { token.kept = true; }")
    press("Escape")
    expect(rows(page)).to_have_count(2)
    expect(page.locator(".branch-path h2").first).not_to_contain_text("New branch")
    assert toks(page).first.evaluate("(token) => token.kept")  # what grew is not drawn again
    expect(page.locator("#branches-status .words")).to_contain_text("stopped")
    (branch,) = save(page).branches
    assert branch.finish_reason == "cancelled"
    assert 0 < len(branch.tokens) < 399
    rows(page).nth(1).focus()
    press("ArrowUp")
    press("Enter")
    expect(toks(page)).to_have_count(400)
    assert page.locator(".branch-path .part").count() > 1  # what is out of sight costs nothing
    press("ArrowRight")
    expect(rows(page).nth(1)).to_be_focused()


def test_hostile_text_is_text_and_axe_finds_nothing(open_lab: OpenPage):
    page = open_tab(open_lab, "Inside", **NARROW)
    page.get_by_role("tab", name="Branches", exact=True).click()
    expect(page.get_by_text("Another word, and where it leads")).to_be_visible()
    assert violations(page) == []
    run = made_run(["a", HOSTILE, " b", "\n", "c"])
    odd = made_branch(0, 1, [1, 2], name=HOSTILE, text=HOSTILE)
    odd = odd.model_copy(update={"tokens": [replace(one, text=HOSTILE) for one in odd.tokens]})
    open_document(page, BranchesRecord(run=run, branches=[odd]).to_json())
    expect(rows(page)).to_have_count(2)
    rows(page).nth(1).click()
    expect(toks(page)).to_have_count(3)
    assert HOSTILE in text(page)
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#branches-verdict")).to_contain_text(HOSTILE)
    toks(page).nth(1).click()  # ids of a made-up file: what can't be read is said
    expect(alternatives(page).first.or_(page.get_by_text("No alternatives."))).to_be_visible()
    for width in looks(page):
        assert violations(page) == [], width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[window.__x, window.__y]") == [None, None]


def test_what_no_page_of_ours_sends_is_refused_in_words():
    from playground.errors import PlaygroundError  # noqa: PLC0415  no browser
    from playground.ui.rooms.inside.branch_request import branch_request  # noqa: PLC0415  only this test needs it

    tree = BranchesRecord(run=made_run(["a", "b"], temperature=0), branches=[])
    for asked in (None, [], {}, {"node": 4, "at": 0}, {"node": 0, "at": 2}, {"node": 0, "at": True}, {"node": "0"}):
        with pytest.raises(PlaygroundError):
            branch_request(asked, tree, 0.8)
    with pytest.raises(PlaygroundError, match="beam search"):
        branch_request({"node": 0, "at": 1, "how": ["x"]}, tree, 0.8)
    with pytest.raises(PlaygroundError, match="temperature above 0"):
        branch_request({"node": 0, "at": 1, "how": "sample"}, tree, 0)
    asked = branch_request({"node": 0, "at": 1, "how": "sample"}, tree, 0.8)
    assert (asked.how, dict(asked.changes)) == ("sample", {"temperature": 0.8})
    assert branch_request({"node": 0, "at": 1, "text": "x", "token": 3}, tree, 0).token == "x"
    assert json.loads(tree.to_json())["kind"] == "branch"
