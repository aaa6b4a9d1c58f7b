"""A branch as frames for the page, while it grows."""

import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from playground.backends.base import Loading, Queued
from playground.engine.beam import BeamProgress
from playground.engine.events import TokenEvent
from playground.errors import PlaygroundError
from playground.experiments.branching.records import BranchesRecord, BranchRecord
from playground.experiments.branching.request import BranchRequest
from playground.experiments.branching.run import BranchStart, start_branch
from playground.experiments.branching.tree import add
from playground.experiments.services import Runner
from playground.ui import branch_views, views
from playground.ui.live import failure
from playground.ui.sessions import Ticket
from playground.ui.work import follow_work

__all__ = ["BranchFrame", "branch_frames"]

_FRAMES_PER_S = 12
_TAIL_CHARS = 60
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BranchFrame:
    """What the page shows at a moment: the path's lines, the status, and what there is to say."""

    path: str
    status: dict[str, Any]
    told: str


class _BranchView:
    """What has been told of a branch so far."""

    def __init__(self, tree: BranchesRecord, parent: int):
        self._tree = tree
        self.path = branch_views.path_lines(tree, parent)
        self.status: dict[str, Any] = {"phase": "queued", "text": "starting"}
        self.told = ""
        self.tokens = 0

    def add(self, update: Any) -> None:
        """Take an update in."""
        if isinstance(update, Queued | Loading):
            self.status = views.status(update) or self.status
        elif isinstance(update, BranchStart):
            self.path = branch_views.growing_head(self._tree, update, time.time_ns())
            self.tokens = update.at
            self.status = {"phase": "running", "text": "reading what the cache lacks"}
        elif isinstance(update, TokenEvent):
            self.path += branch_views.token_line(update.text, update.logprob)
            self.tokens = update.index + 1
            self.status = {"phase": "running", "text": f"{self.tokens:,} tokens"}
        elif isinstance(update, BeamProgress):
            text = f"beam search: {update.tokens:,} of at most {update.room:,} tokens, best {update.logprob:.2f}"
            fraction = update.tokens / update.room
            tail = f"…{update.text[-_TAIL_CHARS:]}"
            self.status = {"phase": "running", "text": text, "fraction": fraction}
            self.told = f"Likeliest so far ends: {tail}"
        elif isinstance(update, BranchRecord):
            ended = views.FINISH_REASONS[update.finish_reason]
            phase = "stopped" if update.finish_reason == "cancelled" else "finished"
            self.status = {"phase": phase, "text": f"{update.name}: {ended}"}

    def frame(self) -> BranchFrame:
        """Everything as it stands."""
        return BranchFrame(self.path, self.status, self.told)


async def branch_frames(
    runner: Runner, asked: BranchRequest, ticket: Ticket, lock: threading.Lock
) -> AsyncGenerator[BranchFrame]:
    """Frames until the branch has ended. Closing this stops it.

    Args:
        runner: Its model answers.
        asked: Which branch.
        ticket: Its record is the tree, which a branch joins when it has ended, even if the page looks no more.
        lock: Held while the tree changes.
    """
    tree = ticket.record
    assert isinstance(tree, BranchesRecord)
    view = _BranchView(tree, asked.parent)
    yield view.frame()
    try:
        work = _work(runner, tree, asked, ticket, lock)
        async with aclosing(follow_work(work, ticket, frames_per_s=_FRAMES_PER_S)) as handfuls:
            async for updates in handfuls:
                for update in updates:
                    view.add(update)
                if updates:
                    yield view.frame()
        if view.status["phase"] not in ("finished", "stopped"):
            view.status = {"phase": "stopped", "text": "stopped before a token came"}
    except Exception as error:  # the page must say so, whatever it was
        if not isinstance(error, PlaygroundError):
            _log.exception("a branch failed")
        view.status = failure(error)
    yield view.frame()


def _work(
    runner: Runner, tree: BranchesRecord, asked: BranchRequest, ticket: Ticket, lock: threading.Lock
) -> Callable[[Callable[[], bool]], Iterator[Any]]:
    def start(should_stop: Callable[[], bool]) -> Iterator[Any]:
        for update in start_branch(runner, tree, asked, should_stop):
            if isinstance(update, BranchRecord):
                with lock:
                    now = ticket.record
                    assert isinstance(now, BranchesRecord)
                    ticket.record = add(now, update)
            yield update

    return start
