import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from playground.cli import conduct as conduct_module
from playground.experiments.documents import parse_document, read_document
from playground.experiments.reruns import run as run_module
from playground.experiments.reruns.collect import RerunProgress
from playground.experiments.reruns.records import RerunRecord, TemperatureLadderRecord
from playground.runs.records import RunRecord
from tests.cli.conftest import Invoke
from tests.cli.test_run import refused


@pytest.fixture
def rerun(playground: Invoke, folder: Path) -> Invoke:
    """`playground rerun` on the tiny model: few short runs with a fixed seed unless told otherwise."""
    fixed = ["--model", folder, "--seed", 7, "--max-new-tokens", 6, "--n", 4]
    return lambda prompt, *flags, stdin=None: playground("rerun", prompt, *fixed, *flags, stdin=stdin)


def recorded(result: Any, kind: type = RerunRecord) -> Any:
    assert result.exit_code == 0, result.output
    document = parse_document(result.stdout)
    assert isinstance(document, kind)
    return document


def test_json_is_one_document_with_what_is_promised_and_nothing_else(rerun: Invoke):
    result = rerun("hello", "--json", "--mention", "the", "--mention", "York, New")
    document = json.loads(result.stdout)
    assert (document["kind"], document["n"]) == ("rerun", 4)
    assert all(run.keys() >= {"seed", "token_ids", "text", "finish_reason"} for run in document["runs"])
    summary = document["summary"]
    assert summary.keys() >= {"unique", "mode_count", "exact_match_rate", "answer_entropy_bits", "agreement"}
    assert summary["divergence"].keys() == {"median_token", "min_token"}
    assert list(summary["mentions"]) == ["the", "York, New"]
    assert summary["mentions"]["the"].keys() >= {"count", "rate", "low", "high"}
    assert document["throughput_tokens_per_s"] > 0


def test_answers_and_numbers_are_shown_as_the_record_has_them(rerun: Invoke):
    shown, record = rerun("hello", "--mention", "zebra"), recorded(rerun("hello", "--mention", "zebra", "--json"))
    assert shown.exit_code == 0
    assert f"{record.summary.unique} of 4" in shown.stdout
    assert shown.stdout.count("  x1  ") == sum(
        sum(run.token_ids == other.token_ids for other in record.runs) == 1 for run in record.runs
    )
    found = record.summary.mentions["zebra"]
    assert f"To know “zebra” to within 5 points, rerun about {found.reruns_for_5_points} times." in shown.stdout


def test_seeds_are_different_the_same_or_drawn(rerun: Invoke):
    assert [run.seed for run in recorded(rerun("hello", "--json")).runs] == [7, 8, 9, 10]
    same = recorded(rerun("hello", "--json", "--same-seed"))
    assert [run.seed for run in same.runs] == [7] * 4
    assert same.summary.unique == 1
    assert len({run.seed for run in recorded(rerun("hello", "--json", "--unseeded")).runs}) == 4
    for flags in (("--same-seed", "--unseeded"), ("--seeds", "none", "--same-seed")):
        assert "can't be combined" in refused(rerun("hello", *flags))


def test_settings_standard_input_and_quantization_reach_every_run(rerun: Invoke):
    flags = ["--temperature", 0, "--max-new-tokens", 3, "--quantization", "bf16", "--raw"]
    record = recorded(rerun("-", *flags, "--json", stdin="hé\nllo"))
    assert record.prompt == "hé\nllo"
    assert record.model.quantization == "bf16"
    assert (record.settings["temperature"], record.settings["raw"]) == (0, True)
    assert {len(run.token_ids) for run in record.runs} == {3}


def test_several_temperatures_make_a_ladder(rerun: Invoke):
    ladder = recorded(rerun("hello", "--temperatures", "0, 0.5,2", "--json"), TemperatureLadderRecord)
    assert ladder.temperatures == [0, 0.5, 2]
    shown = rerun("hello", "--temperatures", "0,2", "--mention", "the")
    assert ["0", "1", "of", "4"] in [line.split()[:4] for line in shown.stdout.splitlines()]
    assert "temperature 2: " in shown.stderr


