"""Every document leaves the page as text, as tables and as a report; a word of a model never becomes a formula."""

import csv

import pytest

from playground.experiments.documents import parse_document
from playground.experiments.registry import experiment_of
from playground.runs.experiment import late
from playground.views.handout import report_of, tables_of, text_of
from tests.golden.compare import HERE
from tests.ui.compare_samples import made_run

ELSEWHERE = {"cost", "step", "tokens"}  # Cost calculates in the page; the others are documents of commands
SAVED = [file for file in sorted((HERE / "saved").glob("*.json")) if file.stem not in ELSEWHERE]


@pytest.mark.parametrize("file", SAVED, ids=lambda file: file.stem)
def test_every_kind_has_all_forms(file):
    document = parse_document(file.read_text("utf-8"))
    experiment = experiment_of(document)
    assert text_of(document).strip()
    if experiment is None or late(experiment.view).tables:
        rows = list(csv.reader(tables_of(document).splitlines(keepends=True), delimiter="\t"))
        assert max(map(len, rows)) > 1
    assert report_of(document).startswith("<!doctype html>")


def test_words_of_a_model_stay_words():
    words = ['=HYPERLINK("x")', "+1+1", "@sum", "-2+3", "\t=1", 'a"b', "two\nlines", "\x1b[31mred"]
    run = made_run(words)
    rows = list(csv.reader(tables_of(run).splitlines(keepends=True), delimiter="\t"))
    head = next(place for place, row in enumerate(rows) if row[:2] == ["place", "text"])
    said = [row[1] for row in rows[head + 1 :]]
    assert said == [f"'{word}" if word[0] in "=+@-\t\x1b" else word for word in words[:7]] + [words[7]]
    assert "\x1b" not in text_of(run)
    assert all(word in text_of(run) for word in words[:4])
