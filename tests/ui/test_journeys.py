"""What a person does in the page, in a real browser, against a runner whose tokens are known."""

import codecs
import json
import re
import threading

import pytest
from playwright.sync_api import Page, expect

from playground.errors import PlaygroundError
from playground.metrics.prices import price_list_date
from tests.scripted import Script, ScriptedRunner
from tests.ui.conftest import OpenPage
from tests.ui.pages import NARROW, PATIENCE_S, Browsers, looks, opening, ready, violations

pytestmark = pytest.mark.browser
ROOMS = ()  # what happens in Play and the sidebar
HOSTILE = " <img src=x onerror=window.__x=1>${window.__y=1}{{value}}`"


def prompt_of(page: Page):
    return page.get_by_role("textbox", name="Prompt", exact=True)


def tokens_of(page: Page):
    return page.get_by_role("group", name="Output tokens").locator(".tok")


def ask(page: Page, prompt: str, *, until: str = "finished: end of answer") -> None:
    prompt_of(page).fill(prompt)
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".chip")).to_have_text(until)


def open_meters(page: Page) -> None:
    """All meters, under the four figures above the answer."""
    figure = page.get_by_role("button", name="First word after")
    figure.click()
    expect(figure).to_have_attribute("aria-expanded", "true")


def more_settings(page: Page) -> None:
    """The settings that are folded away at first."""
    page.get_by_role("button", name="More settings").click()


def slider(page: Page, name: str):
    return page.get_by_role("slider", name=name, exact=True)


def test_a_run_streams_its_tokens_and_meters_and_is_inspected_by_keyboard(open_page: OpenPage, runner: ScriptedRunner):
    page = open_page()
    ask(page, "one two three")
    tokens = tokens_of(page)
    expect(tokens).to_have_count(41)  # the end token has no text and still is one
    assert tokens.first.text_content() == " one"
    meters = page.get_by_role("group", name="Meters")
    open_meters(page)
    expect(meters).to_contain_text("11 / 41")
    expect(meters).to_contain_text("end of answer")
    expect(meters).to_contain_text(price_list_date())
    expect(
        page.get_by_role("img", name=re.compile("Time of each token: .*ttft.*, .*prefill.*, tokens 2 to 41"))
    ).to_be_visible()
    tokens.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("token 3 of 41")).to_be_visible()
    assert page.locator(".bar.chosen .mono").text_content() == "␣three"
    assert page.locator(".bar.cut").count() == 4  # six of ten survive the sampler
    page.keyboard.press("End")
    expect(page.locator(".facts .text")).to_have_text("<|im_end|>")
    assert len(runner.answers) == 1


def test_arabic_runs_from_the_right_and_pieces_of_characters_show_their_bytes(
    open_page: OpenPage, runner: ScriptedRunner
):
    runner.script = Script(tokens=["مرحبا", " بكم", "<0xF0><0x9F>", "🙂"])
    page = open_page()
    ask(page, "مرحبا")
    tokens = tokens_of(page)
    expect(tokens).to_have_count(4)
    boxes = [tokens.nth(place).bounding_box() or {} for place in (0, 1, 3)]
    assert boxes[0]["x"] > boxes[1]["x"] > boxes[2]["x"]
    tokens.nth(0).focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("token 2 of 4")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("token 1 of 4")).to_be_visible()
    right = page.locator(".toks").first.bounding_box() or {}
    assert right["x"] + right["width"] - (boxes[0]["x"] + boxes[0]["width"]) < 30
    assert prompt_of(page).evaluate("field => getComputedStyle(field).unicodeBidi") == "plaintext"
    assert tokens.nth(2).locator(".word").get_attribute("data-bytes") == "F0 9F"
    assert page.locator(".toks").first.text_content() == "مرحبا بكم🙂"  # bytes are shown, not part of the text


def test_keys_run_and_stop_and_what_came_stays(open_page: OpenPage, runner: ScriptedRunner):
    runner.script = Script(count=5000, tokens_per_s=8)
    page = open_page()
    prompt_of(page).fill("one two three")
    page.keyboard.press("Control+Enter")
    expect(tokens_of(page).nth(5)).to_be_attached()
    page.keyboard.press("Escape")
    expect(page.locator(".chip")).to_have_text("stopped")
    count = tokens_of(page).count()
    assert count >= 5
    expect(page.get_by_role("button", name="Run")).to_be_enabled()
    with page.expect_download() as download:
        page.locator("#save-button").click()
    record = json.loads(download.value.path().read_text("utf-8"))
    assert record["finish_reason"] == "cancelled"
    assert [token["text"] for token in record["tokens"]] == tokens_of(page).all_text_contents()


