"""What a person does with the ladder and the load simulator, in a real browser; the tiny model computes everything."""

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from playground.experiments.determinism.records import LadderRecord, LoadRecord
from playground.experiments.determinism.rungs import RUNGS
from playground.runs.records import parse_as
from playground.views import load as load_views
from playground.views.format import format_number, format_percent
from tests.ui import ladder_records as made
from tests.ui.lab import OpenPage, open_tab, set_slider
from tests.ui.pages import NARROW, looks, violations

pytestmark = pytest.mark.browser
ROOMS = ("Reruns",)
SLACK_S = 5.0  # two pages and two processes of a ladder share a machine that other tests use
HOSTILE = "<img src=x onerror=window.__x=1>${window.__y=1}{{value}}`"


def ladder_of(page: Page) -> Locator:
    return _in_front(page, "#ladder", "Determinism")


def load_of(page: Page) -> Locator:
    return _in_front(page, "#load", "Load")


def _in_front(page: Page, section: str, tab: str) -> Locator:
    """A section of the tab, shown."""
    page.get_by_role("tab", name=tab, exact=True).click()
    return page.locator(section)


def climb(page: Page, *, tokens: int = 6) -> None:
    page.locator("#reruns-prompt textarea, #reruns-prompt input").first.fill("Hello there")
    section = ladder_of(page)
    section.get_by_label("Tokens of the answer").fill(str(tokens))
    section.get_by_label("Skip what needs a fresh process").check()
    section.get_by_role("button", name="Run the ladder").click()


def saved_by(page: Page, section: Locator) -> str:
    with page.expect_download() as download:
        section.get_by_role("button", name="Save", exact=True).click()
    return download.value.path().read_text("utf-8")


def open_in(section: Locator, text: str) -> None:
    section.locator("input[type=file]").set_input_files(
        {"name": "a.json", "mimeType": "application/json", "buffer": text.encode()}
    )


def test_a_ladder_runs_is_saved_and_every_figure_is_a_recount_of_its_record(open_lab: OpenPage):
    page = open_tab(open_lab, "Reruns")
    climb(page)
    section = ladder_of(page)
    expect(section.locator("#ladder-stage .words")).to_contain_text("finished: ")
    record = parse_as(LadderRecord, saved_by(page, section))
    assert (len(record.rungs), record.control.fresh_processes) == (len(RUNGS), 0)
    assert len(record.reference.token_ids) == 6
    expect(section.locator("#ladder-control b")).to_have_text("Bitwise equal")
    active = sum(probe.active for probe in record.host_probe)
    expect(section.locator("#ladder-probe .active")).to_have_count(active)
    expect(section.locator("#ladder-probe .summary")).to_contain_text(f"{active} of ")
    others = [rung for rung in record.rungs if rung.group == "another-model"]
    assert section.locator("#ladder-others .title").count() == len(others) == 2
    shown = section.locator("#ladder-rungs li")
    expect(shown).to_have_count(len(record.rungs) - len(others))
    for item, rung in zip(shown.all(), [rung for rung in record.rungs if rung not in others], strict=True):
        expect(item.locator(".title")).to_contain_text(rung.title)
        if rung.skipped:
            expect(item).to_contain_text(rung.skipped)
            continue
        numbers = [one.split(" ", 1)[-1] for one in item.locator(".number > span:last-child").all_text_contents()]
        assert numbers[0] == format_number(rung.max_abs_logit_diff)
        assert numbers[2] == format_percent(rung.top1_agreement)
        assert item.locator(".strip").count() == 1
        assert item.locator(".strip > i").count() == (rung.divergence_token is not None)
    greedy = section.locator("#ladder-rungs li", has_text="Greedy again")
    expect(greedy).to_contain_text("No effect found here")
    expect(section.locator("#ladder-fixes .title, #ladder-fixes h4")).to_have_count(len(record.fixes))
    words = section.locator("#ladder-rungs").inner_text()
    page.reload()
    page.get_by_role("tab", name="Reruns", exact=True).click()
    open_in(ladder_of(page), record.to_json())
    expect(ladder_of(page).locator("#ladder-stage .words")).to_contain_text("opened: ")
    assert ladder_of(page).locator("#ladder-rungs").inner_text() == words
    assert parse_as(LadderRecord, saved_by(page, ladder_of(page))) == record


