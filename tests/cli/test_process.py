"""The command as a process of its own: what only that can show."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from playground.models.catalogue import Catalogue
from playground.paths import presets_dir
from playground.runs.records import parse_record
from tests.cli.conftest import Invoke
from tests.tiny_runner import endless_folder

MAIN = "from playground.cli.main import main; main()"
ROOT = Path(__file__).parents[2]
HELPS = [[], ["run"], ["replay"], ["models"], ["models", "fetch"], ["bench"], ["serve"]]


def start(*arguments: object, code: str = MAIN, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment},
    )


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose answer takes minutes, unless it is stopped."""
    return endless_folder(tmp_path_factory.mktemp("tiny"), max_position_embeddings=32_768)


def test_help_imports_nothing_heavy():
    code = f"""
import sys
from playground.cli.main import app
for arguments in {HELPS!r}:
    app([*arguments, "--help"], standalone_mode=False)
print("heavy:", sorted({{"torch", "transformers", "gradio", "numpy", "genai_prices"}} & sys.modules.keys()))
"""
    process = start(code=code)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err.decode()
    assert out.decode().splitlines()[-1] == "heavy: []"
    for flag in (b"--temperature", b"--repetition-penalty", b"--save", b"--port", b"--json", b"--quick"):
        assert flag in out


def test_wrong_usage_ends_with_code_2(playground: Invoke):
    for arguments in ([], ["runn"], ["run"], ["run", "hi", "--tempature", "1"], ["serve", "--port", "abc"], ["replay"]):
        result = playground(*arguments)
        assert result.exit_code == 2
        assert "Traceback" not in result.output


def test_ctrl_c_ends_a_run_with_its_meters_and_its_record(talker: Path, tmp_path: Path):
    file = tmp_path / "run.json"
    process = start(
        "run", "hello", "--model", talker, "--max-new-tokens", 32_000, "--save", file,
        PYTHONIOENCODING="ascii:strict",  # a terminal without most letters must not end a run either
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.read(20)  # it speaks
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err.decode()
    assert b"cancelled" in err
    assert b"ttft" in err
    assert b"Traceback" not in err
    record = parse_record(file.read_bytes())
    assert record.finish_reason == "cancelled"
    assert 0 < len(record.tokens) < 32_000


def test_a_reader_that_leaves_ends_the_run_quietly(talker: Path):
    process = start("run", "hello", "--model", talker, "--max-new-tokens", 32_000)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(1)
    process.stdout.close()  # as `| head -c 1` does
    with process.stderr:
        err = process.stderr.read()
    process.wait(timeout=60)
    assert b"Traceback" not in err
    assert b"BrokenPipe" not in err


@pytest.mark.real_model
def test_the_default_model_answers_and_replays_identically(playground: Invoke, model_cache: Path, tmp_path: Path):
    default = Catalogue.load(presets_dir(), []).default.id
    fetched = playground("models", "fetch", default, "--json")
    if fetched.exit_code and os.environ.get("CI") != "true":
        pytest.skip(fetched.stderr.splitlines()[-1])
    assert json.loads(fetched.stdout)["id"] == default
    file = tmp_path / "run.json"
    ask = ["run", "What is the capital of France?", "--max-new-tokens", 12, "--save", file]
    shown = playground(*ask, "--temperature", 0)
    assert "Paris" in shown.stdout
    record = parse_record(file.read_bytes())
    assert record.finish_reason == "eos"
    assert record.model.id == default
    assert shown.stdout == record.text + "\n"
    assert playground("replay", file).stdout == "identical\n"
    playground(*ask, "--quantization", "int8", "--seed", 5)  # drawn, and packed
    assert parse_record(file.read_bytes()).model.quantization == "int8"
    assert playground("replay", file).stdout == "identical\n"
