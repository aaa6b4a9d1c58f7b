from contextlib import suppress

import gguf
import pytest

from playground.errors import PlaygroundError
from playground.models.catalogue import local_entry
from playground.models.gguf_header import read_gguf_header
from tests.tiny import tiny_gguf


def test_the_header_says_what_the_library_reads(tmp_path):
    path = tiny_gguf(tmp_path / "tiny.gguf")
    header, reader = read_gguf_header(path), gguf.GGUFReader(path)
    assert [(t.name, t.shape) for t in header.tensors] == [(t.name, tuple(t.shape)) for t in reader.tensors]
    assert header.parameters == sum(int(t.n_elements) for t in reader.tensors)
    assert header.context_length == 512
    assert header.file_type == "F32"
    assert header.metadata["general.name"] == "tiny"


def test_every_truncation_is_refused(tmp_path):
    whole = tiny_gguf(tmp_path / "tiny.gguf").read_bytes()
    cut = tmp_path / "cut.gguf"
    for keep in [*range(0, 400, 7), *range(400, len(whole), 9973), len(whole) - 1]:
        cut.write_bytes(whole[:keep])
        with pytest.raises(PlaygroundError, match="no whole GGUF file"):
            read_gguf_header(cut)


@pytest.mark.parametrize("at", range(0, 64, 3))
def test_changed_bytes_in_the_header_never_crash(tmp_path, at):
    whole = bytearray(tiny_gguf(tmp_path / "tiny.gguf").read_bytes())
    whole[at] ^= 0xFF
    path = tmp_path / "changed.gguf"
    path.write_bytes(whole)
    with suppress(PlaygroundError):  # any other error fails the test
        read_gguf_header(path)


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_text("hello")
    with pytest.raises(PlaygroundError, match="does not begin with GGUF"):
        local_entry(path, taken=set())