def test_an_unequal_control_claims_nothing(open_lab: OpenPage):
    page = open_tab(open_lab, "Reruns")
    open_in(ladder_of(page), made.ladder_record(claims=False).to_json())
    section = ladder_of(page)
    expect(section.locator("#ladder-control")).to_contain_text("Not bitwise equal")
    expect(section.locator("#ladder-control")).to_contain_text("nothing is claimed")
    expect(section.locator("#ladder-control li")).to_have_count(1)
    assert section.locator("#ladder-rungs li").count() == 0


def hostile_record() -> LadderRecord:
    texts = [HOSTILE, " <b>", "\n", *made.TEXTS[:4]]
    rung = made.rung("batch-8", diff=9.0, fork=1, text=HOSTILE + " other", title=HOSTILE, note=HOSTILE)
    rung = rung.model_copy(update={"reference_token": " <b>", "rung_token": HOSTILE, "factor": HOSTILE})
    probes = [made.probes()[0].model_copy(update={"knob": HOSTILE, "note": HOSTILE})]
    fixes = [made.fixes()[0].model_copy(update={"before": HOSTILE, "title": HOSTILE})]
    control = made.control(equal=True).model_copy(update={"differing": [HOSTILE]})
    changed = {"reference": made.reference(texts), "rungs": [rung], "host_probe": probes, "fixes": fixes}
    return made.ladder_record().model_copy(update=changed | {"control": control})


def test_hostile_text_stays_text(open_lab: OpenPage):
    page = open_tab(open_lab, "Reruns")
    open_in(ladder_of(page), hostile_record().to_json())
    section = ladder_of(page)
    section.get_by_text("Both answers").click()
    expect(section.locator("#ladder-rungs .other")).to_contain_text("other")
    assert HOSTILE in section.locator("#ladder-rungs .text").first.text_content()
    section.get_by_role("slider").focus()
    page.keyboard.press("End")
    record = made.load_record()
    record = record.model_copy(update={"arms": [made.arm(HOSTILE, [3, 2], 1.5)]})
    open_in(load_of(page), record.to_json())
    expect(load_of(page).locator("#load-arms h3")).to_contain_text(HOSTILE)
    assert page.evaluate("[window.__x, window.__y]") == [None, None]
    assert page.locator("#ladder img, #load img").count() == 0


def test_risky_tokens_and_the_fork_are_marked_by_more_than_colour(open_lab: OpenPage):
    page = open_tab(open_lab, "Reruns")
    open_in(ladder_of(page), made.ladder_record().to_json())
    item = page.locator("#ladder-rungs li", has_text="Batch 8")
    strip = item.get_by_role("img")
    expect(strip).to_have_attribute(
        "aria-label",
        "The reference under Batch 8: 37 tokens; risky: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12; fork at token 12",
    )
    assert strip.locator("i").evaluate("node => getComputedStyle(node, '::before').content") == '"▼"'
    item.get_by_text("Both answers").focus()
    page.keyboard.press("Enter")
    expect(item.locator(".word.risky")).to_have_count(12)
    fork = item.locator(".word.fork")
    assert fork.evaluate("node => getComputedStyle(node, '::before').content") == '"▼"'
    assert fork.text_content().startswith(made.TEXTS[11])
    term = page.locator("#ladder-rungs .term", has_text="risky")
    term.get_by_role("button").focus()
    expect(page.locator("#ladder-rungs .tip.open")).to_contain_text("gap between the two likeliest <= 2 x largest |dz|")


def test_the_ladder_names_its_reference_as_the_quantization_is_chosen(open_lab: OpenPage):
    page = open_tab(open_lab, "Reruns")
    said = ladder_of(page).locator(".ahead")
    expect(said).to_contain_text("fp32")
    for chosen, named in (("int4", "int4"), ("bf16", "bf16")):
        page.locator("#quantization-select").select_option(chosen)
        expect(said).to_contain_text(named)
    expect(said).not_to_contain_text("fp32")


