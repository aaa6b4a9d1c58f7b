"""What a person does in the Compare tab, in a real browser, on a real runner over a tiny model."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from playground.backends.local import LocalBackend
from tests.ui.compare_samples import HOSTILE
from tests.ui.lab import open_tab, set_slider
from tests.ui.pages import NARROW, OpenPage, looks, violations

pytestmark = pytest.mark.browser
ROOMS = ("Compare",)
LONG = 400  # tokens: long enough to act while they come
PACE_S = 0.03  # 12 s in all, however slowly a loaded machine types


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that takes its time, so that a person can act meanwhile."""

    def slowed(real: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        def stream(*args: Any, **options: Any) -> Iterator[Any]:
            for event in real(*args, **options):
                time.sleep(PACE_S)
                yield event

        return stream

    for name in ("stream", "stream_batch"):
        monkeypatch.setattr(LocalBackend, name, slowed(getattr(LocalBackend, name)))


def pane(page: Page, name: str) -> Locator:
    return page.locator(".compare-pane").filter(has=page.locator(f"[data-pane='compare-{name}']"))


def tokens(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=f"Output tokens of pane {name}").locator(".tok")


def set_own(page: Page, name: str, setting: str, value: str) -> None:
    """A setting of a pane's own, as a person gives it."""
    one = pane(page, name)
    if not one.get_by_role("button", name="Set", exact=True).is_visible():
        one.get_by_role("button", name="+ change").click()
    one.get_by_label("Setting", exact=True).select_option(label=setting)
    field = one.get_by_label(f"{setting}, value of this pane")
    if field.evaluate("node => node.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)
    one.get_by_role("button", name="Set", exact=True).click()


def start(page: Page, prompt: str = "Hello there", length: int = 12) -> None:
    set_slider(page, "Max new tokens", length)
    page.get_by_role("textbox", name="Prompt").fill(prompt)
    page.locator("#compare-run").click()


def ended(page: Page) -> None:
    expect(page.locator("#compare-table table")).to_be_visible()
    expect(page.locator("#compare-run")).to_be_enabled()


def saved(page: Page, button: str = "#compare-save") -> dict[str, Any]:
    with page.expect_download() as download:
        page.locator(button).click()
    return json.loads(download.value.path().read_text("utf-8"))


def texts(record: dict[str, Any]) -> list[str]:
    return [token["text"] for token in record["tokens"]]


def shown(page: Page, name: str) -> list[str]:
    return tokens(page, name).all_text_contents()


def test_two_panes_run_as_one_batch_the_page_shows_what_is_saved_and_another_reference_asks_no_model(
    open_lab: OpenPage,
):
    page = open_tab(open_lab, "Compare")
    start(page)
    ended(page)
    record = saved(page)
    assert record["kind"] == "compare"
    assert record["mode"] == "batch"
    assert [one["settings"]["temperature"] for one in record["panes"]] == [0.8, 0]
    assert record["changes"] == [{}, {"temperature": 0}]
    for name, run in zip("AB", record["panes"], strict=True):
        assert shown(page, name) == texts(run)
        expect(pane(page, name).locator(".chip")).to_have_text("finished: token limit reached")
    (diff,) = record["diffs"]
    assert diff["first_difference"] is not None
    box = page.get_by_role("group", name="Text of B, with what differs from A")
    taken = "".join(box.locator("del > span").all_text_contents())
    gone = [(a0, a1) for op, a0, a1, _b0, _b1 in diff["operations"] if op in ("replace", "delete")]
    wanted = "".join("".join(texts(record["panes"][0])[a0:a1]) for a0, a1 in gone)
    put = "".join(box.locator(":is(span:not(.tok, .none), ins) > span").all_text_contents())
    plain = lambda run: "".join(texts(run)).replace("\n", "↵\n").replace("\t", "⇥")  # noqa: E731  as changed text is drawn
    assert taken == wanted.replace("\n", "↵\n").replace("\t", "⇥")
    assert put.replace("\n", "↵\n").replace("↵↵", "↵") == plain(record["panes"][1])
    expect(page.get_by_text(f"Token {diff['first_difference'] + 1}, where they diverge")).to_be_visible()
    cells = page.locator("#compare-table tr", has=page.locator("[data-term='output tokens']")).locator("td")
    assert cells.all_text_contents() == [f"{len(run['tokens'])} tokens" for run in record["panes"]]
    expect(page.locator("#compare-table")).to_contain_text("times and speeds are the batch's")
    _another_reference_changes_the_diffs_and_the_saved_file(page, record)


def _another_reference_changes_the_diffs_and_the_saved_file(page: Page, before: dict[str, Any]) -> None:
    page.locator("#compare-reference").get_by_text("B", exact=True).click()
    expect(page.get_by_role("heading", name="A against B")).to_be_visible()
    after = saved(page)
    assert after["reference"] == 1
    assert after["panes"] == before["panes"]
    assert [one["pane"] for one in after["diffs"]] == [0]
    assert after["diffs"][0]["reference_token"] == before["diffs"][0]["pane_token"]


def test_panes_of_two_quantizations_take_turns_and_the_page_says_so(open_lab: OpenPage):
    page = open_tab(open_lab, "Compare")
    set_own(page, "A", "Quantization", "int8")
    start(page)
    ended(page)
    expect(page.locator("#compare-why")).to_contain_text("different quantizations can't be one batch")
    expect(page.locator("#compare-mode input[value=turns]")).to_be_checked()  # the choice shows what happened
    record = saved(page)
    assert record["mode"] == "turns"
    assert [one["model"]["quantization"] for one in record["panes"]] == ["int8", "fp32"]
    page.get_by_label("fair timing (in turn)").check(force=True)
    pane(page, "A").get_by_role("button", name="Remove Quantization").click()
    page.locator("#compare-run").click()
    expect(page.locator("#compare-why")).to_contain_text("the times of each are its own")
    ended(page)
    assert saved(page)["mode"] == "turns"


def test_panes_are_added_up_to_four_and_removed_down_to_two(open_lab: OpenPage):
    page = open_tab(open_lab, "Compare")
    add = page.get_by_role("button", name="+ Add a pane")
    expect(page.get_by_role("button", name="Remove pane A")).to_be_hidden()
    add.click()
    set_own(page, "C", "Top-k", "1")
    add.click()
    set_own(page, "D", "Seed", "99")
    expect(add).to_be_disabled()
    start(page)
    ended(page)
    record = saved(page)
    assert len(record["panes"]) == 4
    assert texts(record["panes"][2]) == texts(record["panes"][1])  # the likeliest token either way
    assert [shown(page, name) for name in "ABCD"] == [texts(run) for run in record["panes"]]
    page.get_by_role("button", name="Remove pane B").click()
    page.get_by_role("button", name="Remove pane A").click()
    expect(page.get_by_role("button", name="Remove pane C")).to_be_hidden()
    page.locator("#compare-run").click()
    expect(page.get_by_role("heading", name="D against C")).to_be_visible()
    assert len(saved(page)["panes"]) == 2


def test_a_wrong_value_is_told_at_its_pane_and_nothing_is_lost(open_lab: OpenPage):
    page = open_tab(open_lab, "Compare")
    set_own(page, "B", "Temperature", "9")
    told = pane(page, "B").locator(".problem")
    expect(told.first).to_contain_text("temperature must be a number from 0 to 2; got '9'.")
    expect(pane(page, "B").locator("li.wrong")).to_contain_text("Temperature9")
    start(page)
    expect(page.locator(".box", has_text="Pane B: temperature")).to_be_visible()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("Hello there")
    pane(page, "B").get_by_title("temperature must").click()  # the chip opens the editor with what was given
    expect(pane(page, "B").get_by_label("Temperature, value of this pane")).to_have_value("9")
    set_own(page, "B", "Temperature", "1.5")
    expect(told.first).to_be_hidden()
    page.locator("#compare-run").click()
    ended(page)
    assert saved(page)["panes"][1]["settings"]["temperature"] == 1.5


def test_a_setting_taken_away_comes_from_the_sidebar_again(open_lab: OpenPage):
    page = open_tab(open_lab, "Compare")
    pane(page, "B").get_by_role("button", name="Remove Temperature").click()
    expect(pane(page, "B").get_by_text("as in the sidebar")).to_be_visible()
    start(page)
    ended(page)
    record = saved(page)
    assert record["diffs"][0]["identical"]
    expect(page.get_by_text("identical, all 12 tokens")).to_be_visible()


def test_a_saved_comparison_fills_the_tab_again_and_a_run_of_it_gives_the_same(open_lab: OpenPage):
    page = open_tab(open_lab, "Compare")
    set_own(page, "A", "System prompt", "Be brief.")
    start(page, "Once upon a time")
    ended(page)
    record = saved(page)
    other = open_tab(open_lab, "Compare")
    file: FilePayload = {"name": "a.json", "mimeType": "application/json", "buffer": json.dumps(record).encode()}
    other.locator("#compare-open input[type=file]").set_input_files(file)
    expect(other.get_by_role("textbox", name="Prompt")).to_have_value("Once upon a time")
    expect(other.locator("#compare-table table")).to_be_visible()
    assert [shown(other, name) for name in "AB"] == [texts(run) for run in record["panes"]]
    expect(pane(other, "A").get_by_title("System prompt: Be brief.")).to_be_visible()
    assert saved(other) == record
    other.locator("#compare-run").click()
    expect(other.locator("#compare-why")).not_to_contain_text("Opened")
    ended(other)
    assert [texts(run) for run in saved(other)["panes"]] == [texts(run) for run in record["panes"]]


def test_a_file_of_another_kind_is_refused_in_words(open_lab: OpenPage):
    page = open_tab(open_lab, "Compare")
    refusal = page.locator(".box", has_text="This file was not opened.").filter(visible=True)
    for content in ("no json", '{"schema": 1, "kind": "nothing"}', "[]"):
        page.locator("#compare-open input[type=file]").set_input_files(
            {"name": "a.json", "mimeType": "application/json", "buffer": content.encode()}
        )
        expect(refusal).to_be_visible()
        refusal.get_by_role("button").click()
        expect(refusal).to_be_hidden()


def test_stop_keeps_what_came_and_the_page_stays_usable_meanwhile(open_lab: OpenPage, slowly: None):
    page = open_tab(open_lab, "Compare")
    page.get_by_label("fair timing (in turn)").check(force=True)
    start(page, length=LONG)
    expect(tokens(page, "A").nth(3)).to_be_attached()
    prompt = page.get_by_role("textbox", name="Prompt")
    prompt.press_sequentially(" typed meanwhile")
    page.get_by_role("tab", name="Play").click()
    page.get_by_role("tab", name="Compare").click()
    expect(prompt).to_have_value("Hello there typed meanwhile")
    page.locator("#compare-stop").click()
    ended(page)
    record = saved(page)
    assert record["panes"][0]["finish_reason"] == "cancelled"
    assert 3 < len(record["panes"][0]["tokens"]) < LONG
    whole = page.get_by_role("group", name="Output tokens of pane A")
    assert whole.text_content() == record["panes"][0]["text"]  # what was held back, at the end, is no token of its own
    expect(pane(page, "A").locator(".chip")).to_have_text("stopped")
    if len(record["panes"]) == 1:
        expect(pane(page, "B").locator(".chip")).to_have_text("stopped before it began")


def test_keys_run_and_stop_the_tab_in_front(open_lab: OpenPage, slowly: None):
    page = open_tab(open_lab, "Compare")
    set_slider(page, "Max new tokens", LONG)
    page.get_by_role("textbox", name="Prompt").fill("Hello there")
    page.keyboard.press("Control+Enter")
    expect(tokens(page, "A").nth(3)).to_be_attached()
    page.keyboard.press("Escape")
    expect(pane(page, "A").locator(".chip")).to_have_text("stopped")
    page.get_by_role("tab", name="Play").click()
    expect(page.get_by_role("group", name="Output tokens", exact=True).locator(".tok")).to_have_count(0)


def test_hostile_text_stays_text(open_lab: OpenPage):
    page = open_tab(open_lab, "Compare")
    set_own(page, "B", "System prompt", HOSTILE)
    start(page, HOSTILE)
    ended(page)
    record = saved(page)
    for run in record["panes"]:  # as if the model had said it
        for token in run["tokens"]:
            token["text"] = HOSTILE
            token["top"][0]["text"] = HOSTILE
    record["panes"][0]["settings"]["stop"] = [HOSTILE]
    page.locator("#compare-open input[type=file]").set_input_files(
        {"name": "a.json", "mimeType": "application/json", "buffer": json.dumps(record).encode()}
    )
    expect(tokens(page, "A").first).to_have_text(HOSTILE)
    tokens(page, "A").nth(2).hover()
    page.locator("#compare-reference").get_by_text("B", exact=True).click()
    expect(page.get_by_role("heading", name="A against B")).to_be_visible()
    assert page.evaluate("[window.__x, window.__y]") == [None, None]
    assert page.locator(".tabitem img").count() == 0


def test_a_sweep_tells_first_what_it_takes_and_then_draws_every_value(open_lab: OpenPage):
    page = open_tab(open_lab, "Compare")
    set_slider(page, "Max new tokens", 12)
    page.get_by_role("textbox", name="Prompt").fill("Hello there")
    page.get_by_role("textbox", name="Values").fill("0, 1, 2")
    expect(page.locator("#sweep-estimate")).to_contain_text("12 runs, at most 144 tokens of answer")
    page.get_by_role("button", name="Run the sweep").click()
    expect(page.locator("#sweep .chip")).to_contain_text("finished: 3 runs")
    record = saved(page, "#sweep-save")
    assert (record["kind"], record["name"], record["values"]) == ("sweep", "temperature", [0, 1, 2])
    for cell, run in zip(page.locator("#sweep-cells .cell").all(), record["runs"], strict=True):
        assert cell.locator(".tok").all_text_contents() == texts(run)
    chart = page.locator("#sweep-plot")
    expect(chart).to_contain_text("mean entropy")
    page.get_by_label("Plot", exact=True).select_option("mean logprob")
    expect(chart).to_contain_text("mean logprob against temperature")
    page.locator("#compare-open input[type=file]").set_input_files(
        {"name": "a.json", "mimeType": "application/json", "buffer": json.dumps(record).encode()}
    )
    expect(page.locator("#sweep .chip")).to_have_text("3 of 3 runs, opened from a file")
    assert saved(page, "#sweep-save") == record


def test_a_long_sweep_runs_only_when_asked_again(open_lab: OpenPage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("playground.runs.speed.LONG_S", 0)
    page = open_tab(open_lab, "Compare")
    set_slider(page, "Max new tokens", 4)
    page.get_by_role("textbox", name="Prompt").fill("Hello there")
    page.get_by_label("Setting", exact=True).locator("visible=true").select_option("quantization")
    page.get_by_role("textbox", name="Values").fill("fp32 int8")
    page.get_by_role("button", name="Run the sweep").click()
    expect(page.get_by_text("This sweep is long.")).to_be_visible()
    expect(page.locator("#sweep-cells .cell")).to_have_count(0)
    page.get_by_role("button", name="Run anyway").click()
    expect(page.locator("#sweep .chip")).to_contain_text("finished: 2 runs")
    expect(page.get_by_role("button", name="Run anyway")).to_have_count(0)
    assert saved(page, "#sweep-save")["values"] == ["fp32", "int8"]


def test_a_stopped_sweep_keeps_what_is_done(open_lab: OpenPage, slowly: None):
    page = open_tab(open_lab, "Compare")
    set_slider(page, "Max new tokens", 40)
    page.get_by_role("textbox", name="Prompt").fill("Hello there")
    page.get_by_role("textbox", name="Values").fill("0, 0.5, 1, 1.5, 2")
    page.get_by_role("button", name="Run the sweep").click()
    expect(page.locator("#sweep-cells .cell").nth(1)).to_be_visible()
    page.locator("#sweep-stop").click()
    expect(page.locator("#sweep .chip")).to_contain_text("of 5 runs; they are kept")
    record = saved(page, "#sweep-save")
    assert record["asked"] == [0, 0.5, 1, 1.5, 2]
    assert 1 <= len(record["runs"]) < 5
    page.get_by_role("textbox", name="Values").fill("0, 7")
    expect(page.locator("#sweep-estimate")).to_contain_text("temperature must be a number from 0 to 2")


def test_no_axe_violations_and_no_sideways_scroll(open_lab: OpenPage):
    page = open_tab(open_lab, "Compare", fragment="#max_new_tokens=12", **NARROW)  # a long sweep would ask first
    assert violations(page) == []
    page.get_by_role("button", name="+ Add a pane").click()
    pane(page, "C").get_by_label("Temperature, value of this pane").fill("5")
    pane(page, "C").get_by_role("button", name="Set", exact=True).click()
    expect(pane(page, "C").locator(".problem").first).to_be_visible()
    pane(page, "C").get_by_role("button", name="+ change").click()
    assert violations(page) == []
    pane(page, "C").get_by_role("button", name="Remove Temperature").click()
    page.get_by_role("textbox", name="Prompt").fill("Hello there")
    page.locator("#compare-run").click()
    ended(page)
    page.get_by_role("button", name="Run the sweep").click()
    expect(page.locator("#sweep .chip")).to_contain_text("finished")
    for width in looks(page):
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        boxes = [pane(page, name).bounding_box() for name in "ABC"]
        same_row = len({round(box["y"]) for box in boxes if box}) == 1
        assert same_row == (width == 1440)
        assert violations(page) == [], width
