"""The ladder and the load simulator as they are shown: pure functions of records, checked against a recount."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.experiments.determinism.experiment import LadderRequest, LoadRequest
from playground.experiments.determinism.records import AnswerRecord, LadderRecord
from playground.experiments.determinism.rungs import FIXES, RUNGS
from playground.runs.records import parse_as
from playground.ui.shell.fields import panel_value
from playground.views import ladder as ladder_views
from playground.views import load as load_views
from playground.views.format import NOTHING, format_number
from playground.views.ladder_panels import VIEW
from playground.views.panels import Sofar
from playground.views.report import record_html
from playground.views.terminal import view_text
from playground.views.verdict import NO_DIFFERENCE
from tests.ui import ladder_records as made

HOSTILE = "<img src=x onerror=window.__x=1>${window.__y=1}{{value}}`"


def rung_values(*rungs) -> list[dict]:
    return json.loads(ladder_views.rungs_value(made.reference(), list(rungs)))["rungs"]


def test_a_control_that_is_not_equal_says_so_and_that_nothing_is_claimed():
    value = json.loads(ladder_views.control_value(made.control(equal=False)))
    assert not value["equal"]
    assert value["title"] == "Not bitwise equal"
    assert "nothing is claimed" in value["text"]
    assert value["differing"] == ["run 3 in this process: 4 of 34 steps, the first at token 10"]
    quick = json.loads(ladder_views.control_value(made.control(fresh=0)))
    assert "5 runs in this process, none in fresh processes" in quick["text"]


def test_the_probe_table_holds_every_probe_once():
    value = json.loads(ladder_views.probe_value(made.probes()))
    active, calm = set(), set()
    for row in value["rows"]:
        for form, cell in zip(value["formats"], row["cells"], strict=True):
            active |= {(row["knob"], one["operation"], form, one["fraction"], one["diff"]) for one in cell["active"]}
            calm |= {(row["knob"], operation, form) for operation in cell["calm"]}
    told = [(probe, (probe.knob, probe.operation, probe.dtype)) for probe in made.probes()]
    assert calm == {key for probe, key in told if not probe.active}
    figures = {(*key, probe.differing_share, format_number(probe.max_abs_diff)) for probe, key in told if probe.active}
    assert active == figures
    assert value["summary"].startswith("5 of 10 probes")


def test_a_knob_that_could_not_be_asked_is_neither_active_nor_without_effect():
    first = made.probes()[0]
    unasked = first.model_copy(update={"knob": "instruction set", "note": "Not asked: no fresh process."})
    value = json.loads(ladder_views.probe_value([first, unasked]))
    assert value["rows"][1]["cells"] == [{"active": [], "calm": []}]
    assert value["rows"][1]["note"] == "Not asked: no fresh process."
    assert value["summary"].startswith("0 of 1 probe ")


def test_words_of_a_record_count_tokens_from_one_as_the_page_does():
    before = "batch of 8 moves logits by up to 7.1e-05, fork at token 11"
    (fix,) = json.loads(ladder_views.fixes_value([made.fixes()[0].model_copy(update={"before": before})]))
    assert fix["before"] == "batch of 8 moves logits by up to 7.1×10⁻⁵, fork at token 12"  # noqa: RUF001 - the sign of multiplication
    (rung,) = rung_values(made.rung("seeded", "sampling", note="seed 7: two such runs diverged at token 3."))
    assert rung["note"] == "seed 7: two such runs diverged at token 4."


def test_the_histogram_counts_every_gap_and_marks_every_rung_that_moved_the_logits():
    reference, rungs = made.reference(), made.rungs()
    chart = ladder_views.gap_chart(reference, rungs)
    assert chart is not None
    value = json.loads(chart.to_json())
    ties = sum(gap == 0 for gap in reference.gaps)
    assert sum(point[1] for point in value["series"][0]["points"]) == len(reference.gaps) - ties
    assert f"{ties} exact tie of" in value["summary"]
    wanted = [(2 * rung.max_abs_logit_diff, rung.title) for rung in rungs if rung.max_abs_logit_diff]
    assert [(mark["x"], mark["label"]) for mark in value["marks"]] == wanted
    steps = [math.log10(b[0] / a[0]) for a, b in zip(value["series"][0]["points"], value["series"][0]["points"][1:])]  # noqa: B905 - pairs of neighbours
    assert steps == pytest.approx([0.25] * len(steps))


def test_no_histogram_without_a_gap_that_can_stand_on_it():
    assert ladder_views.gap_chart(None, []) is None
    ties = made.reference().model_copy(update={"gaps": [0.0] * len(made.TEXTS)})
    assert ladder_views.gap_chart(ties, made.rungs()) is None


def test_each_rung_says_what_was_found_and_never_more():
    found = {rung["name"]: rung for rung in rung_values(*made.rungs())}
    assert found["threads"]["verdict"] == "No effect found here: every logit is bitwise equal."
    assert found["threads"]["note"] == "1 instead of 2."
    assert found["no-cache"]["verdict"] == "No fork: the logits differ, the answer does not."
    assert found["batch-8"]["verdict"] == "Forks at token 12, one of the risky tokens."
    assert found["surprise"]["verdict"] == "Forks at token 31, which was not among the risky tokens."
    assert found["fp16"]["verdict"] == "Skipped: This processor has no fp16 units."
    assert found["fp16"]["diff"] == found["fp16"]["risky_count"] == NOTHING
    assert "the logits are the same, the draw is not" in found["seeded-sampling"]["verdict"]
    assert [found[name]["sign"] for name in ("threads", "no-cache", "batch-8", "fp16")] == ["=", "≈", "≠", ""]


def test_the_fork_shows_both_candidates_and_what_the_texts_share():
    (rung,) = rung_values(made.rung("batch-8", diff=0.031, fork=11))
    assert rung["candidates"]["texts"] == [made.TEXTS[11], " bongos"]
    assert rung["candidates"]["probs"] == ["34.0%", "33.9%"]
    assert rung["candidates"]["gap"] == format_number(made.reference().gaps[11])
    assert rung["same"] == "".join(made.TEXTS[:11])
    assert rung["other"] == " bongos and nothing else"
    (ended,) = rung_values(made.rung("batch-8", diff=0.031, fork=11, rung_token=""))
    assert ended["candidates"]["ends"] == [False, True]


@given(st.text(), st.integers(0, 5))
def test_shared_and_own_text_are_the_whole_text(text: str, fork: int):
    (rung,) = rung_values(made.rung("x", diff=0.1, fork=fork, text=text))
    assert rung["same"] + rung["other"] == text
    assert made.reference().text.startswith(rung["same"])


def test_a_fix_says_whether_it_works_and_what_it_costs():
    works, fails, nothing, skipped = json.loads(ladder_views.fixes_value(made.fixes()))
    assert (works["verdict"], works["cost"]) == ("Works here.", "21.3 → 9.80 tok/s, 46.0% of the speed")
    assert (fails["verdict"], fails["cost"]) == ("Does not help here.", "")
    assert nothing["verdict"] == "Nothing to fix was found here."
    assert skipped["verdict"] == "Skipped: This machine has no MKL."


def test_every_count_of_the_load_is_that_of_the_record():
    record = made.load_record()
    chart = json.loads(load_views.arms_chart(record.arms, record.asked).to_json())
    assert [point[1] for point in chart["series"][0]["points"]] == [len(arm.answers) for arm in record.arms]
    shown = json.loads(load_views.arms_value(record.arms))
    for arm, value in zip(record.arms, shown, strict=True):
        assert sum(answer["count"] for answer in value["answers"]) == arm.n
        forks = [answer.first_fork for answer in arm.answers if answer.first_fork is not None]
        assert value["fork"] == (str(min(forks) + 1) if forks else NOTHING)
    assert shown[2]["cost"] == "46.0% of bf16, one pass"
    told = load_views.ours(record)
    assert "7 unique of 100 in bf16" in told
    assert "smollm2-135m, 135 million parameters" in told


def test_hostile_text_travels_as_ascii_without_a_tag():
    texts = [HOSTILE] * 4
    reference, rung = made.reference(texts), made.rung("x", diff=1.0, fork=1, text=HOSTILE, rung_token=HOSTILE)
    arms = [made.arm(HOSTILE, [2, 1], 3.0)]
    for value in (
        ladder_views.rungs_value(reference, [rung]), load_views.arms_value(arms),
        load_views.arms_chart(arms, 3).to_json(),
        panel_value(ladder_views.gap_chart(reference, [rung.model_copy(update={"title": HOSTILE})])),
    ):  # fmt: skip
        assert value.isascii()
        assert "<" not in value


def test_a_view_shows_the_same_from_parts_as_from_the_saved_record():
    record = made.ladder_record()
    parts = (record.reference, record.control, *record.host_probe, *record.rungs, *record.fixes)
    saved = parse_as(LadderRecord, record.to_json())
    assert VIEW.contents(Sofar(parts=parts)) == VIEW.contents(Sofar(record=saved))
    load, asked = made.load_record(), LoadRequest(model="m", requests=100)
    whole = load_views.VIEW.contents(Sofar(record=load))
    assert load_views.VIEW.contents(Sofar(asked, tuple(load.arms))) == whole[1:]  # all but the sentence at the end


def test_only_a_ladder_with_every_rung_and_fix_or_one_that_claims_nothing_is_complete():
    record = made.ladder_record()
    asked = LadderRequest(model="m", prompt="p")
    assert not VIEW.complete(Sofar(asked, record=record))
    assert VIEW.kept(Sofar(asked, record=record)) == "7 rungs measured and 1 skipped, 4 fixes tried"
    rungs = [made.rung(rung.name, rung.group) for rung in RUNGS]
    whole = record.model_copy(update={"rungs": rungs, "fixes": made.fixes()[:1] * len(FIXES)})
    assert VIEW.complete(Sofar(asked, record=whole))
    only = asked.model_copy(update={"only": ("batch-8", "fp32")})  # a rung, and what is both
    assert VIEW.complete(Sofar(only, record=whole.model_copy(update={"rungs": rungs[:2], "fixes": made.fixes()[:1]})))
    refused = Sofar(asked, record=made.ladder_record(claims=False))
    assert VIEW.complete(refused)
    assert VIEW.kept(refused) == "the control was not equal, so nothing is claimed"


def test_terminal_and_report_say_of_every_rung_and_fix_what_was_found():
    record = made.ladder_record()
    text, report = view_text(VIEW, Sofar(record=record)), record_html("t", "a", VIEW, record)
    for rung in record.rungs:
        assert rung.name in text
        assert rung.name in report
    for words in ("Sampling", "Another model, not noise", "max |dz|", "predicted", "bits change?", "tok/s", "sha1 3fa4",
                  "fp16: This processor has no fp16 units.", "Batch-invariant products, after: max |dz| 0, no fork",
                  "fork at token 13", "Gap between the two likeliest tokens"):  # fmt: skip
        assert words in text
    assert "no rung" not in view_text(VIEW, Sofar(record=made.ladder_record(claims=False)))


def test_answers_of_a_load_are_shown_in_the_terminal_from_where_they_part():
    beginning = "The same words at the beginning, then "
    answers = [
        AnswerRecord(count=3 - n, first_fork=n or None, text=beginning + end, token_ids=[n])
        for n, end in enumerate(("one end", "two ends"))
    ]
    arm = made.arm("bf16", [3, 2], 1.0).model_copy(update={"answers": answers})
    shown = view_text(load_views.VIEW, Sofar(record=made.load_record().model_copy(update={"arms": [arm]})))
    for words in ("3 x  ...", "one end", "two ends", "batch sizes", "80 unique answers of 1,000"):
        assert words in shown
    assert beginning not in shown


def test_speeds_under_load_are_compared_only_beyond_what_the_first_method_does_to_itself():
    load = made.load_record()
    names = [arm.name for arm in load.arms]
    passes = dict(zip(names, ([100.0, 110.0, 105.0], [112.0, 104.0, 103.0], [50.0, 52.0, 51.0]), strict=True))
    timed = load.model_copy(update={"passes": passes, "control": [99.0, 104.0, 108.0]})
    first, second, third = json.loads(load_views.VIEW.draw(Sofar(record=timed))["arms"].value)
    assert (first["cost"], first["speed"], first["range"]) == ("", "105", "100 to 110 tok/s")
    assert NO_DIFFERENCE in second["cost"]
    assert third["cost"].startswith("48.6%")
    loud = timed.model_copy(update={"control": [40.0, 104.0, 108.0]})
    assert NO_DIFFERENCE in json.loads(load_views.VIEW.draw(Sofar(record=loud))["arms"].value)[2]["cost"]
    before = json.loads(load_views.VIEW.draw(Sofar(record=load))["arms"].value)  # a file without passes
    assert before[2]["cost"].endswith("one pass")
    assert NO_DIFFERENCE in view_text(load_views.VIEW, Sofar(record=timed))
