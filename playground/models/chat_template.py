"""Chat templates, rendered in a child process that is ended when one does not come back. No torch here."""

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from playground.errors import PlaygroundError

SECONDS, MEGABYTES = 1.0, 256
OWN_CHARS, TIMES_THE_MESSAGES = 100_000, 4
"""What a template may write: so much of its own, and each message a few times."""
_MODULE = "playground.models.template_child"
_START_S, _REAL_S, _WAIT_S = 60.0, 6.0, 10.0  # to import; to render on a busy machine; for the templates of others
_LONGEST_TEMPLATE = 1_000_000
_CHATS = (("user",), ("system", "user"), ("user", "assistant", "user"), ("system", "user", "assistant", "user"))
_REMEMBERED = 10
_MOST_CHILDREN = 3


class TemplateRefusedChat(Exception):
    """The template came back with an error of its own."""


class TemplateTooMuch(PlaygroundError):
    """The template took too much time, memory or output; another form of the same chat would too."""

    def __init__(self, what: str):
        super().__init__(f"This model's chat template {what}: it can't be used. Use raw mode.")
        self.what = what


class ChatTemplates:
    """Renders in child processes, one for each of the last few templates, so that none keeps another waiting.

    Safe from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._children: dict[str | None, _Child] = {}  # by template, the newest last; None is for the next one
        self._useless: dict[str, str] = {}  # template: what it does instead of coming back
        atexit.register(self._end)

    def start(self) -> None:
        """Start a child, without waiting for it."""
        with self._lock:
            if not self._children:
                self._children[None] = _Child()
            child = next(reversed(self._children.values()))
        if not child.is_busy:
            child.start()

    def check(self, tokenizer: Any) -> str | None:
        """Render short chats of a model that was just loaded; a sentence if its template doesn't come back.

        Such a template is refused from then on without another try.
        """
        if not getattr(tokenizer, "chat_template", None):
            return None
        template = None
        try:
            template = _template_of(tokenizer)
            self._useless.pop(template, None)
            for roles in _CHATS:
                with contextlib.suppress(TemplateRefusedChat):
                    self.render(tokenizer, [{"role": role, "content": "Hello"} for role in roles])
        except TemplateRefusedChat:
            return None
        except TemplateTooMuch as error:
            if template is not None:
                kept = list(self._useless.items())[1 - _REMEMBERED :]
                self._useless = dict([*kept, (template, error.what)])
            return str(error)
        return None

    def render(self, tokenizer: Any, chat: Sequence[dict[str, Any]]) -> str:
        """The text that the tokenizer's template makes of the messages, up to the next answer.

        It equals that of the tokenizer's own `apply_chat_template`.

        Raises:
            TemplateRefusedChat: In the template's own words.
            TemplateTooMuch: It did not come back, or with too much.
            PlaygroundError: The templates of others keep the child busy.
        """
        template = _template_of(tokenizer)
        if template in self._useless:
            raise TemplateTooMuch(self._useless[template])
        said = json.dumps(chat, ensure_ascii=False)
        request = {
            "template": template, "chat": chat, "special": tokenizer.special_tokens_map,
            "seconds": SECONDS, "megabytes": MEGABYTES, "most_chars": OWN_CHARS + TIMES_THE_MESSAGES * len(said),
        }  # fmt: skip
        line = json.dumps(request, default=lambda value: f"<{type(value).__name__}>").encode() + b"\n"
        answer = self._child_of(template).ask(line)
        if "exceeded" in answer:
            raise TemplateTooMuch(answer["exceeded"])
        if "refused" in answer:
            raise TemplateRefusedChat(answer["refused"])
        return answer["text"]

    def _child_of(self, template: str) -> "_Child":
        """Its own child, or that of a template that has not been used for longest."""
        with self._lock:
            child = self._children.pop(template, None) or self._children.pop(None, None)
            if child is None and len(self._children) < _MOST_CHILDREN:
                child = _Child()
            elif child is None:
                idle = (one for one, its in self._children.items() if not its.is_busy)
                child = self._children.pop(next(idle, next(iter(self._children))))
            self._children[template] = child
            return child

    def _end(self) -> None:
        for child in self._children.values():
            child.end()


class _Child:
    """A process that renders; it starts when it is needed, and again after each time it had to be ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # one renders at a time
        self.process: subprocess.Popen[bytes] | None = None
        self._is_ready = False

    @property
    def is_busy(self) -> bool:
        """Whether it renders now."""
        return self._lock.locked()

    def start(self) -> None:
        """Start it, without waiting for it."""
        with self._lock:
            self._running()

    def ask(self, line: bytes) -> dict[str, Any]:
        """The answer to a request.

        Raises:
            PlaygroundError: Others keep it busy.
        """
        if not self._lock.acquire(timeout=_WAIT_S):
            raise PlaygroundError("Too many chats are prepared at once: try again in a few seconds.")
        try:
            return self._ask(line)
        finally:
            self._lock.release()

    def _ask(self, line: bytes) -> dict[str, Any]:
        """The child's answer. One that is ended for taking too long, or ends by itself, has given none."""
        child = self._running()
        if not self._is_ready:
            if not _exchange(child, b"", _START_S):
                self.end()
                raise PlaygroundError("The process that renders chat templates can't start: see the terminal.")
            self._is_ready = True
        answer = b""
        try:
            answer = _exchange(child, line, _REAL_S)
        finally:
            if not answer:
                self.end()
        if answer:
            return json.loads(answer)
        slow = child.returncode in (-getattr(signal, "SIGPROF", 0), -getattr(signal, "SIGKILL", 9), 1)
        return {"exceeded": f"does not end within {SECONDS:g} s" if slow else "ends the process that renders it"}

    def _running(self) -> "subprocess.Popen[bytes]":
        if self.process is None or self.process.poll() is not None:
            self.end()
            self.process = subprocess.Popen(
                [sys.executable, "-m", _MODULE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment(),
                start_new_session=True,  # Ctrl+C in the terminal is for this process
            )  # fmt: skip
        return self.process

    def end(self) -> None:
        """End the process, if it runs."""
        child, self.process, self._is_ready = self.process, None, False
        if child is None:
            return
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):  # what was not written yet
                if stream is not None:
                    stream.close()


@cache
def chat_templates() -> ChatTemplates:
    """The one of this process."""
    return ChatTemplates()


def _exchange(child: "subprocess.Popen[bytes]", line: bytes, seconds: float) -> bytes:
    """Send a line and get one; none if the child ended, or took so long that it was killed."""
    assert child.stdin is not None
    assert child.stdout is not None
    timer = threading.Timer(seconds, child.kill)
    timer.start()
    try:
        child.stdin.write(line)
        child.stdin.flush()
        answer = child.stdout.readline()
    except OSError:
        return b""
    finally:
        timer.cancel()
    return answer if answer.endswith(b"\n") else b""


def _template_of(tokenizer: Any) -> str:
    try:
        template = tokenizer.get_chat_template()
    except Exception as error:  # several templates, none of them the default
        raise TemplateRefusedChat(str(error)) from error
    if not isinstance(template, str):
        raise TemplateRefusedChat(f"it must be text and is a {type(template).__name__}")
    if len(template) > _LONGEST_TEMPLATE:
        raise TemplateTooMuch(f"has {len(template):,} characters, and {_LONGEST_TEMPLATE:,} is the limit")
    return template


def _environment() -> dict[str, str]:
    """The child must find this package from any folder; it needs no threads and no network."""
    path = os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]))
    return {
        **os.environ,
        "PYTHONPATH": path,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
    }
