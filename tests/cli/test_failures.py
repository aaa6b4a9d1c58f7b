import pytest
import typer

from playground.cli.options import errors_in_one_line
from playground.paths import data_dir


class OutOfMemoryError(RuntimeError):
    pass


class PanicException(BaseException):
    pass


@pytest.mark.parametrize(
    "error", [ValueError("a\nb"), MemoryError(), RecursionError(), OutOfMemoryError(), KeyError(), PanicException("x")]
)
def test_an_error_that_nobody_expected_is_one_line_with_its_details_in_a_log(tmp_path, monkeypatch, capsys, error):
    monkeypatch.setenv("PLAYGROUND_DATA", str(tmp_path))

    @errors_in_one_line
    def fails():
        raise error

    for _ in range(2):
        with pytest.raises(typer.Exit) as ended:
            fails()
        assert ended.value.exit_code == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all(str(tmp_path) in line and "Traceback" not in line for line in lines)
    assert (data_dir() / "errors.log").read_text().count("Traceback") == 2
    monkeypatch.setenv("PLAYGROUND_DEBUG", "1")
    with pytest.raises(type(error)):
        fails()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), typer.Exit(1)])
def test_what_ends_a_command_passes(error):
    @errors_in_one_line
    def ends():
        raise error

    with pytest.raises(type(error)):
        ends()


def test_the_log_is_bounded_and_a_folder_that_cannot_be_written_ends_in_words_too(tmp_path, monkeypatch, capsys):
    @errors_in_one_line
    def fails():
        raise ValueError("a" * 200_000)

    monkeypatch.setenv("PLAYGROUND_DATA", str(tmp_path / "data"))
    for _ in range(12):
        with pytest.raises(typer.Exit):
            fails()
    assert sum(file.stat().st_size for file in (tmp_path / "data").iterdir()) < 3_000_000
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PLAYGROUND_DATA", str(tmp_path / "file" / "below"))
    with pytest.raises(typer.Exit):
        fails()
    assert "PLAYGROUND_DEBUG" in capsys.readouterr().err.splitlines()[-1]
