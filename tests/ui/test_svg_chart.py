"""Charts without scripts: what stands where, as text."""

import re
from xml.etree import ElementTree

import pytest

from playground.views.spec import Axis, ChartSpec, Mark, Series
from playground.views.svg_chart import chart_svg, round_step, tidy
from playground.views.svg_rows import Row, Rows, rows_svg

EVIL = '<img src=x onerror="alert(1)">'


def parsed(text: str) -> ElementTree.Element:
    """Well-formed as XML, which HTML alone would forgive."""
    return ElementTree.fromstring(f"<div>{text}</div>")


def texts(root: ElementTree.Element) -> list[str]:
    return ["".join(node.itertext()) for node in root.iter("text")]


def line_points(root: ElementTree.Element) -> list[tuple[float, float]]:
    (line,) = [node for node in root.iter("path") if (node.get("class") or "").startswith("line dash-0 ")][:1]
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", line.get("d") or "")]


@pytest.mark.parametrize("span", [1e-9, 0.07, 1, 3, 49.5, 1095, 7.3e14])
def test_steps_are_round_and_at_most_so_many(span: float):
    step = round_step(span, 5)
    assert 1 < span / step <= 5 * (1 + 1e-9)
    assert f"{step:e}"[0] in "125"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.2, "0.2"), (0.000165, "0.000165"), (5, "5"), (2500, "2,500"), (40_000, "40 k"), (1.5e6, "1.5 M"),
     (3e9, "3 G"), (-20, "-20")],
)  # fmt: skip
def test_numbers_of_an_axis_are_short(value: float, text: str):
    assert tidy(value) == text


def spec(**more) -> ChartSpec:
    points = [(0.0, 0.0), (10.0, 50.0), (20.0, 100.0)]
    series = [
        Series("base", "line", points, "money", low=[0, 40, 80], high=[0, 60, 130]),
        Series("api", "step", points),
    ]
    return ChartSpec(Axis("day"), Axis("cost", "EUR"), series, title="Spent", summary="It ends at 100.", **more)


def test_a_line_runs_from_left_to_right_and_up_and_its_values_lie_in_proportion():
    root = parsed(chart_svg(spec()))
    (x0, y0), (x1, y1), (x2, y2) = line_points(root)
    assert x0 < x1 < x2
    assert y0 > y1 > y2
    assert abs((x1 - x0) - (x2 - x1)) <= 0.2
    assert abs((y0 - y1) - (y1 - y2)) <= 0.2


def test_a_chart_says_in_words_what_it_shows_and_has_units_ticks_and_a_legend():
    root = parsed(chart_svg(spec()))
    (svg, legend) = root
    assert (svg.findtext("title"), svg.findtext("desc")) == ("Spent", "It ends at 100.")
    assert {"day", "cost, EUR", "0", "50", "100", "20"} <= set(texts(svg))
    assert ["".join(item.itertext()) for item in legend] == ["base", "api"]
    assert [node for node in svg.iter("path") if node.get("class") == "band money"]


def test_an_axis_of_bytes_has_one_prefix():
    bars = [Series("measured", "bars", [(0.0, 538e6), (1.0, 9e7)])]
    found = texts(parsed(chart_svg(ChartSpec(Axis("", categories=("fp32", "int4")), Axis("weights", "B"), bars))))
    assert {"weights, MB", "0", "200", "400", "600"} <= set(found)


def test_a_gap_is_no_line_and_a_share_is_told_in_percent():
    points = [(0.0, 0.5), (0.5, None), (1.0, 0.8)]
    drawn = parsed(chart_svg(ChartSpec(Axis("hit rate", percent=True), Axis("cost"), [Series("a", "line", points)])))
    assert {"0 %", "100 %"} <= set(texts(drawn))
    assert len(line_points(drawn)) == 2
    (line,) = [node for node in drawn.iter("path") if "line dash-0" in (node.get("class") or "")][:1]
    assert (line.get("d") or "").count("M") == 2


def test_marks_outside_the_plot_are_left_out_and_others_named():
    drawn = texts(parsed(chart_svg(spec(marks=[Mark(10.0, "here"), Mark(99.0, "far")]))))
    assert "here" in drawn
    assert "far" not in drawn


@pytest.mark.parametrize("value", [0.0, -3.0, 1e15, 1e-12])
def test_a_flat_chart_is_drawn_too(value: float):
    one = Series("a", "bars", [(0.0, value), (1.0, value)])
    root = parsed(chart_svg(ChartSpec(Axis("x", categories=("a", "b")), Axis("y"), [one])))
    for bar in root.iter("rect"):
        assert float(bar.get("height") or 0) >= 0


def test_bars_dots_whiskers_and_a_logarithmic_axis_are_drawn():
    points = [(1.0, 1.0), (10.0, 10.0), (100.0, 100.0)]
    dots = Series("dots", "dots", points)
    root = parsed(chart_svg(ChartSpec(Axis("x", log=True), Axis("y", log=True), [dots])))
    places = [float(dot.get("cx") or 0) for dot in root.iter("circle")]
    assert abs((places[1] - places[0]) - (places[2] - places[1])) <= 0.2
    assert {"1", "10", "100"} <= set(texts(root))
    bars = Series("bars", "bars", [(0.0, 2.0)], low=[1.0], high=[3.0])
    drawn = parsed(chart_svg(ChartSpec(Axis("x", categories=("a",)), Axis("y"), [bars])))
    assert [node for node in drawn.iter("path") if node.get("class") == "whisker"]


def test_rows_have_names_numbers_and_bars_in_proportion():
    rows = [Row("one", 0, 1, "$1"), Row("two", 0, 2, "$2", strong=True, whisker=(1, 4))]
    root = parsed(rows_svg(Rows("Prices", "", rows, base=2.0)))
    first, second = [float(bar.get("width") or 0) for bar in root.iter("rect")]
    assert abs(2 * first - second) <= 0.2
    assert "$2" in texts(root)
    assert "one: $1; two: $2" in [node.text for node in root.iter("desc")]


def test_a_name_that_is_too_long_is_cut_and_its_number_is_not():
    root = parsed(rows_svg(Rows("Prices", "", [Row("A" * 200, 0, 1, "$1,234.56")])))
    name, amount = texts(root)
    assert name.endswith("…")
    assert amount == "$1,234.56"


def test_nothing_in_a_chart_becomes_an_element():
    evil = ChartSpec(
        Axis(EVIL, EVIL), Axis(EVIL), [Series(EVIL, "line", [(0.0, 1.0), (2.0, 2.0)])], marks=[Mark(1.0, EVIL)],
        title=EVIL, summary=EVIL,
    )  # fmt: skip
    drawn = chart_svg(evil) + rows_svg(Rows(EVIL, EVIL, [Row(EVIL, 0, 1, EVIL, note=EVIL)]))
    assert not list(parsed(drawn).iter("img"))
    assert "<img" not in drawn
