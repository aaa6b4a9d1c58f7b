"""A branch as the page follows it while it grows: what began, and a feed from which the page takes its tokens."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

from playground.backends.base import Loading
from playground.backends.job import Queued
from playground.engine.beam import BeamProgress
from playground.engine.events import TokenEvent
from playground.experiments.branching.records import BranchesRecord, BranchRecord
from playground.experiments.branching.request import BranchRequest
from playground.experiments.branching.run import BranchStart, start_branch
from playground.experiments.branching.tree import add, tokens_of
from playground.runs.runner import Runner
from playground.ui.components.feed import Feed
from playground.ui.shell.follow import Start
from playground.ui.shell.pages import Ticket
from playground.views import branches as branch_views
from playground.views import run as views

_TAIL_CHARS = 60


class BranchView:
    """The state of a branch so far.

    Attributes:
        tree: Its state when the branch was requested.
        request: The branch to make.
        feed: The tokens of the branch that grows now, which the page requests; None before one begins.
        head: The value of the `branch_path` that follows it; empty before.
        grown: The newest branch that the tree has got, and the feed of its tokens.
        status: What happens now.
        summary: State of a search, in words.
    """

    def __init__(self, tree: BranchesRecord, request: BranchRequest):
        self.tree, self.request = tree, request
        self.feed: Feed | None = None
        self.head = ""
        self.grown: tuple[int, Feed] | None = None
        self.status: dict[str, Any] = {"phase": "queued", "text": "starting"}
        self.summary = ""

    def now(self) -> dict[str, Any]:
        """What goes with the lines."""
        return {"status": self.status, "words": self.summary}

    def add(self, update: Any) -> None:
        """Take in an update."""
        if isinstance(update, Queued | Loading):
            self.status = views.status(update) or self.status
        elif isinstance(update, BranchStart):
            self._begin(update)
        elif isinstance(update, TokenEvent):
            self._write(views.word_line(update))
            self.status = {"phase": "running", "text": f"{update.index + 1:,} tokens"}
        elif isinstance(update, BeamProgress):
            text = f"beam search: {update.tokens:,} of at most {update.room:,} tokens, best {update.logprob:.2f}"
            self.status = {"phase": "running", "text": text, "fraction": update.tokens / update.room}
            self.summary = f"Likeliest so far ends: …{update.text[-_TAIL_CHARS:]}"
        elif isinstance(update, BranchRecord):
            self._join(update)

    def _begin(self, start: BranchStart) -> None:
        self._close()  # the greedy branch beside a search has ended
        self.feed = Feed(self.now)
        self.head = branch_views.growing_head(start, self.feed.run)
        for token in tokens_of(self.tree, start.parent)[: start.at]:
            self._write(views.word_line(token))
        self.status = {"phase": "running", "text": "reading what the cache lacks"}

    def _write(self, line: str) -> None:
        assert self.feed is not None
        self.feed.lines.append(line)

    def _join(self, branch: BranchRecord) -> None:
        assert self.feed is not None
        phase = "stopped" if branch.finish_reason == "cancelled" else "finished"
        self.status = {"phase": phase, "text": f"{branch.name}: {views.FINISH_REASONS[branch.finish_reason]}"}
        self._write(views.end_line(branch.finish_reason))
        self.grown = branch.id, self.feed

    def end(self, failed: dict[str, Any] | None = None) -> None:
        """Nothing comes after this."""
        if failed is not None:
            self.status = failed
        elif self.status["phase"] not in ("finished", "stopped"):
            self.status = {"phase": "stopped", "text": "stopped before a token came"}
        self._close()

    def _close(self) -> None:
        self.summary = ""
        if self.feed is not None:
            self.feed.is_over = True


def branch_work(runner: Runner, view: BranchView, ticket: Ticket, lock: threading.Lock) -> Start[Any]:
    """The branch's updates; a finished branch comes as the tree holds it.

    The ticket's record is the tree, which a branch joins when it has ended, even if the page is gone; the lock is held
    while it changes.
    """

    def start(should_stop: Callable[[], bool]) -> Iterator[Any]:
        for update in start_branch(runner, view.tree, view.request, should_stop):
            if not isinstance(update, BranchRecord):
                yield update
                continue
            with lock:
                now = ticket.record
                assert isinstance(now, BranchesRecord)
                ticket.record = now = add(now, update)
            yield now.branches[-1]

    return start
