"""The Context section's values, without a browser: what the strip, the transcript and the tables are told."""

import json

from playground.engine.chat import Turn, prepare_chat
from playground.experiments.context.experiments import NeedleRequest
from playground.experiments.context.fit import fit
from playground.experiments.context.records import CellRecord, PieceRecord, PointRecord
from playground.settings import Settings
from playground.views import curve, needle
from playground.views.context import MAX_CHIPS, Shown, chips_value, fallen, strip_value, transcript_lines
from playground.views.curve import fit_words
from playground.views.panels import Cell, Content, Sofar, Table
from playground.views.spec import ChartSpec
from tests.tiny import tiny_tokenizer

HISTORY = (Turn("one two", "three four"), Turn("five", "six"))


def _shown(limit: int, answer: tuple[int, ...] | None = None, prompt: str = "next") -> Shown:
    asked = Settings(system="be brief", max_new_tokens=16)
    prepared, whole = (prepare_chat(tiny_tokenizer(), HISTORY, prompt, asked, most) for most in (limit, 10_000))
    return Shown("tiny", prepared, whole, len(HISTORY), answer, 16)


def _sums(value: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for kind, _, tokens, _ in json.loads(value)["parts"]:
        sums[kind] = sums.get(kind, 0) + tokens
    return sums


def test_the_parts_inside_make_up_the_context_and_those_outside_what_fell_out():
    for limit in (500, 100, 80, 50):
        for answer in (None, (1, 2, 3)):
            shown = _shown(limit, answer)
            sums = _sums(strip_value(shown))
            assert sum(tokens for kind, tokens in sums.items() if kind != "dropped") == limit
            assert sums.get("dropped", 0) == shown.prepared.dropped_tokens
            assert sums.get("answer", 0) == len(answer or ())


def test_the_strip_says_how_many_turns_left():
    value = json.loads(strip_value(_shown(80)))
    assert value["turns_out"] == 1
    assert "1 old turn" in value["summary"]
    assert json.loads(strip_value(_shown(500)))["turns_out"] == 0


def test_what_fell_out_of_a_long_message_is_its_beginning():
    shown = _shown(60, prompt="abcdefg" * 30)
    lost = fallen(shown)[-1]
    text = tiny_tokenizer().decode(shown.whole.ids[lost.start : lost.end])
    assert text
    assert ("abcdefg" * 30).startswith(text)


def test_an_answer_that_would_not_fit_is_told():
    value = strip_value(_shown(100, tuple(range(200))))
    assert "would end after" in json.loads(value)["summary"]
    assert sum(tokens for kind, tokens in _sums(value).items() if kind != "dropped") == 100


def test_values_hold_no_tag():
    pieces = [PieceRecord(id=1, text="<b>", bytes=3, kind="text")]
    for value in (chips_value(pieces), transcript_lines([Turn("<script>", "<img>")])):
        assert "<" not in value
    assert json.loads(chips_value(pieces))["tokens"] == [[1, "<b>", "text"]]


def test_no_view_is_larger_than_two_megabytes():
    pieces = [PieceRecord(id=49_151, text="<0xE2><0x96>", bytes=2, kind="template")] * (2 * MAX_CHIPS)
    value = chips_value(pieces)
    assert len(value.encode()) < 2_000_000
    assert f"the first {MAX_CHIPS:,} are sent" in json.loads(value)["note"]


def test_tables_and_charts_are_empty_before_there_is_anything():
    assert curve.VIEW.draw(Sofar()) == needle.VIEW.draw(Sofar()) == {}


def test_the_heat_map_has_a_row_a_length_and_marks_what_greedy_decoding_says():
    cell = CellRecord(
        length=64, depth=0.5, prompt_tokens=60, needle_token=3, code="1234", answer_ids=[1], token_probs=[0.5],
        probability=0.5, per_token=0.5, greedy=True, seconds=1,
    )  # fmt: skip
    asked = NeedleRequest(model="tiny", lengths=(64, 128), depths=(0.5,))
    drawn = needle.VIEW.draw(Sofar(asked, [cell]))["map"]
    assert isinstance(drawn, Table)
    assert drawn.rows == [["64", Cell("50.0%", 0.5, marked=True)], ["128", "…"]]


def test_the_curve_is_told_in_words():
    found = fit([(n, 0.01 + 2e-3 * n) for n in (64, 128, 256, 512)])
    assert found is not None
    assert "2.00 ms per token" in fit_words(found)
    assert "not distinguishable" in fit_words(found)
    assert "at least three lengths" in fit_words(None)


def _drawn(**more: int | None) -> dict[str, Content]:
    kept = {"kv_bytes": 1000, "kv_predicted_bytes": 1200, **more}
    return dict(curve.VIEW.draw(Sofar(parts=[PointRecord(tokens=64, prefill_s=1, runs_s=[1], input_usd=0, **kept)])))


def _memory(**more: int | None) -> ChartSpec:
    chart = _drawn(**more)["memory"]
    assert isinstance(chart, ChartSpec)
    return chart


def test_bytes_that_differ_from_the_formula_are_told():
    assert "differ by at most 200 B" in _memory().summary
    assert "are equal" in _memory(kv_bytes=1200).summary


def test_bytes_that_can_not_be_predicted_are_unknown():
    table, chart = _drawn(kv_predicted_bytes=None)["table"], _memory(kv_predicted_bytes=None)
    assert isinstance(table, Table)
    assert "unknown" in table.rows[0]
    assert "can't be predicted" in chart.summary
    assert list(chart.series[1].points) == []
