"""What the Compare tab shows is what the records hold: pure functions, no browser."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.experiments.compare.diff import diff_runs
from playground.experiments.compare.table import MetricRow, metric_rows
from playground.runs.records import EnergyRecord
from playground.runs.speed import Estimate
from playground.ui.rooms.compare import sweep_views
from playground.views import compare as views
from playground.views import sweep as sweep_view
from playground.views.format import estimate_text
from playground.views.metric_table import busy_text, table_value
from playground.views.saved_run import saved_meters
from tests.ui.compare_samples import HOSTILE, compared, made_run, swept

words = st.lists(st.sampled_from(["a", "b", " c", "\n", "", HOSTILE]), max_size=12)


def row(values: list[float | None], *, unit: str = "s", best: int | None = None, name: str = "ttft") -> MetricRow:
    return MetricRow(name, unit, "About it.", values, best, False)


@given(words, words)
def test_a_diff_holds_both_answers_whole(left: list[str], right: list[str]):
    reference, pane = made_run(left), made_run(right)
    parts = views.diff_parts(reference, pane, diff_runs(reference, pane, 1))
    taken = [text for op, texts, _ in parts if op in ("equal", "delete") for text in texts]
    put = [text for op, texts, _ in parts if op in ("equal", "insert") for text in texts]
    assert taken == left
    assert put == right


@given(words, words)
def test_the_first_difference_is_marked_once_in_each_answer_that_has_it(left: list[str], right: list[str]):
    reference, pane = made_run(left), made_run(right)
    diff = diff_runs(reference, pane, 1)
    places = {"delete": [], "insert": []}
    at = {"delete": 0, "insert": 0}
    for op, texts, marked in views.diff_parts(reference, pane, diff):
        for side in places:
            if op in ("equal", side):
                places[side] += [] if marked is None else [at[side] + marked]
                at[side] += len(texts)
    for side, run in (("delete", left), ("insert", right)):
        first = diff.first_difference
        marked = places[side]
        assert marked in ([], [first])
        if first is not None and first < len(run) and diff.similarity == 0:
            assert marked == [first]


def test_identical_answers_have_no_first_difference():
    record = compared(made_run(["a", "b"]), made_run(["a", "b"]))
    (pane,) = json.loads(views.diffs_value(record.panes, "AB", 0, record.diffs))["panes"]
    assert pane["identical"]
    assert pane["first"] is None
    assert [part[0] for part in pane["parts"]] == ["equal"]


def test_where_answers_part_both_chosen_tokens_are_shown_with_what_each_side_knew_of_them():
    left = made_run(["a"], prob=0.6, others={"b": 0.3, "c": 0.05})
    right = made_run(["z"], prob=0.01, others={"a": 0.6, "b": 0.3, "c": 0.05})
    first = views.first_value(left, right, diff_runs(left, right, 1), "A", "B")
    assert first is not None
    rows = {item["text"]: item for item in first["rows"]}
    assert rows["a"]["reference_chosen"]
    assert not rows["a"]["pane_chosen"]
    assert rows["z"]["pane_chosen"]
    assert rows["z"]["reference"] is None
    assert rows["z"]["reference_below"] == 0.05
    assert rows["z"]["pane"] == pytest.approx(0.01)
    assert [item["text"] for item in first["rows"]] == ["a", "b", "c", "z"]
    assert "same probabilities" in first["note"]


def test_a_difference_of_the_model_itself_is_told_in_points():
    left = made_run(["a"], prob=0.6, others={"b": 0.4})
    right = made_run(["b"], prob=0.5, others={"a": 0.5}, quantization="int4")
    first = views.first_value(left, right, diff_runs(left, right, 1), "A", "B")
    assert first is not None
    assert "by up to 10 points" in first["note"]


def test_an_answer_that_ended_earlier_is_told_as_such_and_its_end_token_has_a_name():
    left, right = made_run(["a", "b"]), made_run(["a", "<end>"], finish_reason="eos")
    shorter = made_run(["a"])
    first = views.first_value(shorter, left, diff_runs(shorter, left, 1), "A", "B")
    assert first is not None
    assert first["note"] == "A had ended here; B went on."
    parts = views.diff_parts(left, right, diff_runs(left, right, 1))
    assert ("insert", ["<end>"], 0) in parts


def test_two_models_are_compared_by_text():
    left, right = made_run(["a", "b"]), made_run(["a", "c"], model="another")
    value = json.loads(views.diffs_value([left, right], "AB", 0, [diff_runs(left, right, 1)]))
    assert "compared by text" in value["panes"][0]["summary"]
    assert "own vocabulary" in value["panes"][0]["first"]["note"]


def test_the_table_marks_only_the_best_and_says_when_times_are_shared():
    value = json.loads(table_value([row([0.2, 0.1, None], best=1)], "ABC", "batch"))
    assert [cell["best"] for cell in value["rows"][0]["cells"]] == [False, True, False]
    assert [cell["text"] for cell in value["rows"][0]["cells"]] == ["200 ms", "100 ms", "–"]  # noqa: RUF001  the page's sign for no figure
    assert value["rows"][0]["better"] == "Lower is better."
    assert "one batch" in value["note"]
    assert "one after the other" in json.loads(table_value([row([1.0])], "A", "turns"))["note"]


def test_gaps_tell_that_the_machine_was_busy():
    calm, busy = made_run(["a", "b"]), made_run(["a", "b"])
    calm = calm.model_copy(update={"timing": replace(calm.timing, itl_p50_s=0.033, itl_p95_s=0.04)})
    busy = busy.model_copy(update={"timing": replace(busy.timing, itl_p50_s=0.033, itl_p95_s=0.187)})
    assert busy_text([calm, calm], "AB") == ""
    assert "in B" in busy_text([calm, busy], "AB")


def test_every_metric_of_a_run_can_be_shown_and_has_a_definition():
    runs = [made_run(["a", "b"]), made_run(["a", "c", "d"], decode=None)]
    value = json.loads(table_value(metric_rows(runs), "AB", "turns"))
    assert len(value["rows"]) == len(metric_rows(runs))
    assert all(item["about"] and len(item["cells"]) == 2 for item in value["rows"])
    assert {"time", "memory", "money"} <= {item["colour"] for item in value["rows"]}


def test_a_saved_run_becomes_the_same_token_lines_that_a_live_one_writes():
    run = made_run(["a", HOSTILE, "b"])
    lines = [json.loads(line) for line in views.run_lines(run).splitlines()]
    assert [line["text"] for line in lines if "text" in line] == ["a", HOSTILE, "b"]
    assert lines[0]["ordered"] is True
    assert lines[-1] == {"end": "length"}
    assert "$" not in saved_meters(run)["money_note"]  # the file does not hold the price of an hour
    assert views.run_status(run) == {"phase": "finished", "text": "finished: token limit reached"}
    assert views.run_status(made_run(["a"], finish_reason="cancelled"))["phase"] == "stopped"


def test_nothing_that_looks_like_a_tag_leaves_python():
    record = compared(made_run([HOSTILE, "a"]), made_run(["a", HOSTILE]))
    sweep = swept("temperature", {0.5: made_run([HOSTILE]), 1.0: made_run(["a"])})
    texts = [
        views.diffs_value(record.panes, ["A", "<b>"], 0, record.diffs),
        table_value(metric_rows(record.panes), ["A", "<b>"], "batch"),
        views.run_lines(record.panes[0]),
        sweep_views.record_lines(sweep),
        sweep_view.plot(sweep, metric_rows(sweep.runs)[0]).to_json(),
    ]
    assert all("<" not in text for text in texts)


def test_a_sweep_plots_numbers_by_size_and_names_by_place():
    runs = {1.0: made_run(["a"], decode=30.0), 0.0: made_run(["b"], decode=20.0)}
    rows = {one.name: one for one in metric_rows(list(runs.values()))}
    spec = json.loads(sweep_view.plot(swept("temperature", runs), rows["decode"]).to_json())
    assert spec["series"][0]["points"] == [[0.0, 20.0], [1.0, 30.0]]
    assert "lowest at 0 (20.0 tok/s)" in spec["summary"]
    named = swept("quantization", {"fp32": made_run(["a"], decode=1.0), "int8": made_run(["a"], decode=None)})
    spec = json.loads(sweep_view.plot(named, {one.name: one for one in metric_rows(named.runs)}["decode"]).to_json())
    assert spec["x"]["categories"] == ["fp32", "int8"]
    assert spec["series"][0]["points"] == [[0.0, 1.0], [1.0, None]]


def test_energy_known_in_two_ways_is_neither_drawn_to_one_scale_nor_held_against_each_other():
    ways = [EnergyRecord(joules=1.0, method="rapl"), EnergyRecord(joules=9.0, method="modelled at 30 W")]
    runs = [made_run(["a"]).model_copy(update={"energy": energy}) for energy in ways]
    energy = {one.name: one for one in metric_rows(runs)}["energy"]
    shown = json.loads(table_value([energy], ["A", "B"], "turns"))["rows"][0]
    assert [cell["share"] for cell in shown["cells"]] == [0, 0]
    assert (shown["tag"], shown["note"]) == (
        "not ranked", "Rapl; modelled at 30 W; not ranked: known in different ways."
    )  # fmt: skip
    spec = json.loads(sweep_view.plot(swept("temperature", {0.0: runs[0], 1.0: runs[1]}), energy).to_json())
    assert spec["series"][0]["kind"] == "dots"
    assert "can't be compared" in spec["summary"]
    assert "lowest" not in spec["summary"]


def test_the_menu_of_a_plot_offers_only_what_two_runs_have():
    rows = sweep_view.plotted([row([1.0, 2.0]), row([1.0, None], name="tpot")])
    assert [one.name for one in rows] == ["ttft"]


def test_small_multiples_hold_every_token_of_every_value():
    lines = sweep_views.record_lines(swept("top_p", {0.5: made_run(["a", "b"]), 1.0: made_run(["c"])}))
    items = [json.loads(line) for line in lines.splitlines()]
    assert [(item["cell"], item["text"]) for item in items if "text" in item] == [(0, "a"), (0, "b"), (1, "c")]
    assert [item["value"] for item in items if "value" in item] == ["Top-p 0.5", "Top-p 1"]
    closed = [item for item in items if "end" in item]
    assert re.match(r"2 tokens, 1\.00 s, 10\.0 tok/s", closed[0]["facts"])
    assert json.loads(sweep_views.cell_end(0, "no memory"))["end"] == "failed"


@pytest.mark.parametrize(
    ("text", "values"),
    [("0, 0.5,1", ("0", "0.5", "1")), (" fp32 int4\n", ("fp32", "int4")), ("", ()), (" , ", ()), (7, ())],
)
def test_values_are_parted_by_commas_spaces_or_lines(text: object, values: tuple[str, ...]):
    assert sweep_views.split_values(text) == values


def test_an_estimate_says_how_it_is_known():
    told = estimate_text(Estimate(3, 1200, 42.0, "measured in this process"))
    assert told == "3 runs, at most 1,200 tokens of answer, about 42.0 s. Measured in this process."
