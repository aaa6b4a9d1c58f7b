import copy
import errno
import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from playground.errors import PlaygroundError
from playground.experiments.documents import read_document
from playground.runs import records, store
from playground.runs.records import RunRecord, parse_record
from playground.runs.store import read_record, save_record

DOCUMENT: dict[str, Any] = {
    "schema": 1,
    "kind": "run",
    "model": {
        "id": "tiny", "source": "folder", "parameters": 10, "quantization": "fp32", "weights_bytes": 40,
        "context_length": 64, "device": "cpu",
    },
    "settings": {"temperature": 0.8, "stop": ["x"], "seed": 7},
    "prompt": "Hi 👋",
    "prompt_token_ids": [1, 2],
    "dropped_prompt_tokens": 0,
    "tokens": [
        {
            "index": 0, "id": 5, "text": "Yes", "logprob": -0.5, "rank": 1, "entropy_bits": 1.5, "sampled_prob": 0.7,
            "kept": 9, "top": [{"id": 5, "text": "Yes", "prob": 0.6}], "time_s": 0.25,
        }
    ],
    "text": "Yes",
    "finish_reason": "eos",
    "timing": {
        "ttft_s": 0.25, "e2e_s": 0.3, "tpot_s": None, "itl_p50_s": None, "itl_p95_s": None, "itl_p99_s": None,
        "prefill_tokens_per_s": 20.0, "decode_tokens_per_s": None,
    },
    "memory": {
        "weights_bytes": 40, "kv_cache_bytes": 24, "kv_bytes_per_token": 8, "rss_bytes": 100, "peak_rss_bytes": 120,
    },
    "cost": {
        "reference_model": "openai/gpt-4o-mini", "input_tokens": 2, "cached_tokens": 1, "output_tokens": 1,
        "input_usd": 3e-7, "cached_usd": 1e-7, "output_usd": 6e-7, "total_usd": 9e-7, "prices_as_of": "2026",
        "own_hardware_usd": 1e-5,
    },
    "energy": {
        "joules": 9.0, "method": "modelled at 30 W", "idle_watts": 10.0, "idle_spread_watts": None, "net_joules": 6.0,
        "seconds": 0.3,
    },
    "environment": {"torch": "2.13", "threads": 2},
}  # fmt: skip
GOOD = json.dumps(DOCUMENT)


def a_record(**changes: Any) -> RunRecord:
    return parse_record(json.dumps({**DOCUMENT, **changes}))


def test_a_saved_record_is_read_back_unchanged(tmp_path):
    path = save_record(a_record(), tmp_path / "run.json")
    assert read_record(path) == a_record()
    assert json.loads(path.read_text(encoding="utf-8")) == DOCUMENT


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_record_that_a_shell_has_written_is_the_same_record(tmp_path, encoding: str, newline: str):
    record, path = a_record(prompt="Käse, 日本"), tmp_path / "run.json"
    path.write_text(record.to_json(), encoding, newline=newline)
    assert read_record(path) == read_document(path) == record


def test_in_a_folder_every_record_gets_a_file_of_its_own(tmp_path):
    paths = {save_record(a_record(), tmp_path) for _ in range(20)}
    assert len(paths) == 20
    assert set(tmp_path.iterdir()) == paths
    assert all(read_record(path) == a_record() for path in paths)


def test_saving_to_a_file_replaces_it(tmp_path):
    path = tmp_path / "run.json"
    save_record(a_record(), path)
    save_record(a_record(text="No"), path)
    assert read_record(path).text == "No"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "disk is full; free some space"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only; choose another folder"),
        (errno.EACCES, "permission is denied"),
        (errno.EIO, "the system says"),
    ],
)
def test_a_save_that_fails_at_any_step_says_why_and_loses_nothing(tmp_path, monkeypatch, step, number, says):
    path = save_record(a_record(), tmp_path / "run.json")

    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(Path if step == "replace" else os, step, fail)
        with pytest.raises(PlaygroundError, match=says) as error:
            save_record(a_record(text="No"), path)
    assert str(path) in str(error.value)
    assert read_record(path) == a_record()
    assert list(tmp_path.iterdir()) == [path]
    save_record(a_record(text="No"), path)
    assert read_record(path).text == "No"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full, a disk that is always full")
