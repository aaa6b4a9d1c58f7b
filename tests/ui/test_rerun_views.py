"""What the Reruns tab shows is what the record says: counts add up, nothing is lost without a word."""

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from html import escape
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from playground.engine.events import Candidate, Finished, TokenEvent
from playground.experiments.reruns.collect import Collected, RerunProgress
from playground.experiments.reruns.records import RerunRow
from playground.runs.updates import BatchPlan
from playground.ui.shell.fields import panel_value
from playground.views.panels import Drawn, Sofar
from playground.views.report import record_html
from playground.views.rerun_answers import MAX_ANSWERS, answers_view, heat_view
from playground.views.rerun_charts import agreement_chart, entropy_chart, ladder_chart, lengths_chart
from playground.views.rerun_figures import headline_view, made_with, numbers_drawn, rerun_definitions
from playground.views.rerun_mentions import mentions_drawn
from playground.views.rerun_tree import growing_tree, tree_view
from playground.views.reruns import RERUN_VIEW, TEMPERATURE_VIEW, plan_text
from playground.views.spec import ChartSpec
from playground.views.terminal import view_text
from tests.experiments.reruns.made import some_runs
from tests.ui.rerun_samples import hostile_record, ladder, record, record_of, row

MAX_VIEW_BYTES = 2_000_000
TIMES = chr(0xD7)  # the sign of multiplication


def drawn(value: Any) -> Any:
    if isinstance(value, Drawn):
        value = value.value
    return json.loads(value.to_json() if isinstance(value, ChartSpec) else value)


def many_answers(n: int, length: int, seed: int = 1):
    draws = random.Random(seed)
    return record([[draws.randrange(40) for _ in range(length)] for _ in range(n)])


@given(some_runs, st.integers(2, 12))
def test_counts_of_the_tree_add_up_whatever_is_left_out(runs, most_rows):
    nodes = drawn(tree_view(record(runs), most_rows))["nodes"]
    under = defaultdict(list)
    for at, node in enumerate(nodes):
        assert node["parent"] < at
        under[node["parent"]].append(node)
    assert nodes[0]["n"] == len(runs)
    for at, node in enumerate(nodes):
        if under[at]:
            assert sum(one["n"] for one in under[at]) == node["n"]
            assert "folded" not in node
        elif "folded" in node:
            assert 2 <= node["folded"] <= node["n"]


@given(some_runs)
def test_a_small_tree_is_drawn_whole_each_leaf_an_answer(runs):
    made = record(runs)
    nodes = drawn(tree_view(made))["nodes"]
    parents = {node["parent"] for node in nodes}
    assert not any("more" in node or "folded" in node for node in nodes)
    assert sum(at not in parents for at in range(len(nodes))) == made.summary.unique


@given(some_runs)
def test_the_main_way_of_the_tree_is_the_common_path(runs):
    made = record(runs)
    nodes = drawn(tree_view(made))["nodes"]
    main = "".join(node["text"] for node in nodes if node.get("main"))
    assert main.count("w") == len(made.summary.mode_agreement)


def test_a_tree_of_200_different_answers_is_limited_and_says_what_is_left_out():
    made = many_answers(200, 8)
    nodes = drawn(tree_view(made))["nodes"]
    parents = {node["parent"] for node in nodes}
    assert sum(at not in parents for at in range(len(nodes))) <= 80
    assert any("more" in node for node in nodes)


def test_a_fork_says_how_many_runs_took_each_likely_token():
    made = record([[0, 1], [0, 1], [0, 2], [0]])
    (root,) = [node for node in drawn(tree_view(made))["nodes"] if node["parent"] == -1]
    assert [(one["text"], one["took"]) for one in root["fork"]["top"]] == [(" w1", 2), (" w2", 1)]
    assert root["fork"]["index"] == 1
    assert [node["n"] for node in drawn(tree_view(made))["nodes"] if node.get("stops")] == [1]


