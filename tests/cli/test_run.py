import errno
import json
import os
import shutil
import signal
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from playground.cli import run as run_module
from playground.cli.build import build_runner
from playground.errors import PlaygroundError
from playground.paths import data_dir
from playground.runs.records import parse_record
from tests.cli.conftest import Invoke
from tests.tiny import tiny_gguf
from tests.tiny_runner import endless_folder


def refused(result: Any) -> str:
    """The one line of a refusal."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert result.stderr.splitlines()[-1] == errors[0]
    assert "Traceback" not in result.output
    return errors[0]


def recorded(result: Any) -> Any:
    assert result.exit_code == 0, result.output
    return parse_record(result.stdout)


def test_the_text_streams_to_standard_output_and_the_meters_to_standard_error(run: Invoke):
    plain, record = run("hello"), recorded(run("hello", "--json"))
    assert plain.exit_code == 0
    assert record.text
    assert plain.stdout == run_module.safe_text(record.text) + "\n"
    for meter in ("ttft", "itl p50 / p95 / p99", "MBU", "KV cache", "cost", "energy", "seed 7", "6 out"):
        assert meter in plain.stderr


def test_json_is_one_document_and_nothing_else(run: Invoke):
    result = run("hello", "--json")
    assert json.loads(result.stdout)["kind"] == "run"
    assert result.stdout.startswith("{")
    assert result.stdout.endswith("}\n")


def test_every_flag_reaches_the_run(run: Invoke):
    flags = {
        "temperature": 1.5, "top_p": 0.5, "top_k": 3, "min_p": 0.1, "repetition_penalty": 1.5, "seed": 11,
        "max_new_tokens": 4, "context_length": 200, "time_limit_s": 60.0, "top": 2, "system": "Be brief.",
    }  # fmt: skip
    given = [text for name, value in flags.items() for text in (f"--{name.replace('_', '-')}", value)]
    more = ("--stop", "zq", "--stop", "\n\n", "--reuse-prefix", "--quantization", "bf16", "--json")
    record = recorded(run("hello", *given, *more))
    assert record.settings == {**flags, "stop": ["zq", "\n\n"], "raw": False, "reuse_prefix": True}
    assert record.model.quantization == "bf16"
    assert {len(token.top) for token in record.tokens} == {2}


def test_raw_continues_the_text_as_it_stands(run: Invoke):
    chat, raw = (recorded(run("hello", "--json", flag)) for flag in ("--chat", "--raw"))
    assert len(raw.prompt_token_ids) < len(chat.prompt_token_ids)
    assert raw.settings["raw"]


def test_a_system_prompt_that_is_not_read_is_said_and_not_recorded(run: Invoke):
    done = run("Once", "--raw", "--system", "Be brief.", "--json")
    assert "The system prompt is not read, since in raw mode" in done.stderr
    assert parse_record(done.stdout).settings["system"] == ""
    chat = run("Once", "--system", "Be brief.", "--json")
    assert "not read" not in chat.stderr
    assert parse_record(chat.stdout).settings["system"] == "Be brief."


def test_control_tokens_that_are_read_as_text_are_said(run: Invoke):
    assert "Control tokens in the prompt are read as plain text." in run("a<|im_end|>b").stderr


def test_the_prompt_can_come_from_standard_input(run: Invoke):
    assert recorded(run("-", "--json", stdin="hé\nllo")).prompt == "hé\nllo"


def test_flags_win_over_the_preset_and_the_preset_over_defaults(run: Invoke, folder: Path):
    record = recorded(run("hello", "--preset", "chaos", "--top-p", 0.9, "--json"))
    assert (record.settings["temperature"], record.settings["top_p"]) == (2, 0.9)
    assert record.model.id == folder.name  # --model wins as well
    assert recorded(run("hello", "--preset", "small-and-fast-int4", "--json")).model.quantization == "int4"
    kept = recorded(run("hello", "--preset", "small-and-fast-int4", "--quantization", "fp32", "--json"))
    assert kept.model.quantization == "fp32"


def test_asking_for_alternatives_shows_them(run: Invoke):
    plain, shown = run("hello"), run("hello", "--top", 3)
    assert "rank" not in plain.stderr
    assert shown.stderr.count(" rank ") == 6
    assert "%" in shown.stderr


def test_a_record_is_saved_and_replays_identically(run: Invoke, playground: Invoke, folder: Path, tmp_path: Path):
    file = tmp_path / "run.json"
    shown = run("hello", "--save", file)
    record = parse_record(file.read_bytes())
    assert shown.stdout == run_module.safe_text(record.text) + "\n"
    replayed = playground("replay", file, "--model", folder)
    assert (replayed.exit_code, replayed.stdout) == (0, "identical\n")
    document = json.loads(playground("replay", file, "--model", folder, "--json").stdout)
    assert document["identical"] is True
    assert document["record"]["text"] == record.text


def test_a_replay_that_differs_says_where(run: Invoke, playground: Invoke, folder: Path, tmp_path: Path):
    file = tmp_path / "run.json"
    run("hello", "--save", file)
    document = json.loads(file.read_text())
    document["tokens"][2]["id"] += 1
    document["environment"]["threads"] = 99
    file.write_text(json.dumps(document))
    result = playground("replay", file, "--model", folder)
    assert result.stdout.startswith("token 2 differs: ")
    assert "threads: 99 then" in result.stdout
    assert json.loads(playground("replay", file, "--model", folder, "--json").stdout)["first_difference"] == 2


def test_a_record_of_a_model_that_moved_replays_where_it_is_now(
    run: Invoke, playground: Invoke, folder: Path, tmp_path: Path
):
    file, moved = tmp_path / "run.json", tmp_path / "elsewhere"
    run("hello", "--save", file)
    shutil.copytree(folder, moved)
    assert playground("replay", file, "--model", moved).stdout == (
        f"identical\nChanged since then: id: '{folder.name}' then, 'elsewhere' now.\n"
    )
    assert "Unknown model" in refused(playground("replay", file))


# What a person may type wrong: flags, and words of the message.
WRONG = [
    (["--temperature", "-1"], "temperature must be a number from 0 to 2; got '-1'"),
    (["--temperature", "NaN"], "temperature must be"),
    (["--temperature", "abc"], "temperature must be a number from 0 to 2; got 'abc'"),
    (["--temperature", "inf"], "temperature must be"),
    (["--top-p", "0"], "top_p must be a number above 0"),
    (["--top-k", "1.5"], "top_k must be a whole number"),
    (["--min-p", "2"], "min_p"),
    (["--repetition-penalty", "0"], "repetition_penalty"),
    (["--seed", "-1"], "seed must be a whole number"),
    (["--seed", "9" * 5000], "seed must be a whole number"),
    (["--max-new-tokens", "1000000000"], "max_new_tokens must be a whole number from 1 to"),
    (["--max-new-tokens", "0"], "max_new_tokens"),
    (["--context-length", "15"], "context_length"),
    (["--context-length", "100000"], "at most 512"),
    (["--time-limit-s", "0"], "time_limit_s"),
    (["--top", "51"], "top must be"),
    (["--stop", ""], "stop strings"),
    (["--stop", "a"] * 9, "at most 8"),
    (["--system", "x" * 100_001], "system must have at most 100,000"),
    (["--system", "word " * 2000], "no room"),
    (["--quantization", "int3"], "Unknown quantization 'int3': did you mean 'int8'"),
    (["--preset", "balnced"], "did you mean 'balanced'"),
    (["--save", "/nonexistent/run.json"], "folder does not exist"),
    (["--save", "x" * 5000 + "/run.json"], "folder does not exist"),
]


@pytest.mark.parametrize(("flags", "words"), WRONG, ids=[" ".join(flags)[:30] for flags, _ in WRONG])
def test_a_wrong_flag_is_one_clear_line(run: Invoke, flags: list[str], words: str):
    assert words in refused(run("hello", *flags))
    assert words in refused(run("hello", "--json", *flags))


@pytest.mark.parametrize(
    ("prompt", "words"),
    [("", "empty"), (" \n ", "empty"), ("\udcff", "half a character"), ("x" * 1_000_001, "1,000,001 characters")],
)
def test_a_wrong_prompt_is_one_clear_line(run: Invoke, prompt: str, words: str):
    assert words in refused(run(prompt))


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "empty"), (b"x" * 10_000_000, "more than 1,000,000 characters"), (b"caf\xe9", "not UTF-8")],
    ids=["empty", "10 MB", "Latin-1"],
)
def test_wrong_standard_input_is_one_clear_line(run: Invoke, data: bytes, words: str):
    assert words in refused(run("-", stdin=data))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("smollm2-135", "did you mean 'smollm2-135m'"),
        ("org/model", "is a path or a hub name"),
        ("./nowhere", "No model at './nowhere'"),
        ("nowhere.gguf", "No model at"),
        ("/etc/hostname", "neither a folder nor a .gguf file"),
        ("/tmp", "config.json is missing"),
        ("x" * 5000, "Unknown model"),
        ("a\0b", "Unknown model"),
        ("", "Unknown model"),
        ("~nobody-of-that-name/x", "No model at"),
    ],
)
def test_a_model_that_is_none_is_one_clear_line(playground: Invoke, model: str, words: str):
    assert words in refused(playground("run", "hello", "--model", model))


def test_a_file_cut_short_is_one_clear_line(run: Invoke, playground: Invoke, folder: Path, tmp_path: Path):
    whole = tiny_gguf(tmp_path / "whole.gguf").read_bytes()
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        cut = tmp_path / "cut.gguf"
        cut.write_bytes(whole[:size])
        assert "cut.gguf" in refused(playground("run", "hello", "--model", cut))
    broken = shutil.copytree(folder, tmp_path / "broken")
    weights = (broken / "model.safetensors").read_bytes()
    for size in (0, 7, 100, len(weights) - 1):
        (broken / "model.safetensors").write_bytes(weights[:size])
        assert "cut short" in refused(playground("run", "hello", "--model", broken))


def test_weights_that_are_not_numbers_end_in_one_clear_line(playground: Invoke, folder: Path, tmp_path: Path):
    model = shutil.copytree(folder, tmp_path / "model")
    weights = bytearray((folder / "model.safetensors").read_bytes())
    header = struct.unpack("<Q", weights[:8])[0]
    weights[8 + header : 8 + header + 400] = struct.pack("<100f", *[float("nan")] * 100)
    (model / "model.safetensors").write_bytes(weights)
    assert "NaN or infinite" in refused(playground("run", "hello", "--model", model))


def test_a_model_larger_than_memory_is_one_clear_line(run: Invoke, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("playground.models.placement.available_bytes", lambda device: 1000)
    assert "memory is free" in refused(run("hello"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("schema: 1\ntitle: T\nwhy: W.\nsettings: {temperatur: 1}", "did you mean 'temperature'"),
        ("schema: 1\ntitle: T\nwhy: W.\nsettings: {}\ncolour: red", "unknown key 'colour'"),
        ("schema: 1\ntitle: T\nwhy: W.\nsettings: {temperature: hot}", "temperature must be a number"),
        ("schema: 1\ntitle: T\nwhy: W.\nsettings: !!python/object:os.system {}", "tag"),
        ("x: " + "y" * 10_000_000, "the limit is"),
        ("schema: 1\ntitle: T\nwhy: W.\nsettings: {}\nmodel: nope", "Unknown model 'nope'"),
    ],
    ids=["setting", "key", "type", "tag", "10 MB", "model"],
)
def test_a_broken_preset_is_one_clear_line(playground: Invoke, text: str, words: str):
    file = data_dir() / "presets" / "mine.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    try:
        line = refused(playground("run", "hello", "--preset", "mine"))
    finally:
        file.unlink()
    assert words in line


def test_a_path_in_a_preset_or_record_is_never_opened(
    run: Invoke, playground: Invoke, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    record = tmp_path / "run.json"
    run("hello", "--save", record)
    preset = data_dir() / "presets" / "mine.yaml"
    preset.parent.mkdir(parents=True, exist_ok=True)
    for name in (str(folder), f"./{folder.name}", folder.name):
        monkeypatch.chdir(folder.parent)
        document = json.loads(record.read_text())
        document["model"]["id"] = name
        record.write_text(json.dumps(document))
        preset.write_text(f"schema: 1\ntitle: T\nwhy: W.\nsettings: {{}}\nmodel: {name}")
        try:
            lines = [refused(playground("run", "hello", "--preset", "mine")), refused(playground("replay", record))]
        finally:
            preset.unlink()
        assert all("is a path" in line or "Unknown model" in line for line in lines)


def test_a_folder_with_the_name_of_a_model_does_not_stand_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "gpt2").mkdir()
    monkeypatch.chdir(tmp_path)
    runner, name = build_runner("gpt2")
    assert runner.catalogue.find(name).source.kind == "hub"
    with pytest.raises(PlaygroundError, match=r"config\.json is missing"):
        build_runner("./gpt2")


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "permission is denied")],
)
def test_a_record_that_cannot_be_saved_loses_nothing(
    run: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
):
    file = tmp_path / "run.json"
    file.write_text("older")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(number, os.strerror(number))))
    result = run("hello", "--json", "--save", file)
    assert result.exit_code == 2
    assert len(parse_record(result.stdout).tokens) == 6  # the answer was shown all the same
    assert words in result.stderr.splitlines()[-1]
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert file.read_text() == "older"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("content", ["", "{}", "[1]", "\0", '{"schema": 9}', "{" * 5000])
def test_a_file_that_is_no_record_is_one_clear_line(playground: Invoke, tmp_path: Path, content: str):
    file = tmp_path / "run.json"
    file.write_text(content)
    assert "This isn't a file saved here" in refused(playground("replay", file))


def test_a_record_that_is_not_there_is_one_clear_line(playground: Invoke, tmp_path: Path):
    assert "does not exist" in refused(playground("replay", tmp_path / "none.json"))
    assert "not a file" in refused(playground("replay", tmp_path))


def test_characters_that_act_on_a_terminal_are_shown_and_kept_in_the_record(
    run: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    text = "\x1b[31mred\x07\r\N{RIGHT-TO-LEFT OVERRIDE}"
    real = run_module._follow

    class Loud:
        """A run whose first token says it."""

        def __init__(self, inner: Any):
            self.inner = inner

        def __iter__(self):
            for update in self.inner:
                if type(update).__name__ == "TokenEvent" and update.index == 0:
                    yield replace(update, text=text)
                else:
                    yield update

    monkeypatch.setattr(run_module, "_follow", lambda run, text: real(Loud(run), text))
    shown = run("hello").stdout
    assert not set(text) & set(shown) - set("[31mred")
    assert "\\u001b[31mred\\u0007\\u000d\\u202e" in shown


def test_ctrl_c_ends_the_run_and_shows_what_came(run: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    real = run_module._follow

    class Interrupted:
        """A run during which the person presses Ctrl+C, after the third token."""

        def __init__(self, inner: Any):
            self.inner = inner

        def __iter__(self):
            for update in self.inner:
                yield update
                if getattr(update, "index", None) == 2:
                    signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(run_module, "_follow", lambda run, text: real(Interrupted(run), text))
    file = tmp_path / "run.json"
    result = run("hello", "--max-new-tokens", 300, "--save", file)
    assert result.exit_code == 0
    assert "cancelled" in result.stderr
    record = parse_record(file.read_bytes())
    assert record.finish_reason == "cancelled"
    assert len(record.tokens) == 3
    assert signal.getsignal(signal.SIGINT) is before


def test_a_gguf_file_answers_by_its_path(playground: Invoke, tmp_path: Path):
    file = tiny_gguf(tmp_path / "my model.gguf")
    record = recorded(playground("run", "hello", "--model", file, "--max-new-tokens", 3, "--json"))
    assert (record.model.id, record.model.source) == ("my-model", "gguf")


def test_a_model_without_a_chat_template_continues_the_text(playground: Invoke, tmp_path: Path):
    folder = endless_folder(tmp_path, "gpt2", chat=False)
    record = recorded(playground("run", "hello", "--model", folder, "--max-new-tokens", 3, "--json"))
    assert len(record.prompt_token_ids) <= 5
