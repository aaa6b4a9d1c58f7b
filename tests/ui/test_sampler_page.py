"""What a person does in the sampler's section, in a real browser, with a real runner over a tiny model."""

from dataclasses import replace

import pytest
from playwright.sync_api import Locator, Page, expect

from playground.experiments.inspection.stages import draw, stages
from playground.experiments.inspection.step import Step, at_step
from playground.runs.records import RunRecord
from playground.runs.runner import Runner
from playground.settings import make_settings
from tests.tiny_runner import answer, endless_folder, make_runner, make_slot, of, request
from tests.ui.lab import OpenPage, open_tab
from tests.ui.pages import NARROW, looks, violations

pytestmark = pytest.mark.browser
ROOMS = ("Inside",)
HOSTILE = '<img src=x onerror="document.title = 1">'
MANY = 1_200


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """One with the weights of the page's own, for what the page must show."""
    return make_runner(make_slot(endless_folder(tmp_path_factory.mktemp("sampler"))))


@pytest.fixture(scope="module")
def record(runner: Runner) -> RunRecord:
    return answer(runner, request(top_p=0.9, temperature=0.9, repetition_penalty=1.2))


def tokens_of(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Tokens of the answer").get_by_role("option")


def opened(open_lab: OpenPage, record: RunRecord, **options: object) -> Page:
    """The section with this run, read from a file."""
    page = open_tab(open_lab, "Inside", **options)
    files = {"name": "a.json", "mimeType": "application/json", "buffer": record.to_json().encode()}
    page.locator("#inside-open input[type=file]").set_input_files(files)
    expect(tokens_of(page)).not_to_have_count(0)
    return page


def expected(runner: Runner, record: RunRecord, index: int, order: str = "transformers", **settings: float):
    """Tokens that each stage keeps, and the random number behind the draw, as the page writes them."""
    (step,) = of(Step, at_step(runner, record, index, lambda step: step))
    asked = make_settings(**{**record.settings, **settings})
    found = stages(step.logits, step.seen_ids, asked, order)
    drawn = draw(found[-1].scores, step.noise if asked.temperature else None)
    return [f"{stage.kept:,}" for stage in found], "none" if drawn.uniform is None else f"{drawn.uniform:.6f}"


def expect_step(page: Page, kept: list[str], uniform: str) -> None:
    expect(page.locator("#sampler .cell b").nth(2)).to_have_text(uniform)
    assert page.locator("#sampler tfoot b").all_inner_texts()[:6] == kept


def move(page: Page, name: str, value: float) -> None:
    page.get_by_role("slider", name=f"{name}, here").fill(str(value))


def test_sliders_redraw_as_the_engine_computes_and_ask_the_server_nothing(
    open_lab: OpenPage, runner: Runner, record: RunRecord
):
    page = opened(open_lab, record)
    most_open = max(range(12), key=lambda n: record.tokens[n].entropy_bits)
    expect(page.get_by_role("heading", name=f"Step {most_open}: token {most_open + 1} of 12")).to_be_visible()
    expect_step(page, *expected(runner, record, most_open))
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url))
    for name, field, value in (
        ("Temperature", "temperature", 1.7),
        ("Top-k", "top_k", 30),
        ("Min-p", "min_p", 0.05),
        ("Repetition penalty", "repetition_penalty", 1.5),
        ("Top-p", "top_p", 0.6),
    ):
        move(page, name, value)
        expect_step(page, *expected(runner, record, most_open, **{field: value, **moved(page, field)}))
    page.get_by_role("radio", name="llama.cpp").check()
    expect_step(page, *expected(runner, record, most_open, "llama.cpp", **moved(page)))
    kept = page.locator("#sampler .both tr.on td").all_inner_texts()[:3]
    assert kept == expected(runner, record, most_open, "llama.cpp", **moved(page))[0][2:5]
    page.get_by_role("radio", name="transformers").check()
    move(page, "Temperature", 0)
    expect_step(page, *expected(runner, record, most_open, **moved(page)))
    page.get_by_role("button", name="As in the run").click()
    expect_step(page, *expected(runner, record, most_open))
    assert asked == []


