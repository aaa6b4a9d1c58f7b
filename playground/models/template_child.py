"""The process that compiles and renders chat templates, one request a line; `chat_template` starts it.

A template is foreign code: the sandbox keeps it from files and objects, and this process keeps its loops and strings
from ours. Each request has its own allowance of processor time, memory and output. Too much time ends the process.
"""

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from transformers.utils import chat_template_utils

_STATM = Path("/proc/self/statm")


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The rendered text; `refused` is what the template said instead, `exceeded` the allowance that was too small."""
    most, megabytes = request["most_chars"], request["megabytes"]
    try:
        with _limited(request["seconds"], megabytes):
            made: Any = chat_template_utils.render_jinja_template(
                [request["chat"]], chat_template=request["template"], add_generation_prompt=True, **request["special"]
            )
            text = made[0][0]
            return {"text": text} if len(text) <= most else {"exceeded": f"writes more than {most:,} characters"}
    except MemoryError:
        return {"exceeded": f"takes more than {megabytes} MB of memory"}
    except Exception as error:  # a template may refuse a role with any error
        return {"refused": str(error)[:300]}


@contextlib.contextmanager
def _limited(seconds: float, megabytes: int) -> Iterator[None]:
    """At the end of its processor time the kernel ends this process, even within one long operation.

    Processor time, so that a busy machine takes nothing from a template. Memory counts beyond what is used before.
    Only Linux can limit both; elsewhere the asking side's limit of real time is the only one.
    """
    if sys.platform != "linux":
        yield
        return
    import resource  # noqa: PLC0415  Unix only

    before = resource.getrlimit(resource.RLIMIT_AS)
    most = int(_STATM.read_text().split()[0]) * resource.getpagesize() + megabytes * 2**20
    if resource.RLIM_INFINITY not in before:
        most = min(most, *before)
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, before)


def main() -> None:
    """Answer until there is no more to read: when the asking process ends, this one does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches all of a terminal; the asking process decides
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    template = None
    _send(answers, {})  # ready
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if request["template"] != template:  # of templates, only the newest stays compiled
            template = request["template"]
            chat_template_utils._compile_jinja_template.cache_clear()
        _send(answers, answer(request))


def _send(answers: BinaryIO, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):  # the process that sent the request has ended
        main()
    os._exit(0)  # what is left of an answer has no reader
