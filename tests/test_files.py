import codecs
import os
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.errors import PlaygroundError
from playground.files import MAX_YAML_BYTES, decode_text, parse_yaml, read_capped, read_text, read_yaml
from playground.saving import write_atomic


def test_a_file_may_be_as_large_as_the_limit_and_no_larger(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(b"x" * 10)
    assert read_capped(path, 10) == b"x" * 10
    with pytest.raises(PlaygroundError, match="has 10 bytes; the limit is 9"):
        read_capped(path, 9)


def test_a_file_that_grows_while_it_is_read_is_still_capped(tmp_path, monkeypatch):
    path = tmp_path / "data"
    path.write_bytes(b"x" * 10)
    small = path.stat()
    path.write_bytes(b"x" * 20)
    monkeypatch.setattr(Path, "stat", lambda self, **_: small)
    with pytest.raises(PlaygroundError, match="more than 10"):
        read_capped(path, 10)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a thing of Unix")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PlaygroundError, match="not a file"):
        read_capped(tmp_path / "pipe", 10)
    with pytest.raises(PlaygroundError, match="not a file"):
        write_atomic(tmp_path / "pipe", b"x")


def test_a_reader_never_sees_half_of_a_file(tmp_path):
    path = tmp_path / "data"
    contents = [bytes([char]) * 200_000 for char in b"ab"]
    write_atomic(path, contents[0])
    seen: set[bytes] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        for content in contents:
            write_atomic(path, content)
    stop.set()
    reader.join()
    assert seen <= set(contents)
    assert seen


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert parse_yaml(b"\xef\xbb\xbfa: 1", "it") == {"a": 1}


def test_a_bomb_of_a_few_lines_that_unfolds_without_end_is_refused():
    letters = "abcdefgh"
    bomb = "a: &a [x, x]\n" + "".join(f"{k}: &{k} [*{j}, *{j}]\n" for j, k in pairwise(letters))
    with pytest.raises(PlaygroundError, match="anchors"):
        parse_yaml(bomb, "bomb")


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "{a: ",
        "- ",
        "a: 1\n",
        "'",
        '"',
        "1:",
        "? ",
        "!",
        "&",
        "# ",
        "|\n",
        "%",
        "\n",
        "---\n",
        "\\",
        "é",
        "<<: {}\n",
    ],
)
def test_a_file_full_of_one_thing_is_data_or_one_short_error(unit):
    text = unit * ((MAX_YAML_BYTES - 10) // len(unit.encode()))
    for wrapped in (text, f"a: {text}"):
        try:
            parse_yaml(wrapped, "it")
        except PlaygroundError as error:
            assert len(str(error)) < 400  # noqa: PT017 - some of these are valid YAML


@given(
    st.text(max_size=200) | st.text(alphabet="{}[]:,&*!-?|>'\"# \nab01.%@`~<=", max_size=200) | st.binary(max_size=200)
)
def test_any_text_is_data_or_one_clean_error(text):
    try:
        parse_yaml(text, "it")
    except PlaygroundError as error:
        assert str(error).startswith("it ")  # noqa: PT017 - either outcome is right


def test_an_error_names_the_file(tmp_path):
    (tmp_path / "broken.yaml").write_text("a: [")
    with pytest.raises(PlaygroundError, match=r"'broken.yaml' is not valid YAML \(line 1\)"):
        read_yaml(tmp_path / "broken.yaml")


@given(st.text())
def test_a_text_reads_the_same_in_each_encoding_that_a_shell_writes(text: str):
    marked = {"utf-8-sig": text.encode("utf-8-sig"), "utf-16-le": codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
              "utf-16-be": codecs.BOM_UTF16_BE + text.encode("utf-16-be")}  # fmt: skip
    assert [decode_text(data, "it") for data in marked.values()] == [text] * 3
    plain = text.lstrip("\ufeff")  # a text that begins so is taken to be marked
    assert decode_text(plain.encode(), "it") == plain


@pytest.mark.parametrize("data", [b"caf\xe9", b"\xff\xfe\x00", b"\xfe\xff\xd8\x00"])
def test_what_is_no_text_is_refused_with_the_name_of_its_file(tmp_path: Path, data: bytes):
    path = tmp_path / "run.json"
    path.write_bytes(data)
    with pytest.raises(PlaygroundError, match=r"^'run.json' is not UTF-8 or UTF-16 text: save it as UTF-8\.$"):
        read_text(path, 100)