def test_a_device_is_not_replaced_by_a_file():
    with pytest.raises(PlaygroundError, match="not a file"):
        save_record(a_record(), Path("/dev/full"))
    assert Path("/dev/full").is_char_device()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing/run.json", "create the folder first"),
        ("file/run.json", "not a folder"),
        ("x" * 300 + ".json", "too long"),
        ("a\0b.json", "no file name can have"),
        ("a\ud800.json", "no file name can have"),
    ],
)
def test_a_path_that_cannot_be_is_told(tmp_path, name, says):
    (tmp_path / "file").write_text("")
    with pytest.raises(PlaygroundError, match=says):
        save_record(a_record(), tmp_path / name)
    with pytest.raises(PlaygroundError, match="Cannot read"):
        read_record(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_is_not_read_as_a_record(tmp_path):
    with pytest.raises(PlaygroundError, match="not a file"):
        read_record(tmp_path)


def test_a_huge_file_is_refused_by_its_size_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(records.MAX_RECORD_BYTES + 1)  # sparse: takes no disk

    def read(*_args: Any) -> None:
        raise AssertionError("it was opened")

    monkeypatch.setattr(Path, "open", read)
    with pytest.raises(PlaygroundError, match=f"the limit is {records.MAX_RECORD_BYTES:,}"):
        store.read_record(path)


# Documents that are not records


def test_numbers_that_json_cannot_hold_are_refused_wherever_they_stand():
    for old in ("0.25", "-0.5", "0.3", "0.8", "9.0", '"2.13"'):
        for wrong in ("NaN", "Infinity", "-Infinity", "1e999"):
            with pytest.raises(PlaygroundError, match="Not a run record"):
                parse_record(GOOD.replace(old, wrong))


@pytest.mark.parametrize("key", DOCUMENT)
def test_a_record_without_one_of_its_keys_is_refused_by_name(key):
    document = {other: value for other, value in DOCUMENT.items() if other != key}
    if key in ("schema", "kind"):  # a record is taken for what it is when it does not say
        assert parse_record(json.dumps(document)) == a_record()
    else:
        with pytest.raises(PlaygroundError, match=key):
            parse_record(json.dumps(document))


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "null", "\0", b"\xff\xfe", "\ud800", "[" * 100_000, '{"a":' * 100_000,
        GOOD[:-1], GOOD + "x", GOOD.replace('"schema": 1', '"schema": 2'), GOOD[:-1] + ', "schema": 2}',
        GOOD[:-1] + ', "' + "k" * 1_000_000 + '": 1}', GOOD.replace('"parameters": 10', '"parameters": ' + "9" * 5000),
        GOOD.replace('"parameters": 10', '"parameters": "10"'), GOOD.replace("Yes", "\\ud800"),
        GOOD.replace('"threads": 2', '"threads": ' + "[" * 1000 + "]" * 1000),
    ],
    ids=range(17),
)  # fmt: skip
def test_what_is_not_a_record_is_refused_in_one_short_sentence(text):
    with pytest.raises(PlaygroundError, match=r"^Not a run record of schema 1") as error:
        parse_record(text)
    assert len(str(error.value)) < 500


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def is_record_or_clean_error(text: str | bytes) -> bool:
    """Any other error goes through and fails the test; what is read must also be writable."""
    try:
        record = parse_record(text)
    except PlaygroundError as error:
        return 0 < len(str(error)) < 500
    return parse_record(record.to_json()) == record


@given(
    st.sampled_from([(key,) for key in DOCUMENT] + [("model", "id"), ("timing", "ttft_s"), ("tokens", 0)]), json_values
)
@example(("environment",), {"deep": math.nan})
@example(("settings",), {"a": [math.inf]})
def test_a_record_with_one_part_replaced_is_a_record_or_a_clean_error(where, value):
    document = copy.deepcopy(DOCUMENT)
    parent: Any = document
    for step in where[:-1]:
        parent = parent[step]
    parent[where[-1]] = value
    assert is_record_or_clean_error(json.dumps(document))


@given(
    st.integers(0, len(GOOD)),
    st.integers(0, 4),
    st.binary(max_size=4) | st.sampled_from([b"NaN", b"1e999", b"[" * 300]),
)
def test_a_record_with_a_damaged_spot_is_a_record_or_a_clean_error(at, cut, insert):
    data = GOOD.encode()
    assert is_record_or_clean_error(data[:at] + insert + data[at + cut :])


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_is_a_clean_error(text):
    with pytest.raises(PlaygroundError):
        parse_record(text)