def test_stop_ends_a_fast_run_and_the_page_shows_every_token_of_it(open_page: OpenPage, runner: ScriptedRunner):
    runner.script = Script(count=5000, tokens_per_s=200)
    page = open_page()
    slider(page, "Max new tokens").fill("2048")
    prompt_of(page).fill("one two three")
    page.get_by_role("button", name="Run").click()
    expect(tokens_of(page).nth(300)).to_be_attached()
    run = runner.answers[-1]
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".chip")).to_have_text("stopped")
    assert run.stopped.is_set()
    assert len(run.tokens) < 2048
    expect(tokens_of(page)).to_have_count(len(run.tokens))


def test_two_people_see_only_their_own_text_settings_and_stop(open_page: OpenPage, runner: ScriptedRunner):
    runner.script = Script(count=5000, tokens_per_s=5)
    one, two = open_page(), open_page()
    slider(one, "Temperature").fill("0.31")
    for page, nonce in ((one, "nonce-amber"), (two, "nonce-violet")):
        prompt_of(page).fill(nonce)
        page.get_by_role("button", name="Run").click()
    expect(tokens_of(one).nth(3)).to_be_attached()
    expect(two.locator(".chip")).to_have_text(re.compile("waiting|starting|ready"))
    one.get_by_role("button", name="Stop").click()
    expect(one.locator(".chip")).to_have_text("stopped")
    expect(tokens_of(two).nth(3)).to_be_attached()  # the second run goes on, by itself
    assert set(tokens_of(one).all_text_contents()) == {" nonce-amber"}
    assert set(tokens_of(two).all_text_contents()) == {" nonce-violet"}
    assert slider(two, "Temperature").input_value() == "0.8"
    expect(two.locator(".chip")).to_have_text("running")
    two.close()  # a closed page stops its run
    assert runner.answers[1].stopped.wait(PATIENCE_S)


def test_hostile_tokens_are_text(open_page: OpenPage, runner: ScriptedRunner):
    runner.script = Script(tokens=[HOSTILE, "\n", "</script><script>window.__x=1</script>", "é", " "])
    page = open_page()
    ask(page, HOSTILE)
    assert tokens_of(page).all_text_contents() == list(runner.script.tokens or ())
    for place in range(5):
        tokens_of(page).nth(place).hover()
    assert page.evaluate("[window.__x, window.__y]") == [None, None]
    assert page.locator(".toks img, .bars img, .toks script").count() == 0


def test_a_shared_link_fills_in_and_never_runs(open_page: OpenPage, runner: ScriptedRunner):
    page = open_page()
    prompt_of(page).fill("what & why? #1 é")
    slider(page, "Temperature").fill("0.25")
    more_settings(page)
    slider(page, "Seed").fill("7")
    page.get_by_label("Quantization").select_option("int8")
    expect(page.get_by_text("136 MB measured")).to_be_visible()
    page.get_by_label("System prompt").fill("Be brief.")
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_function("location.hash.length > 10")
    fragment = page.evaluate("location.hash")
    assert "reference_model" not in fragment
    assert "hardware" not in fragment
    opened = open_page(fragment)
    expect(opened.get_by_text("Settings from a link.")).to_be_visible()
    expect(prompt_of(opened)).to_have_value("what & why? #1 é")
    assert slider(opened, "Temperature").input_value() == "0.25"
    more_settings(opened)
    assert slider(opened, "Seed").input_value() == "7"
    expect(opened.get_by_label("Quantization")).to_have_value("int8")
    assert runner.answers == []
    ask(opened, "what & why? #1 é")
    settings = runner.answers[0].settings
    assert (settings.temperature, settings.seed, settings.system) == (0.25, 7, "Be brief.")


@pytest.mark.parametrize("fragment", ["#temperature=99&nonsense=1&%E0%A4%A", "#prompt=" + "a" * 9000])
def test_a_malformed_link_is_ignored_and_says_so(open_page: OpenPage, fragment: str):
    page = open_page(fragment)
    expect(page.get_by_text("This link was not used.")).to_be_visible()
    assert slider(page, "Temperature").input_value() == "0.8"
    assert prompt_of(page).input_value() == ""


def test_a_page_of_a_test_finds_nothing_of_the_test_before(browsers: Browsers, url: str):
    with opening(browsers, url) as open_it:
        page, other = open_it(), open_it()
        kept = "[localStorage.left, sessionStorage.left, document.cookie.includes('left')]"
        assert page.evaluate(kept) == other.evaluate(kept) == [None, None, False]
        page.evaluate("localStorage.left = sessionStorage.left = 1; document.cookie = 'left=1'")
        page.context.grant_permissions(["clipboard-read"])
        assert other.evaluate(kept) == [None, None, False]
        page.set_viewport_size({"width": 500, "height": 500})
    with opening(browsers, url) as open_it:
        page = open_it()
        assert page.evaluate(kept) == [None, None, False]
        assert page.evaluate("innerWidth") == 1440
        assert (
            page.evaluate("navigator.permissions.query({ name: 'clipboard-read' }).then((one) => one.state)")
            != "granted"
        )


