"""What a person does in Inside, Layers: in a real browser, with a real runner over a tiny model."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from playground.experiments.documents import parse_document
from playground.experiments.lens.experiment import LensRecord
from playground.experiments.training.experiment import TrainingRecord
from playground.views import layers as lens_views
from playground.views.panels import Drawn, Sofar
from playground.views.training import VIEW
from tests.ui.lab import OpenPage, set_slider
from tests.ui.pages import violations

pytestmark = pytest.mark.browser
ROOMS = ("Inside",)


def layers(open_lab: OpenPage, *, prompt: str = "Hello there", run: int = 6, **options: object) -> Page:
    """The section; after a run of so many tokens, if any."""
    page = open_lab(**options)
    page.get_by_role("textbox", name="Prompt").first.fill(prompt)
    if run:
        set_slider(page, "Max new tokens", run)
        page.get_by_role("button", name="Run", exact=True).first.click()
        expect(page.locator("[data-part=token_view] .tok").nth(run - 1)).to_be_visible()
        expect(page.get_by_role("button", name="Run", exact=True).first).to_be_enabled()
    page.get_by_role("tab", name="Inside", exact=True).click()
    page.get_by_role("tab", name="Layers", exact=True).click()
    return page


def look(page: Page) -> Locator:
    page.get_by_role("button", name="Look inside").click()
    expect(page.locator("#layers-stage .words")).to_have_text(re.compile("^finished: "))
    return page.get_by_role("grid", name="Logit lens")


def saved_by(page: Page, button: str) -> LensRecord | TrainingRecord:
    with page.expect_download() as download:
        page.locator(button).click()
    record = parse_document(Path(download.value.path()).read_text("utf-8"))
    assert isinstance(record, LensRecord | TrainingRecord)
    return record


def test_the_grid_is_the_saved_record_and_arrow_keys_walk_it(open_lab: OpenPage):
    page = layers(open_lab)
    expect(page.locator("#layers-line")).to_contain_text("of the run above")
    grid = look(page)
    record = saved_by(page, "#layers-save")
    assert isinstance(record, LensRecord)
    assert len(record.token_ids) == len(record.prompt_token_ids) + 6
    expect(grid.get_by_role("row")).to_have_count(len(record.layers) + 2)  # the names, and what enters the first layer
    expect(grid.get_by_role("gridcell")).to_have_count(len(record.cells))
    told, cells = page.locator("#layers-grid .readout"), {(cell.layer, cell.position): cell for cell in record.cells}
    last = record.positions[-1]
    expect(told.locator(".says")).to_contain_text(f"After token {last}")
    grid.locator("td[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    chosen = cells[len(record.layers) - 1, last - 1]
    expect(told.locator(".says")).to_contain_text(f"After token {last - 1}")
    expect(told.locator(".here")).to_contain_text(f"Layer {chosen.layer} of {len(record.layers)}")
    expect(told.locator(".here")).to_contain_text(f"The final answer has rank {chosen.final_rank:,}")
    expect(page.locator("#layers-cost")).to_contain_text(lens_views.cost_text(record)[:40])
    expect(page.locator("#layers-times .summary")).to_contain_text("All layers:")


def test_attention_follows_the_token_the_layer_and_the_head(open_lab: OpenPage):
    page = layers(open_lab, run=0)
    expect(page.locator("#layers-line")).to_contain_text("No run yet")
    look(page)
    attention = page.get_by_role("group", name="Attention", exact=True)
    record = saved_by(page, "#layers-save")
    assert isinstance(record, LensRecord)
    assert len(record.token_ids) == len(record.prompt_token_ids) + 8
    expect(attention.locator(".tok")).to_have_count(len(record.token_ids))
    expect(attention.locator(".who")).to_contain_text(f"from token {len(record.token_ids) - 1},")
    attention.locator(".tok").nth(5).click()
    expect(attention.locator(".who")).to_contain_text("mean over 4 heads: from token 5,")
    expect(attention.locator(".sum")).to_contain_text(re.compile(r"sum to (1\.0000|0\.9999)"))
    expect(attention.locator(".sink")).to_contain_text("attention sink")
    attention.locator(".tok").nth(5).focus()
    page.keyboard.press("ArrowRight")
    expect(attention.locator(".one")).to_contain_text("comes later, so it has no weight")
    page.keyboard.press("Enter")
    expect(attention.locator(".who")).to_contain_text("from token 6,")
    page.get_by_label("Head of attention").select_option("2")
    page.get_by_label("Layer of attention").select_option("2")
    expect(attention.locator(".who")).to_contain_text("Layer 2, head 2: from token 6,")
    expect(attention.locator("canvas")).to_be_visible()
    page.keyboard.press("Tab")
    assert violations(page) == []


def test_one_step_on_a_copy_stands_beside_inference(open_lab: OpenPage):
    page = layers(open_lab, run=0, width=390, height=844, theme="dark")
    rate = page.get_by_label("Learning rate")
    rate.fill("9")
    page.get_by_role("button", name="Take one step").click()
    expect(page.locator("#layers-step-stage")).to_contain_text("Learning rate must be a number from")
    rate.fill("0.01")
    page.get_by_label("Sentence to learn from").fill("the ants are in the end")
    page.get_by_role("button", name="Take one step").click()
    expect(page.locator("#layers-step-stage .words")).to_contain_text("finished: one step")
    pair = page.get_by_role("group", name="Training against inference")
    record = saved_by(page, "#layers-step-save")
    assert isinstance(record, TrainingRecord)
    assert record.copy_.loss_after < record.copy_.loss_before
    content = VIEW.draw(Sofar(record=record))["training"]
    assert isinstance(content, Drawn)
    view = json.loads(content.value)
    for name, rows in (("Inference", view["inference"]), ("Training", view["training"])):
        shown = pair.get_by_role("region", name=name, exact=True).locator("dd")
        assert [text.strip() for text in shown.all_text_contents()] == [(row[1] + row[2]).strip() for row in rows]
    expect(pair).to_contain_text("The copy was discarded. The model in memory has the weights it had, bit for bit.")
    look(page)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_text_of_a_model_and_of_a_person_is_shown_and_never_run(open_lab: OpenPage):
    hostile = "<img src=x onerror=window.__x=1>${window.__y=1}{{value}}`"
    page = layers(open_lab, prompt=hostile, run=0)
    look(page)
    page.get_by_role("group", name="Attention", exact=True).locator(".tok").nth(3).click()
    expect(page.get_by_role("group", name="Attention", exact=True)).to_contain_text("onerror")
    assert page.evaluate("[window.__x, window.__y]") == [None, None]