def _collected(runs: Sequence[RerunRow], ended: Sequence[int]) -> Collected:
    """As these runs come, token by token; those with these indices have ended."""
    kept = Collected([run.seed for run in runs], 12)
    for at in range(max(len(run.token_ids) for run in runs)):
        for n, run in enumerate(runs):
            if at < len(run.token_ids):
                top = (Candidate(run.token_ids[at], run.token_texts[at], 0.5), Candidate(10_000, "?", 0.1))
                kept.add(n, TokenEvent(
                    index=at, id=run.token_ids[at], text=run.token_texts[at], logprob=run.logprobs[at], rank=1,
                    entropy_bits=run.entropy_bits[at], sampled_prob=0.5, kept=3, top=top, time_s=0.0,
                    survivors=(3, 3, 3), kv_cache_bytes=1,
                ))  # fmt: skip
    for n in ended:
        kept.add(n, Finished("length", "", 0.0))
    return kept


@given(some_runs)
def test_the_tree_that_has_grown_is_the_tree_of_the_record(runs):
    made = record([run for run in runs if run] or [[1]])
    growth = _collected(made.runs, range(made.n)).progress(1.0, growth=True).growth
    assert growth is not None
    grown, whole = drawn(growing_tree(growth)), drawn(tree_view(made))
    shape = ("parent", "text", "n", "start", "tokens", "main", "ends", "stops", "folded", "more")
    assert [{k: one.get(k) for k in shape} for one in grown["nodes"]] == [
        {k: one.get(k) for k in shape} for one in whole["nodes"]
    ]
    assert (grown["n"], grown["answers"]) == (whole["n"], whole["answers"])


def test_a_run_that_is_written_ends_nowhere_and_what_has_ended_stays():
    made = record([[0, 1, 2], [0, 1], [0, 1, 2, 3], [0, 5, 6]])
    growth = _collected(made.runs, [1]).progress(1.0, growth=True).growth
    assert growth is not None
    nodes = drawn(growing_tree(growth))["nodes"]
    assert nodes[0]["n"] == 4
    assert sorted(one["text"] for one in nodes if one.get("ends")) == [
        " w2",
        " w5 w6",
    ]  # as far as the shortest of them
    assert {reason for one in nodes for reason in one.get("ends", {})} == {"writing"}
    assert [(one["n"], one.get("writing")) for one in nodes if one.get("stops")] == [(1, None)]
    empty = Collected([1, 2], 12).progress(0.0, growth=True).growth
    assert empty is not None
    assert growing_tree(empty) == ""


@given(some_runs)
def test_answers_are_counted_as_the_summary_counts_them(runs):
    made = record(runs)
    view = drawn(answers_view(made))
    assert len(view["answers"]) == made.summary.unique
    assert sum(one["n"] for one in view["answers"]) == made.n
    assert view["answers"][0]["n"] == made.summary.mode_count
    assert view["more"] == {"answers": 0, "runs": 0}


@given(some_runs)
def test_the_pieces_of_a_diff_spell_both_answers(runs):
    made = record(runs)
    answers = drawn(answers_view(made))["answers"]
    texts = {"".join(text for kind, text in one["pieces"] if kind in "=+~") for one in answers}
    assert texts == {run.text for run in made.runs}
    reference = "".join(text for _, text, *_ in answers[0]["pieces"])
    assert all("".join(text for kind, text in one["pieces"] if kind in "=-") == reference for one in answers)


def test_what_is_left_out_of_the_list_is_counted():
    made = many_answers(150, 4)
    view = drawn(answers_view(made))
    assert len(view["answers"]) == MAX_ANSWERS
    assert view["more"]["answers"] == made.summary.unique - MAX_ANSWERS
    assert sum(one["n"] for one in view["answers"]) + view["more"]["runs"] == made.n


