"""The chart: a spec that can only say what can be drawn, and a drawing that says what the spec says."""

import json
import math
from collections.abc import Callable, Iterator
from itertools import count

import gradio as gr
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Locator, Page, expect

from playground.ui.components.charts import chart
from playground.views.spec import Axis, ChartSpec, Mark, Series
from tests.ui.pages import NARROW, Browsers, looks, serving_page, violations

HOSTILE = "<img src=x onerror=window.__x=1>${window.__y=1}{{value}}`"
AGREEMENT = ChartSpec(
    Axis("token"),
    Axis("pairs still identical", percent=True),
    [
        Series("greedy", "step", [(t, 1.0) for t in range(10)], "ink"),
        Series(
            "sampled", "step", [(t, None if t == 4 else 0.9**t) for t in range(10)], "prob",
            low=[0.5 * 0.9**t for t in range(10)], high=[1.0] * 10, labels=[f"note {t}" for t in range(10)],
        ),
    ],
    title="Agreement", summary="Sampled runs part; greedy ones do not.",
)  # fmt: skip
HISTOGRAM = ChartSpec(
    Axis("gap", "logits", log=True),
    Axis("steps"),
    [Series("steps", "bars", [(0.001, 2), (0.01, 0), (0.1, 7), (1.0, 31)], "prob")],
    [Mark(2e-6 * 3**rung, f"rung {rung}") for rung in range(9)],
)
EVIL = ChartSpec(
    Axis(HOSTILE, HOSTILE, categories=(HOSTILE, "fp32")),
    Axis(HOSTILE),
    [Series(HOSTILE, "bars", [(0, 23), (1, 1)], labels=[HOSTILE, ""]), Series("b", "dots", [(0, 2)])],
    [Mark(0, HOSTILE)],
    title=HOSTILE, summary=HOSTILE,
)  # fmt: skip
BYTES = ChartSpec(
    Axis("", categories=("fp32", "int4")),
    Axis("weights", "B", min=0),
    [Series("measured", "bars", [(0, 538e6), (1, 9e7)])],
)
SPECS = {"Agreement": AGREEMENT, "Gaps": HISTOGRAM, "Evil": EVIL, "Bytes": BYTES}
FINITE = st.floats(-1e12, 1e12)


@given(st.lists(st.tuples(FINITE, st.none() | FINITE), max_size=20), st.text())
def test_any_text_and_numbers_travel_as_ascii_without_a_tag_and_come_back(points, text: str):
    spec = ChartSpec(Axis(text, text), Axis("y"), [Series(text, "dots", points)], [Mark(1.5, text)], text, text)
    written = spec.to_json()
    assert written.isascii()
    assert "<" not in written
    value = json.loads(written)
    assert value["series"][0]["points"] == [list(point) for point in points]
    assert (value["title"], value["summary"], value["series"][0]["name"], value["marks"][0]["label"]) == (text,) * 4


def test_a_spec_says_only_what_was_set():
    value = json.loads(ChartSpec(Axis("x", min=0), Axis("y", percent=True), [Series("a", "line", [(0, 1)])]).to_json())
    assert value["x"] == {"label": "x", "min": 0}
    assert value["y"] == {"label": "y", "percent": True}
    assert value["series"] == [{"name": "a", "kind": "line", "colour": "ink", "points": [[0, 1]]}]


def series(**more) -> Series:
    return Series(**{"name": "a", "kind": "line", "points": [(0, 1), (1, 2)], **more})


@pytest.mark.parametrize(
    "make",
    [
        lambda: series(points=[(0, math.nan)]),
        lambda: series(points=[(math.inf, 1)]),
        lambda: series(kind="pie"),
        lambda: series(colour="red;--x:url(y)"),
        lambda: series(low=[0, 1]),
        lambda: series(low=[0], high=[1]),
        lambda: series(labels=["one"]),
        lambda: Mark(math.nan, "m"),
        lambda: Axis("x", log=True, min=0),
        lambda: ChartSpec(Axis("x", categories=("one",)), Axis("y"), [series()]),
        lambda: ChartSpec(Axis("x", log=True), Axis("y"), [series()]),
        lambda: ChartSpec(Axis("x"), Axis("y", log=True), [series(points=[(1, -1)])]),
    ],
)
def test_what_cannot_be_drawn_is_refused(make: Callable[[], object]):
    with pytest.raises(ValueError, match=r"."):
        make()


@pytest.fixture(scope="module")
def charts_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page with nothing but charts; its button empties the first and fills the last."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
        patch.setenv("GRADIO_ANALYTICS_CACHE_FREQUENCY", "100000")  # Gradio's own statistics warn with pandas 3
        with gr.Blocks(analytics_enabled=False) as demo:
            gr.HTML("<h1>Charts</h1>")
            parts = [chart(spec.to_json(), label=name) for name, spec in SPECS.items()]
            nothing = chart(label="Nothing", empty="No runs yet.")
            gr.Button("Swap").click(lambda: ("", AGREEMENT.to_json()), None, [parts[0], nothing])
        with serving_page(demo) as url:
            yield url


@pytest.fixture
def open_charts(browsers: Browsers, charts_url: str) -> Iterator[Callable[..., Page]]:
    """Opens that page; no script may fail."""
    opened, problems = count(), []

    def open_it(width: int = 1000, theme: str = "light") -> Page:
        page = browsers.page(next(opened))
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(charts_url)
        expect(page.locator(".plot.filled")).to_have_count(len(SPECS))
        return page

    yield open_it
    browsers.clean()
    assert not problems