def test_the_load_runs_and_its_counts_are_those_of_the_record(open_lab: OpenPage):
    page = open_tab(open_lab, "Reruns")
    section = load_of(page)
    section.get_by_label("Requests").fill("4")
    section.get_by_label("Tokens of each answer").fill("6")
    section.get_by_role("button", name="Run the load").click()
    expect(section.locator("#load-stage .words")).to_contain_text("finished: 3 methods")
    record = parse_as(LoadRecord, saved_by(page, section))
    for item, arm in zip(section.locator("#load-arms .arms > li").all(), record.arms, strict=True):
        assert item.locator(".number span").first.text_content() == str(len({tuple(a.token_ids) for a in arm.answers}))
        expect(item).to_contain_text(f"unique of {arm.n}")
        assert sum(answer.count for answer in arm.answers) == arm.n == 4
    expect(section.get_by_text(load_views.ours(record))).to_be_visible()
    assert {len(speeds) for speeds in record.passes.values()} == {3} == {len(record.control)}
    expect(section.locator("#load-arms")).to_contain_text(" to ")  # the range
    expect(section).to_contain_text("80 unique answers of 1,000")
    assert "Thinking Machines, 2025" in section.inner_text()


def test_no_axe_violations_and_no_sideways_scroll(open_lab: OpenPage):
    page = open_tab(open_lab, "Reruns", **NARROW)
    assert violations(page) == []
    open_in(ladder_of(page), made.ladder_record().to_json())
    open_in(load_of(page), made.load_record().to_json())
    expect(page.locator("#load-arms li").first).to_be_visible()
    for words in ("Both answers", "The answer", "The distinct answers", "Values as a table"):
        for show in (ladder_of, load_of):
            section = show(page)
            if section.get_by_text(words, exact=True).count():
                section.get_by_text(words, exact=True).first.click()
    for width in looks(page):
        for show in (ladder_of, load_of):
            show(page)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
            assert violations(page) == [], width


def test_what_stands_does_not_move_when_a_rung_arrives(open_lab: OpenPage):
    page = open_tab(open_lab, "Reruns")
    section = ladder_of(page)
    parts = "['#ladder-stage', '#ladder-control', '#ladder-probe', '#ladder-gaps .plot']"
    places = f"{parts}.map(part => Math.round(document.querySelector(part).getBoundingClientRect().top))"
    open_in(section, made.ladder_record().model_copy(update={"rungs": made.rungs()[:2], "fixes": []}).to_json())
    expect(section.locator("#ladder-rungs li")).to_have_count(2)
    section.locator("#ladder-rungs li").first.get_by_text("Both answers").click()
    before = page.evaluate(places)
    page.evaluate("document.querySelector('#ladder-rungs li').dataset.mine = 'kept'")
    open_in(section, made.ladder_record().model_copy(update={"rungs": made.rungs()[:4], "fixes": []}).to_json())
    expect(section.locator("#ladder-rungs li")).to_have_count(4)
    assert page.evaluate(places) == before
    assert section.locator("#ladder-rungs li").first.get_attribute("data-mine") == "kept"
    expect(section.locator("#ladder-rungs .texts").first).to_be_visible()


def test_a_short_run_of_another_page_passes_between_the_steps_of_a_ladder(open_lab: OpenPage):
    mine, theirs = open_tab(open_lab, "Reruns"), open_lab()
    alone_s = short_run_s(theirs)
    mine.locator("#reruns-prompt textarea, #reruns-prompt input").first.fill("Hello there")
    section = ladder_of(mine)
    section.get_by_label("Tokens of the answer").fill("64")
    section.get_by_role("button", name="Run the ladder").click()
    stage = section.locator("#ladder-stage .words")
    expect(stage).not_to_have_text(re.compile("queued|not run yet|^$"))
    for _ in range(3):
        beside_s = short_run_s(theirs)
        assert beside_s < alone_s + 3 + SLACK_S
        assert "finished" not in stage.inner_text()  # the ladder goes on
    section.get_by_role("button", name="Stop").click()
    expect(stage).to_contain_text("stopped")


def short_run_s(page: Page) -> float:
    """Seconds from the click to the end of a short answer, as the person sees it."""
    set_slider(page, "Max new tokens", 20)
    page.get_by_role("textbox", name="Prompt").first.fill("Hello there")
    began = time.monotonic()
    page.locator("#run-button").click()
    expect(page.locator("#stop-button")).to_be_enabled()
    expect(page.locator(".chip").filter(visible=True).first).to_contain_text("finished: ")
    expect(page.locator("#run-button")).to_be_enabled()
    return time.monotonic() - began