def test_200_long_answers_stay_below_2_megabytes():
    kinds = ["漢字かな交じり文" * 2, " <b>", '"quoted"', " plain", "\n"]
    draws = random.Random(3)
    runs = [row([draws.randrange(5) for _ in range(2048)]) for _ in range(200)]
    texts = [run.model_copy(update={"token_texts": [kinds[id] for id in run.token_ids],
                                    "text": "".join(kinds[id] for id in run.token_ids)}) for run in runs]  # fmt: skip
    made = record([[1], [2]], ["plain"]).model_copy(update={"runs": texts[:2]})  # the summary's cost is not ours
    view = answers_view(made.model_copy(update={"runs": texts, "n": 200}))
    assert len(view) < MAX_VIEW_BYTES
    left = [one["left"] for one in drawn(view)["answers"]]
    assert all(more > 0 for more in left)


@given(some_runs)
def test_the_heat_map_has_a_cell_for_each_pair_of_answers(runs):
    made = record(runs)
    view = drawn(heat_view(made))
    answers = len(view["counts"])
    cells = [view["cells"][at : at + 2] for at in range(0, len(view["cells"]), 2)]
    assert len(cells) == answers**2
    assert sum(view["counts"]) == made.n
    assert all((cells[a * answers + b] == "##") == (a == b) for a in range(answers) for b in range(answers))


@given(some_runs)
def test_charts_show_the_summary(runs):
    made = record(runs)
    agreement = drawn(agreement_chart(made) or "null")
    if agreement:
        pairs, mode = agreement["series"]
        assert [y for _, y in pairs["points"]] == [1, *made.summary.agreement]
        assert [y for _, y in mode["points"]] == [1, *made.summary.mode_agreement]
    (bars,) = drawn(lengths_chart(made))["series"]
    assert sum(y for _, y in bars["points"]) == made.n
    entropy = drawn(entropy_chart(made) or "null")
    if entropy:
        line, forks = entropy["series"]
        assert len(line["points"]) == len(made.summary.mode_agreement)
        assert all(point in line["points"] for point in forks["points"])


def test_every_fork_on_the_common_path_is_marked():
    made = record([[0, 1, 2], [0, 1, 2], [0, 1, 3], [4]])
    _, forks = drawn(entropy_chart(made))["series"]
    assert [x for x, _ in forks["points"]] == [1, 3]  # counted from 1


def test_the_ladder_plots_unique_answers_and_mentions_at_each_temperature():
    made = ladder(0, 0.5, 1.5, mentions=("w1", "w2"))
    chart = drawn(ladder_chart(made.rungs))
    unique, first, _ = chart["series"]
    assert unique["points"] == [
        [t, rung.summary.unique_share] for t, rung in zip((0, 0.5, 1.5), made.rungs, strict=True)
    ]
    assert first["points"] == [[rung.settings["temperature"], rung.summary.mentions["w1"].rate] for rung in made.rungs]
    assert all(low <= y <= high for (_, y), low, high in zip(first["points"], first["low"], first["high"], strict=True))
    assert drawn(ladder_chart(made.rungs[::-1])) == chart


def test_the_headline_is_the_summary():
    made = record([[0, 1], [0, 1], [0, 2]])
    view = drawn(headline_view(made))
    shown = [view[key] for key in ("unique", "fork", "entropy", "mode", "speed")]
    assert shown == ["2/3", "2", "2.5", f"{TIMES}2", "120"]
    same = drawn(headline_view(record([[0, 1]] * 3)))
    assert (same["unique"], same["fork"]) == ("1/3", "none")


def test_every_number_has_its_definition_and_its_interval():
    numbers = drawn(numbers_drawn(record([[0, 1], [0, 1], [0, 2], [3]], ["w1"])))
    from playground.ui.components.reruns import FIGURES  # noqa: PLC0415 - gradio is slow to import

    keys = [key for group in FIGURES.values() for key in group]
    assert sorted(keys) == sorted(numbers) == sorted(rerun_definitions())
    for key in ("mode_share", "exact_match_rate", "answer_entropy_bits", "distinct_1", "edit_distance", "length_mean"):
        assert " to " in numbers[key][1]