def moved(page: Page, but: str = "") -> dict[str, float]:
    """Where the page's own sliders stand."""
    names = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
    return {name: float(page.locator(f"#sampler [data-k={name}]").input_value()) for name in names if name != but}


def test_steps_are_chosen_by_keys_and_by_pointer(open_lab: OpenPage, runner: Runner, record: RunRecord):
    page = opened(open_lab, record)
    expect(page.locator("#sampler table.stages")).to_be_visible()
    tokens_of(page).first.click()
    expect_step(page, *expected(runner, record, 0))
    for key, index in (("ArrowRight", 1), ("End", 11), ("ArrowLeft", 10), ("Home", 0)):
        page.keyboard.press(key)
        expect(tokens_of(page).and_(page.get_by_role("option", selected=True))).to_be_focused()
        expect(page.get_by_role("heading", name=f"Step {index}: token {index + 1} of 12")).to_be_visible()
        expect_step(page, *expected(runner, record, index))
    expect(page.locator("#sampler tr.run small")).to_have_text("here, run")


def test_a_thousand_fresh_draws_stand_beside_what_is_expected(open_lab: OpenPage, record: RunRecord):
    page = opened(open_lab, record)
    numbers = page.locator("#sampler .redraw .number:visible")
    expect(numbers.first).to_be_visible()
    rows = [text.split() for text in numbers.all_inner_texts()]
    assert sum(float(row[2]) for row in rows) == pytest.approx(1000, abs=len(rows) / 2 + 1)
    page.get_by_role("button", name="Redraw 1,000 times").click()
    assert sum(int(text.split()[0]) for text in numbers.all_inner_texts()) == 1000
    expect(page.get_by_text("rows are within ± 2 standard deviations")).to_be_visible()
    move(page, "Temperature", 1.9)  # what came no longer belongs to what is expected
    assert not any(text[0].isdigit() for text in numbers.all_inner_texts())


def test_a_run_whose_model_is_not_here_says_so_and_its_text_stays_text(open_lab: OpenPage, record: RunRecord):
    tokens = [replace(record.tokens[n % 12], index=n, text=HOSTILE) for n in range(MANY)]
    elsewhere = record.model.model_copy(update={"id": "nobody"})
    page = opened(open_lab, record.model_copy(update={"tokens": tokens, "prompt": HOSTILE, "model": elsewhere}))
    expect(tokens_of(page).first).to_have_text(HOSTILE)
    assert tokens_of(page).count() <= 400
    tokens_of(page).nth(3).click()
    expect(page.locator("#sampler-line")).to_have_text("")
    expect(page.get_by_text("This step was not computed.")).to_be_visible()
    expect(page.get_by_text("nobody").last).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_role("heading", name=f"token {MANY:,} of {MANY:,}")).to_be_visible()
    expect(tokens_of(page).and_(page.get_by_role("option", selected=True))).to_be_focused()
    assert tokens_of(page).count() <= 400
    assert page.locator("#sampler-steps img, #sampler img").count() == 0


def test_nothing_is_wrong_for_those_who_do_not_see_it_or_have_little_room(open_lab: OpenPage, record: RunRecord):
    page = opened(open_lab, record, **NARROW)
    expect(page.locator("#sampler table.stages")).to_be_visible()
    move(page, "Top-k", 5)
    page.get_by_role("button", name="Redraw 1,000 times").click()
    for width in looks(page):
        assert violations(page) == [], width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        box = page.locator("#sampler .scroll")
        box.evaluate("(box) => { box.scrollLeft = 200; }")
        name, edge = page.locator("#sampler tbody th").first.bounding_box(), box.bounding_box()
        assert name is not None
        assert edge is not None
        assert name["x"] >= edge["x"] - 1  # the names stay where the stages scroll