def figure(page: Page, name: str) -> Locator:
    return page.get_by_role("figure", name=name, exact=True)


def table_of(page: Page, name: str) -> list[list[str]]:
    figure(page, name).get_by_text("Values as a table").click()
    rows = figure(page, name).locator("tbody tr")
    expect(rows.first).to_be_visible()
    return [row.locator("th, td").all_text_contents() for row in rows.all()]


@pytest.mark.browser
def test_the_table_holds_every_value_of_the_spec(open_charts: Callable[..., Page]):
    page = open_charts()
    greedy, sampled = AGREEMENT.series
    rows = table_of(page, "Agreement")
    assert len(rows) == 10
    for t, row in enumerate(rows):
        wanted = [t, greedy.points[t][1], sampled.points[t][1], sampled.low[t], sampled.high[t]]
        for shown, value in zip(row, wanted, strict=True):
            assert (shown == "–") if value is None else float(shown) == pytest.approx(value, rel=1e-6)  # noqa: RUF001 - the dash of a missing figure
    rows = table_of(page, "Gaps")
    xs = [float(row[0]) for row in rows]
    assert xs == sorted(xs)
    told = {row[2]: float(row[0]) for row in rows if row[2]}
    assert told == pytest.approx({mark.label: mark.x for mark in HISTOGRAM.marks})
    assert {float(row[0]): float(row[1]) for row in rows if row[1]} == dict(HISTOGRAM.series[0].points)


@pytest.mark.browser
def test_an_axis_of_bytes_has_one_prefix(open_charts: Callable[..., Page]):
    texts = figure(open_charts(), "Bytes").locator(".plot text").all_text_contents()
    assert {"weights (MB)", "0", "200", "400", "600"} <= set(texts)


@pytest.mark.browser
def test_points_are_read_by_keyboard_and_by_pointer(open_charts: Callable[..., Page]):
    page = open_charts()
    plot = figure(page, "Agreement").get_by_role("slider")
    page.keyboard.press("Tab")
    expect(plot).to_be_focused()
    expect(figure(page, "Agreement").locator(".tip")).to_contain_text("token 0")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    tip = figure(page, "Agreement").locator(".tip.open")
    expect(tip).to_contain_text("token 3")
    expect(tip).to_contain_text("72.9% (36.5% to 100%)")
    expect(tip).to_contain_text("note 3")
    expect(plot).to_have_attribute("aria-valuenow", "4")
    expect(plot).to_have_attribute("aria-valuetext", "token 3: greedy 100%; sampled 72.9% (36.5% to 100%) note 3")
    page.keyboard.press("ArrowRight")
    expect(tip).to_contain_text("–")  # noqa: RUF001 - not measured there
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    expect(plot).to_have_attribute("aria-valuenow", "10")
    page.keyboard.press("Escape")
    expect(tip).to_have_count(0)
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 14, box["y"] + 40)
    expect(tip).to_contain_text("token 9")


@pytest.mark.browser
def test_hostile_names_stay_text(open_charts: Callable[..., Page]):
    page = open_charts()
    table_of(page, "Evil")
    plot = figure(page, "Evil").get_by_role("slider")
    plot.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(plot).to_have_attribute("aria-valuenow", "1")
    assert HOSTILE in plot.get_attribute("aria-valuetext")
    expect(figure(page, "Evil").locator(".tip")).to_contain_text(HOSTILE)
    expect(figure(page, "Evil").locator(".title")).to_have_text(HOSTILE)
    assert page.evaluate("[window.__x, window.__y]") == [None, None]
    assert page.locator("figure img").count() == 0


@pytest.mark.browser
def test_a_chart_without_points_says_so_and_keeps_its_place(open_charts: Callable[..., Page]):
    page = open_charts()
    nothing = figure(page, "Nothing")
    expect(nothing.get_by_text("No runs yet.")).to_be_visible()
    expect(nothing.get_by_role("slider")).to_have_count(0)
    high = nothing.locator(".plot").bounding_box()["height"]
    page.get_by_role("button", name="Swap").click()
    expect(nothing.get_by_role("slider")).to_be_visible()
    expect(figure(page, "Agreement").get_by_text("Nothing to draw yet.")).to_be_visible()
    assert figure(page, "Agreement").locator("svg path").count() == 0
    assert nothing.locator(".plot").bounding_box()["height"] == high


@pytest.mark.browser
def test_it_is_drawn_anew_in_the_pixels_it_has(open_charts: Callable[..., Page]):
    page = open_charts()
    for width in (1000, 390, 700):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(
            """() => [...document.querySelectorAll('.plot.filled')].every(plot =>
              plot.querySelector('svg').getAttribute('viewBox') === `0 0 ${plot.clientWidth} ${plot.clientHeight}`)"""
        )
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        outside = page.evaluate(
            """() => [...document.querySelectorAll('.plot.filled')].flatMap(plot => {
              const box = plot.getBoundingClientRect();
              return [...plot.querySelectorAll('svg *')].filter(node => {
                const own = node.getBoundingClientRect();
                const beyond = own.left < box.left - 1 || own.right > box.right + 1 || own.bottom > box.bottom + 1;
                return own.width && beyond;
              }).map(node => node.outerHTML);
            })"""
        )
        assert outside == []


@pytest.mark.browser
def test_no_axe_violations(open_charts: Callable[..., Page]):
    page = open_charts(**NARROW)
    for name in SPECS:
        table_of(page, name)
    figure(page, "Agreement").get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    for width in looks(page):
        assert violations(page) == [], width