def test_mentions_carry_rate_interval_and_first_places():
    made = record([[1, 2], [2, 1], [3, 3]], ["w1", "w9"])
    first, never = drawn(mentions_drawn(made))["rows"]
    assert (first["count"], first["places"], first["median"]) == (2, [0, 1], 0.5)
    assert first["low"] < first["rate"] < first["high"]
    assert (never["count"], never["median"], never["low"]) == (0, None, 0)


def test_mentions_are_marked_in_the_answers_however_the_diff_cuts_them():
    texts = [["I like", " New", " Balance"], ["I like", " New", " shoes. W1 is", " new\nbal", "ance."]]
    runs = [row([at, 2, *range(3, 1 + len(own))], own) for at, own in enumerate(texts)]
    view = drawn(answers_view(record_of(runs, ["new balance", "like new"])))
    marked = ["".join(piece[1] for piece in one["pieces"] if len(piece) > 2) for one in view["answers"]]
    assert marked == ["like New Balance", "like Newnew\nbalance"]
    assert ["".join(p[1] for p in one["pieces"] if p[0] != "-") for one in view["answers"]] == [r.text for r in runs]


def test_each_mention_stands_in_its_sentence_with_the_runs_that_say_it():
    texts = [
        "First one. I buy Nike today! Nike again.",
        "First one. I buy Nike today! Puma.",
        "Nothing",
        "x " * 200 + "nike",
    ]
    made = record_of([row([at], [text]) for at, text in enumerate(texts)], ["nike", "puma", "absent"])
    nike, puma, absent = drawn(mentions_drawn(made))["rows"]
    assert nike["sentences"][0] == {"n": 2, "pieces": [["I buy ", 0], ["Nike", 1], [" today!", 0]]}
    assert sum(one["n"] for one in nike["sentences"]) == nike["count"] == 3
    assert len("".join(text for text, _ in nike["sentences"][1]["pieces"])) < 200
    assert ([one["n"] for one in puma["sentences"]], absent["sentences"]) == ([1], [])
    report, text = record_html("t", "a", RERUN_VIEW, made), view_text(RERUN_VIEW, Sofar(record=made))
    assert "I buy <mark>Nike</mark> today!" in report
    assert "I buy [Nike] today!" in text


def test_rates_of_answers_that_were_cut_say_so_and_offer_a_higher_limit():
    made = record([[1] * 12, [2] * 12], ["w1"])
    view = drawn(mentions_drawn(made))
    assert "2 of 2" in view["cut"]
    assert "12 tokens" in view["cut"]
    assert view["raise"] > 12
    ended = made.model_copy(update={"runs": [run.model_copy(update={"finish_reason": "eos"}) for run in made.runs]})
    assert (drawn(mentions_drawn(ended))["cut"], drawn(mentions_drawn(ended))["raise"]) == ("", 0)
    late = made.model_copy(update={"runs": [run.model_copy(update={"finish_reason": "time"}) for run in made.runs]})
    assert "2 of 2" in drawn(mentions_drawn(late))["cut"]
    assert drawn(mentions_drawn(late))["raise"] == 0  # more tokens would not help


def test_one_greedy_answer_repeated_has_no_interval():
    same = record([[1, 2]] * 16, ["w1"], temperature=0)
    (row,), advice = (drawn(mentions_drawn(same))[name] for name in ("rows", "advice"))
    assert row["low"] == row["rate"] == row["high"] == 1
    assert len(advice) == 1
    numbers = drawn(numbers_drawn(same))
    assert not [key for key, (_, known) in numbers.items() if "% to" in known]
    drawn_by_chance = record([[1, 2]] * 16, ["w1"], temperature=1)
    assert drawn(mentions_drawn(drawn_by_chance))["rows"][0]["low"] < 1