def test_settings_survive_a_reload(open_page: OpenPage, runner: ScriptedRunner):
    page = open_page()
    page.get_by_label("Preset").select_option("creative")
    expect(slider(page, "Temperature")).to_have_value("1.2")
    more_settings(page)
    slider(page, "Top-k").fill("40")
    expect(page.get_by_label("Preset")).to_have_value("")  # changed by hand
    prompt_of(page).fill("still here")
    page.wait_for_function("Object.values(sessionStorage).some((text) => text.includes('still here'))")
    page.reload()
    ready(page)
    assert slider(page, "Temperature").input_value() == "1.2"
    more_settings(page)
    assert slider(page, "Top-k").input_value() == "40"
    expect(prompt_of(page)).to_have_value("still here")


def test_a_failure_says_what_to_do_and_loses_nothing(open_page: OpenPage, runner: ScriptedRunner):
    page = open_page()
    runner.script = Script(fail_after=5)
    slider(page, "Temperature").fill("0.4")
    ask(page, "one two three", until="failed")
    expect(page.get_by_text("use fp32.").first).to_be_visible()
    expect(tokens_of(page)).to_have_count(5)
    expect(prompt_of(page)).to_have_value("one two three")
    assert slider(page, "Temperature").input_value() == "0.4"
    runner.script = Script()
    ask(page, "one two three")
    expect(page.get_by_text("use fp32.")).to_have_count(0)


def test_an_unexpected_error_is_told_without_its_insides(open_page: OpenPage, runner: ScriptedRunner, caplog):
    runner.script = Script(fail_after=2, error=RuntimeError("secret inside"))
    page = open_page()
    ask(page, "one two three", until="failed")
    expect(page.get_by_text("(RuntimeError)").first).to_be_visible()
    assert "secret inside" not in page.content()
    assert "secret inside" in caplog.text


def _no_disk() -> None:
    raise PlaygroundError("The disk is gone.")


def test_menus_show_why_something_cannot_run_and_a_failed_load_keeps_the_old_model(
    open_page: OpenPage, runner: ScriptedRunner
):
    page = open_page()
    menu = page.get_by_label("Quantization")
    expect(menu.locator("option[value=fp16]")).to_have_text("fp16 (this processor has no fp16 units)")
    expect(menu.locator("option[value=fp16]")).to_be_disabled()
    more_settings(page)
    slider(page, "Context length").fill("4000")
    runner.script = Script(between=_no_disk)
    page.get_by_label("Model").select_option("fake-small")
    expect(page.locator(".chip")).to_have_text("failed")
    expect(page.get_by_text("The disk is gone").first).to_be_visible()
    assert runner.holds("fake-135m", "fp32")
    expect(slider(page, "Context length")).to_have_value("4000")
    expect(page.get_by_label("Model")).to_have_value("fake-135m")
    runner.script = Script()
    page.get_by_label("Model").select_option("fake-small")
    expect(slider(page, "Context length")).to_have_attribute("max", "1024")
    ask(page, "one two three")
    assert runner.answers[-1].model == "fake-small"


def test_the_page_says_beforehand_what_a_prompt_will_be(open_page: OpenPage, runner: ScriptedRunner):
    page = open_page()
    prompt_of(page).fill("one two three")
    expect(page.get_by_text("11 tokens will be read.")).to_be_visible()
    more_settings(page)
    slider(page, "Context length").fill("16")
    prompt_of(page).fill("one two three " * 10)
    expect(page.get_by_text("the oldest 23 tokens drop for the context length of 16")).to_be_visible()
    assert runner.answers == []


def test_queue_loading_and_reading_are_shown_and_only_changes_of_state_are_spoken(
    open_page: OpenPage, runner: ScriptedRunner
):
    seen = threading.Semaphore(0)
    runner.script = Script(runs_before=2, prompt_parts=2, between=lambda: seen.acquire(timeout=PATIENCE_S))
    page = open_page()
    runner.hold("fake-small")
    page.evaluate(
        """() => {
          const node = document.querySelector(".row ~ .voice"), spoken = window.spoken = [];
          new MutationObserver(() => spoken.push(node.textContent)).observe(node, {childList: true, subtree: true});
        }"""
    )
    prompt_of(page).fill("one two three")
    page.get_by_role("button", name="Run").click()
    loading = [f"loading fake-135m fp32: reading the weights {part}%" for part in (0, 25, 50, 75, 100)]
    for words in (
        "waiting, 2 runs before this",
        "waiting, 1 run before this",
        *loading,
        "reading the prompt, 5 of 11 tokens",
        "reading the prompt, 11 of 11 tokens",
        "running",
        "finished: end of answer",
    ):
        expect(page.locator(".chip .words")).to_contain_text(words)
        seen.release()
    spoken = page.evaluate("spoken")
    assert len(spoken) <= 8
    assert sum("loading" in words for words in spoken) == 1


