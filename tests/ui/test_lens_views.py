"""A look between the layers as what the page gets: small whatever the context is, and nothing made up."""

import json

import pytest

from playground.ui.shell.fields import panel_value
from playground.views import layers as lens_views
from playground.views.panels import Sofar
from playground.views.report import record_html
from playground.views.training import VIEW
from tests.ui.lens_records import lens_record

MAX_BYTES = 2_000_000


def test_the_longest_context_and_many_heads_stay_below_two_megabytes():
    record = lens_record(tokens=8192, layers=80, heads=64, positions=64, text=" token")
    values = [panel_value(content) for content in lens_views.VIEW.draw(Sofar(record=record)).values()]
    assert all(0 < len(json.dumps(value)) < MAX_BYTES for value in values)


def test_the_grid_is_layer_by_layer_with_the_final_answer_on_top():
    view = json.loads(lens_views.grid_value(lens_record()))
    assert view["positions"] == [4, 5, 6, 7]
    assert view["finals"] == ["a"] * 4
    assert [row[0] for row in view["cells"]] == [["a", 0.25, 9, 0.25, None], *[["a", 0.25, 1, 0.25, 0.5]] * 2]


def test_weights_travel_with_four_decimals_and_their_sums_with_more():
    record = lens_record(tokens=8)
    view = json.loads(lens_views.attention_value(record, record.attention, head=2))
    assert view["heads"] == [[1250] * 8] * 2
    assert (view["sums"], view["head"], view["matrix"]) == ([1.0, 1.0], 2, None)
    assert "7 reused" in view["cost"]
    assert lens_views.attention_value(record, None) == ""


@pytest.mark.parametrize(("diff", "said"), [(0.0, "bit for bit"), (2e-3, "within 0.002 of the model's own")])
def test_the_cost_says_how_the_last_layer_stands_to_the_model(diff: float, said: str):
    assert said in lens_views.cost_text(lens_record().model_copy(update={"last_layer_diff": diff}))


def test_charts_hold_each_layers_own_figures():
    updates, times = (
        json.loads(chart(lens_record()).to_json()) for chart in (lens_views.update_chart, lens_views.time_chart)
    )
    assert updates["series"][0]["points"] == [[1, 0.5], [2, 0.5]]
    assert "percent" not in updates["y"]  # the first layer adds many times what it gets
    assert times["series"][0]["points"] == [[1, 2.0], [2, 2.0]]
    assert times["series"][0]["colour"] == "time"


def test_a_report_shows_the_grid_the_charts_and_the_attention_but_nothing_to_choose():
    report = record_html("Lens", "", lens_views.VIEW, lens_record(tokens=8))
    for panel in lens_views.VIEW.panels:
        assert (panel.label in report) == (panel.name != "choices")


def test_what_was_stopped_says_so():
    assert "before all layers" in lens_views.VIEW.kept(Sofar())
    assert not lens_views.VIEW.draw(Sofar())
    assert "the copy was discarded" in VIEW.kept(Sofar())
