"""`playground context`: three documents, one JSON each, and words for a person."""

import json
from pathlib import Path
from typing import Any

import pytest

from playground.experiments.context.records import ContextRecord, NeedleRecord, TokensRecord
from playground.experiments.documents import parse_document, read_document
from tests.cli.conftest import Invoke
from tests.cli.test_run import refused


@pytest.fixture
def context(playground: Invoke, folder: Path) -> Invoke:
    """`playground context` on the tiny model."""
    return lambda *flags, stdin=None: playground("context", "--model", folder, *flags, stdin=stdin)


def recorded(result: Any, kind: type) -> Any:
    assert result.exit_code == 0, result.output
    document = parse_document(result.stdout)
    assert isinstance(document, kind)
    return document


def test_json_is_one_document_with_points_fit_and_prediction(context: Invoke, tmp_path: Path):
    record = recorded(context("--json", "--save", tmp_path / "c.json"), ContextRecord)
    assert [point.tokens for point in record.points] == [64, 128, 256, 512]
    document = json.loads(record.to_json())
    assert document["kind"] == "context"
    assert document["fit"].keys() >= {"a_s", "b_s_per_token", "c_s_per_token2", "r2"}
    assert document["predicted"].keys() >= {"tokens", "predicted_s", "measured_s"}
    assert document["environment"]["torch"]
    assert read_document(tmp_path / "c.json") == record


def test_lengths_can_be_given_and_every_figure_is_shown(context: Invoke):
    shown = context("--lengths", "16,32")
    assert shown.exit_code == 0
    for words in ("tokens  ", "KV cache", "at least three lengths", "repeated", "$"):
        assert words in shown.stdout


def test_a_needle_test_scores_every_cell(context: Invoke):
    flags = ("--needle", "--lengths", "200,220", "--depths", "0,1")
    record = recorded(context(*flags, "--json"), NeedleRecord)
    assert [(cell.length, cell.depth) for cell in record.cells] == [(200, 0), (200, 1), (220, 0), (220, 1)]
    shown = context(*flags).stdout
    assert "depth 100%" in shown
    assert "Probability of the right code" in shown
    assert record.answer.split("{code}")[0].strip() in shown


def test_a_text_is_shown_in_tokens(context: Invoke):
    text = "a<|im_end|>b"
    record = recorded(context("--tokens", text, "--json"), TokensRecord)
    assert record.text == text
    assert all(token.kind == "text" for token in record.tokens)
    assert "read as plain text" in context("--tokens", text).stdout
    injected = context("--tokens", text, "--chat", "--inject").stdout
    assert "read as control tokens" in injected
    assert "template" in injected
    assert "characters per token" in injected


@pytest.mark.parametrize(
    ("flags", "told"),
    [(("--lengths", "x"), "whole numbers from 1"), (("--lengths", "1.5"), "whole numbers"),
     (("--depths", "nan", "--needle"), "numbers from 0 to 1"), (("--time-limit-s", "-1"), "Time allowed"),
     (("--lengths", "9000"), "longest context"), (("--needle", "--tokens", "x"), "can't be combined"),
     (("--tokens", " "), "empty"), (("--needle", "--depths", "2"), "from 0"),
     (("--save", "/no/such/folder/c.json"), "folder does not exist")],
)  # fmt: skip
def test_bad_input_ends_with_one_clear_line(context: Invoke, flags: tuple[str, ...], told: str):
    assert told in refused(context(*flags))
