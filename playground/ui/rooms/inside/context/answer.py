"""A chat's newest answer while it comes: a feed with its text, and the strip and status."""

from typing import Any

from playground.engine.events import Finished, TokenEvent
from playground.experiments.context.chat import ChatRead, ChatRequest
from playground.ui.components.feed import Feed
from playground.views import context as views
from playground.views.context import Shown
from playground.views.run import status


class ChatAnswer:
    """The newest message and its answer.

    Attributes:
        request: The message and the turns before it.
        feed: The answer's lines.
        transcript: The value of the `transcript` that follows it.
        status: What happens now.
        ids: Of the answer's tokens.
    """

    def __init__(self, request: ChatRequest):
        self.request = request
        self.feed = Feed(self.now)
        said = views.transcript_lines(request.history) + views.turn_start(request.prompt)
        self.transcript = said + views.live_line(self.feed.run)
        self.status: dict[str, Any] = {"phase": "queued", "text": "starting"}
        self.ids: list[int] = []
        self._texts: list[str] = []
        self._read: ChatRead | None = None

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self._texts)

    @property
    def shown(self) -> Shown | None:
        """The strip now, None before the chat is read; unused room of a finished answer is free."""
        if self._read is None:
            return None
        request, read = self.request, self._read
        room = 0 if self.feed.is_over else request.settings.max_new_tokens - len(self.ids)
        return Shown(request.model, read.prepared, read.whole, len(request.history), self.ids, room)

    def now(self) -> dict[str, Any]:
        """What goes with the lines."""
        shown = self.shown
        return {"status": self.status, "strip": "" if shown is None else views.strip_value(shown)}

    def add(self, update: object) -> None:
        """Take in an update."""
        self.status = status(update) or self.status
        if isinstance(update, ChatRead):
            self._read = update
        elif isinstance(update, TokenEvent):
            self.ids.append(update.id)
            self._write(update.text)
            self.status = {"phase": "running", "text": f"answering, {len(self.ids):,} tokens"}
        elif isinstance(update, Finished):
            self._write(update.text)
            self._close(update.reason)

    def _write(self, text: str) -> None:
        if text:
            self._texts.append(text)
            self.feed.lines.append(views.piece_line(text))

    def end(self, failed: dict[str, Any] | None = None) -> None:
        """Nothing comes after this."""
        self.status = failed or self.status
        self._close("cancelled")

    def _close(self, reason: str) -> None:
        if not self.feed.is_over:
            self.feed.lines.append(views.turn_end(reason, speak=True))
            self.feed.is_over = True
