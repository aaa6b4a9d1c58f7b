"""The same work in a fresh process: another environment can only be set before torch is imported."""

import json
import queue
import subprocess
import tempfile
import threading
from dataclasses import asdict, dataclass
from typing import IO, Any

from playground.errors import PlaygroundError
from playground.runs.stages import ShouldStop, Stage, Steps, obey
from playground.tether import end, tethered

MODULE = "playground.experiments.determinism.child"
_LOOK_S = 0.1  # how often to look whether the work was stopped


@dataclass(frozen=True)
class Job:
    """What the child does: plain values, sent as JSON.

    Attributes:
        kind: `answer` computes logits of a prompt, `operations` single operations.
        threads: Processor threads, as many as the parent uses.
        file: For `answer` the reference's logits to compare with, or empty; for `operations` where to write.
        entry: The model's catalogue entry.
        rows: How many rows `answer` computes together when it compares itself with a reference; 0 does not compare.
        widths: For `operations`, the model's own.
    """

    kind: str
    threads: int
    file: str = ""
    entry: str = ""
    quantization: str = "fp32"
    device: str = "cpu"
    prompt: tuple[int, ...] = ()
    room: int = 0
    eos_ids: tuple[int, ...] = ()
    rows: int = 0
    widths: dict[str, Any] | None = None


def in_fresh_process(job: Job, variables: dict[str, str], should_stop: ShouldStop, doing: str) -> Steps[dict[str, Any]]:
    """Start a child, tell its stages, return its result. It is killed when the work is stopped or left.

    `variables` are environment variables beyond the parent's own.

    Raises:
        PlaygroundError: The child failed; the last line it wrote says why.
        Stopped: `should_stop` said so.
    """
    variables = {"HF_HUB_OFFLINE": "1", **variables}  # its model is here
    with tempfile.TemporaryFile() as errors:
        child = tethered(
            MODULE, json.dumps(asdict(job)), env=variables,
            stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8", errors="replace",
        )  # fmt: skip
        assert child.stdout is not None
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        reader = threading.Thread(target=read_lines, args=(child.stdout, lines), name="fresh-process", daemon=True)
        reader.start()
        try:
            yield Stage(doing, 0.0)
            result = yield from _follow(lines, should_stop, doing)
            if child.wait() or result is None:
                obey(should_stop)  # Ctrl+C in a terminal ends the child as well
                raise PlaygroundError(f"A fresh process failed: {last_line(errors)}")
            return result
        finally:
            end(child)
            reader.join()
            child.stdout.close()


def _follow(
    lines: "queue.SimpleQueue[str | None]", should_stop: ShouldStop, doing: str
) -> Steps[dict[str, Any] | None]:
    """Tell what the child tells, until its output ends; its result, if it gave one.

    While it tells nothing the stage comes again: the others' runs pass between two steps.
    """
    result, done = None, 0.0
    while True:
        obey(should_stop)
        try:
            line = lines.get(timeout=_LOOK_S)
        except queue.Empty:
            yield Stage(doing, done)
            continue
        if line is None:
            return result
        message = parsed(line)
        if "result" in message:
            result = message["result"]
        elif "fraction" in message:
            done = message["fraction"]
            yield Stage(doing, done)


def read_lines(stream: IO[str], lines: "queue.SimpleQueue[str | None]") -> None:
    """Every line of a child's output, then None; for a thread."""
    for line in stream:
        lines.put(line)
    lines.put(None)


def parsed(line: str) -> dict[str, Any]:
    """A line of ours; a library may print others."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def last_line(errors: IO[bytes]) -> str:
    """The last line of a child's errors, which says why it failed."""
    errors.seek(0)
    lines = [line.strip() for line in errors.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it gave no reason"
