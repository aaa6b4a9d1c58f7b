import socket

import pytest

from playground.cli.serve import taken_port
from playground.errors import PlaygroundError
from tests.cli.conftest import Invoke


@pytest.fixture
def taken():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_port_in_use_is_one_clear_line_before_anything_is_loaded(playground: Invoke, taken: int):
    result = playground("serve", "--port", taken)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: Port {taken} on 127.0.0.1 can't be used (Address already in use)")
    assert "--port" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_port_that_was_just_left_can_be_taken_again(taken: int):
    with socket.create_connection(("127.0.0.1", taken)):
        pass
    with pytest.raises(PlaygroundError):
        taken_port("127.0.0.1", taken)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    taken_port("127.0.0.1", free).close()


@pytest.mark.parametrize("port", [0, -1, 65_536, 10**12])
def test_a_port_out_of_range_names_the_range(port: int):
    with pytest.raises(PlaygroundError, match=f"from 1 to 65535; got {port}"):
        taken_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "x" * 300, "a..b", "\udcff"])
def test_an_address_that_is_not_this_machines_is_one_clear_line(playground: Invoke, host: str):
    result = playground("serve", "--host", host, "--port", 17_860)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--model", "smollm"], "Unknown model"),
        (["--quantization", "int3"], "Unknown quantization"),
        (["--model", "./nowhere"], "No model at"),
    ],
)
def test_a_model_that_cannot_be_had_is_told_before_the_page_starts(playground: Invoke, flags: list[str], words: str):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    result = playground("serve", "--port", free, *flags)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