def test_no_value_holds_what_looks_like_a_tag():
    values = [panel_value(one) for one in RERUN_VIEW.draw(Sofar(record=hostile_record())).values()]
    assert all("<" not in value for value in values)
    assert any("\\u003cimg" in value for value in values)


def test_a_seed_is_shown_with_all_its_digits():
    made = record([[1], [2]])
    seeded = made.model_copy(update={"settings": {**made.settings, "seed": 1284070123}})
    assert "seed 1284070123, " in made_with(seeded)
    assert "temperature 1, " in made_with(made)
    unseeded = seeded.model_copy(update={"settings": {**made.settings, "seed": None}, "seeds": "none"})
    assert "seed 1" not in made_with(unseeded)


def test_terminal_and_report_say_what_the_page_says():
    made = record([[0, 1], [0, 1], [0, 2], [3]], ["w1", "w9"])
    text, report = view_text(RERUN_VIEW, Sofar(record=made)), record_html("t", "a", RERUN_VIEW, made)
    page = [value for pair in drawn(numbers_drawn(made)).values() for value in pair if value]
    for words in (made_with(made), "x2 w0 [w1]", "To know “w9” to within 5 points", *page):
        assert " ".join(words.split()) in " ".join(text.split())
    for words in (*page, "w0 w2"):
        assert escape(words) in report
    assert "w0 <mark>w1</mark>" in report
    assert all(names["term"] in text for names in rerun_definitions().values())
    several = ladder(0, 0.5, 1)
    text = view_text(TEMPERATURE_VIEW, Sofar(record=several))
    for rung in several.rungs:
        assert f"{rung.summary.unique} of {rung.n}" in text


def test_a_split_batch_says_in_how_many_waves_and_why():
    assert plan_text(BatchPlan(16, 16, 1, 1)) == ""
    text = plan_text(BatchPlan(64, 24, 41_000_000, 1_200_000_000))
    assert "64 rows go in 3 waves of at most 24" in text
    assert "41.0 MB" in text
    assert "1.20 GB" in text
    assert "2 rows are computed one after the other" in plan_text(BatchPlan(2, 1, None, 1))


def progress(finished: int, requested: int = 8) -> RerunProgress:
    counts = (requested, finished, 1, min(finished, 3), finished * 10, 1.0, 50.0, 2)
    return RerunProgress(f"running, {finished} of {requested} finished", finished / requested, *counts)


def test_figures_of_the_status_follow_the_runs():
    figures = RERUN_VIEW.figures(progress(5, 64))
    assert (figures["unique"], figures["tokens"], figures["speed"]) == ("3", "50", "50.0 tok/s")
    assert figures["usage"] == {"requests": 6, "input": 12, "cached": 0, "output": 50}
    assert RERUN_VIEW.figures(progress(0))["usage"]["requests"] == 1
    assert "3 waves" in RERUN_VIEW.figures(BatchPlan(64, 24, 1, 1))["plan"]
    assert "3 different; 50 tokens, 50.0 tok/s" in RERUN_VIEW.line(progress(5, 64))
    part = Sofar(record=record([[1], [2], [3]], asked=64))
    assert RERUN_VIEW.kept(part) == "3 of 64 runs finished"
    assert not RERUN_VIEW.complete(part)
    assert RERUN_VIEW.complete(Sofar(record=record([[1], [2]])))


def test_a_ladder_says_how_much_of_it_was_done():
    request = SimpleNamespace(temperatures=(0, 0.5, 1))
    cut = Sofar(request, record=ladder(0, 0.5))
    assert not TEMPERATURE_VIEW.complete(cut)
    assert TEMPERATURE_VIEW.kept(cut).startswith("2 of 3 temperatures")
    whole = Sofar(request, record=ladder(0, 0.5, 1))
    assert TEMPERATURE_VIEW.complete(whole)
    assert TEMPERATURE_VIEW.kept(whole) == TEMPERATURE_VIEW.kept(Sofar(record=ladder(0, 0.5, 1)))