def test_a_preset_is_saved_exported_and_imported(open_page: OpenPage, runner: ScriptedRunner):
    page = open_page()
    slider(page, "Temperature").fill("0.33")
    page.get_by_role("button", name="Your presets").click()
    page.get_by_label("Name", exact=True).fill("My own")
    page.locator("#settings").get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Preset saved.")).to_be_visible()
    expect(page.get_by_label("Preset", exact=True)).to_have_value("my-own")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    text = download.value.path().read_text("utf-8")
    assert "temperature: 0.33" in text
    changed = text.replace("My own", "Theirs").replace("0.33", "0.44")
    page.locator("#preset-open input[type=file]").set_input_files(
        {"name": "a.yaml", "mimeType": "text/yaml", "buffer": codecs.BOM_UTF16_BE + changed.encode("utf-16-be")}
    )
    expect(page.get_by_text("Preset imported.")).to_be_visible()
    assert slider(page, "Temperature").input_value() == "0.44"
    page.locator("#preset-open input[type=file]").set_input_files(
        {"name": "a.yaml", "mimeType": "text/yaml", "buffer": b"schema: 1\nx: 1\n"}
    )
    expect(page.get_by_text("This preset was not imported.")).to_be_visible()
    _replaced_after_a_yes(page)


def _replaced_after_a_yes(page: Page):
    """Another preset under the title `My own`, first only asked for, then agreed to."""
    replace = page.locator("#preset-replace")
    expect(replace).to_be_hidden()
    for agrees, kept in ((False, "0.33"), (True, "0.55")):
        slider(page, "Temperature").fill("0.55")
        page.locator("#settings").get_by_role("button", name="Save", exact=True).click()
        expect(replace).to_be_visible()
        if agrees:
            replace.click()
            expect(replace).to_be_hidden()
        for preset, temperature in (("balanced", "0.8"), ("my-own", kept)):
            page.get_by_label("Preset", exact=True).select_option(preset)
            expect(slider(page, "Temperature")).to_have_value(temperature)


def test_no_axe_violations_and_no_sideways_scroll(open_page: OpenPage, runner: ScriptedRunner):
    runner.script = Script(count=20)
    page = open_page(**NARROW)
    ask(page, "one two three")
    open_meters(page)
    answer = page.get_by_role("group", name="Output tokens")
    assert page.locator(".meter-line").first.bounding_box()["y"] < answer.bounding_box()["y"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Toggle Sidebar").click()
    expect(slider(page, "Temperature")).to_be_in_viewport()
    for name in ("More settings", "Prices and energy", "Your presets"):
        page.locator("#settings").get_by_role("button", name=name).click()
    for width in looks(page):
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        expect(page.locator("#settings")).to_have_class(re.compile(r"\bopen\b"))
        assert violations(page) == [], width


def test_nothing_moves_while_tokens_stream(open_page: OpenPage, runner: ScriptedRunner):
    runner.script = Script(count=300, tokens_per_s=300, reason="length")
    page = open_page()
    parts = "['.toks', '.chip', '.plot', '.gauge.money', '.gauge.energy']"
    places = f"{parts}.map(part => document.querySelector(part).getBoundingClientRect().top)"
    ask(page, "one two three", until="finished: token limit reached")  # the examples have left
    before = page.evaluate(places)
    slider(page, "Max new tokens").fill("300")
    ask(page, "one two three four", until="finished: token limit reached")
    after = page.evaluate(places)
    assert after == before


def test_every_meter_explains_itself_on_hover_and_focus(open_page: OpenPage, runner: ScriptedRunner):
    page = open_page()
    ask(page, "one two three")
    open_meters(page)
    term = page.locator(".term", has_text="of the memory-bandwidth limit")
    term.hover()
    expect(page.locator(".tip.open")).to_contain_text("bytes a step must read / tpot / measured bandwidth")
    page.mouse.move(700, 5)
    expect(page.locator(".tip.open")).to_have_count(0)
    term.get_by_role("button").focus()
    expect(page.locator(".tip.open")).to_contain_text("measured on this machine")