def test_a_record_is_saved(rerun: Invoke, tmp_path: Path):
    file = tmp_path / "rerun.json"
    record = recorded(rerun("hello", "--json", "--save", file))
    assert read_document(file) == record


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--n", "1"], "Runs must be a whole number from 2 to 200; got '1'"),
        (["--n", "201"], "from 2 to 200; got"),
        (["--n", "many"], "from 2 to 200; got"),
        (["--n", "9" * 5000], "from 2 to 200; got"),
        (["--mention", " "], "from 1 to 200 characters"),
        (["--mention", "a"] + [f"--mention=w{n}" for n in range(20)], "At most 20"),
        (["--temperatures", ""], "Temperatures must be 1 to 12 numbers from 0 to 2"),
        (["--temperatures", "0,3"], "Temperatures must be 1 to 12 numbers from 0 to 2"),
        (["--temperatures", "1,1"], "once only"),
        (["--temperature", "x"], "temperature must be"),
        (["--save", "/nonexistent/rerun.json"], "folder does not exist"),
        (["--quantization", "int3"], "did you mean 'int8'"),
        (["--system", "word " * 2000], "no room"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_a_wrong_flag_is_one_clear_line(rerun: Invoke, flags: list[str], words: str):
    assert words in refused(rerun("hello", *flags))
    assert words in refused(rerun("hello", "--json", *flags))


def test_a_wrong_prompt_is_one_clear_line(rerun: Invoke):
    assert "empty" in refused(rerun(" "))
    assert "not UTF-8" in refused(rerun("-", stdin=b"caf\xe9"))


def test_ctrl_c_keeps_the_runs_that_had_ended(rerun: Invoke, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run_module, "PROGRESS_EVERY_S", 0.0)
    real, before = conduct_module.updates, signal.getsignal(signal.SIGINT)

    def interrupted(*arguments: Any) -> Iterator[Any]:
        is_told = False
        for update in real(*arguments):
            yield update
            if not is_told and isinstance(update, RerunProgress) and update.finished:
                is_told = True
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(conduct_module, "updates", interrupted)
    record = recorded(rerun("hello", "--n", 40, "--json"))  # two waves: the second is not begun
    assert (record.asked, record.n) == (40, 32)
    shown = rerun("hello", "--n", 40)
    assert "(40 requested)" in shown.stdout
    assert signal.getsignal(signal.SIGINT) is before


def test_stopped_before_a_run_has_ended_says_so(rerun: Invoke, monkeypatch: pytest.MonkeyPatch):
    real = conduct_module.updates

    def interrupted(*arguments: Any) -> Iterator[Any]:
        for update in real(*arguments):
            yield update
            if not isinstance(update, RerunProgress):
                signal.raise_signal(signal.SIGINT)
                break

    monkeypatch.setattr(conduct_module, "updates", interrupted)
    assert "before there was anything to keep" in refused(rerun("hello"))


@pytest.mark.real_model
def test_reruns_of_the_default_model_are_its_single_runs(playground: Invoke, model_cache: Path):
    fetched = playground("models", "fetch", "smollm2-135m", "--json")
    if fetched.exit_code and os.environ.get("CI") != "true":
        pytest.skip(fetched.stderr.splitlines()[-1])
    ask = ["Name a colour.", "--max-new-tokens", 8, "--temperature", 0.8, "--json"]
    record = recorded(playground("rerun", *ask, "--n", 6, "--seed", 3))
    second = record.runs[1]
    alone = recorded(playground("run", *ask, "--seed", second.seed), RunRecord)
    assert second.token_ids == [token.id for token in alone.tokens]
    assert second.text == alone.text
    same = recorded(playground("rerun", *ask, "--n", 3, "--seed", 3, "--same-seed"))
    assert [run.token_ids for run in same.runs] == [record.runs[0].token_ids] * 3
