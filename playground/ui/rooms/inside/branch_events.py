"""Handlers of the Branches section: look at a token, make a branch, show, change, compare, save."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.errors import PlaygroundError
from playground.experiments.branching.alternatives import alternatives_at
from playground.experiments.branching.records import ROOT, BranchesRecord
from playground.experiments.branching.tree import prune, rename
from playground.runs.runner import Runner
from playground.ui.components.words import word
from playground.ui.rooms.inside.branch_live import BranchView, branch_work
from playground.ui.rooms.inside.branch_request import branch_request, place_of
from playground.ui.rooms.inside.looked import Looked
from playground.ui.shell.common import person_of, refused, session_of
from playground.ui.shell.follow import Due, follow, look_in
from playground.ui.shell.pages import Pages, Ticket
from playground.ui.shell.saving import opened, sent
from playground.views import branches as views
from playground.views.branch_words import against
from playground.views.run import status

Updates = dict[Component, Any]
READY = {"phase": "idle", "text": ""}
_FRAMES_PER_S = 12


class BranchEvents:
    """Handlers of the section. A page's tree is the record of its ticket."""

    def __init__(self, section: Any, looked: Looked, temperature: Component, runner: Runner, pages: Pages):
        self._section, self._looked, self._temperature = section, looked, temperature
        self._runner, self._pages, self._slot = runner, pages, pages.slot("branch")
        self._lock = threading.Lock()  # a branch ends in a separate thread, while a person may rename another

    def fill(self, request: gr.Request) -> Updates:
        """Notify the section that the inspected run may have changed."""
        return {self._section.stamp: str(time.time_ns()) if self._looked.record(request) else ""}

    def refresh(self, request: gr.Request) -> Any:
        """Show the inspected run; an existing tree of it stays."""
        run, ticket = self._looked.record(request), self._ticket(request)
        if run is None:
            return gr.skip()
        if ticket is not None and isinstance(ticket.record, BranchesRecord) and ticket.record.run is run:
            return gr.skip()  # an empty dict would be one value for all parts
        return self._begin(request, BranchesRecord(run=run, branches=[]))

    def _ticket(self, request: gr.Request) -> Ticket | None:
        return self._slot.last(session_of(request))

    def _begin(self, request: gr.Request, tree: BranchesRecord) -> Updates:
        self._slot.keep(session_of(request), tree)  # a branch that was growing stops: the page shows this now
        return self._shown(tree, ROOT, fresh=True)

    def _tree(self, request: gr.Request) -> tuple[Ticket, BranchesRecord]:
        ticket = self._ticket(request)
        if ticket is None or not isinstance(ticket.record, BranchesRecord):
            raise PlaygroundError("There is no run to branch from: run a prompt in Play, or open a file.")
        return ticket, ticket.record

    def _shown(self, tree: BranchesRecord, id: int, *, path: str = "", fresh: bool = False) -> Updates:
        """A branch of the tree; `path` if the page has its tokens; `fresh` forgets what was shown of another one."""
        part = self._section
        updates: Updates = {
            part.path: path or views.path_lines(tree, id),
            part.tree: gr.update(shown=views.tree_value(tree, id)),
            part.summary: views.said_of(tree, id),
        }
        if fresh:
            updates |= {part.choice: gr.update(shown=""), part.verdict: "", part.diff: "", part.status: READY}
            updates |= {part.notice: {}}
        return updates

    async def look(self, sent: Any, request: gr.Request) -> AsyncIterator[Updates]:
        """What else could come at a token."""
        part = self._section
        try:
            _, tree = self._tree(request)
            id, at = place_of(sent, tree)
            ticket = self._slot.ticket(session_of(request))
            async with aclosing(look_in(self._reading(tree, id, at, request), ticket, frames_per_s=30)) as looks:
                async for updates in looks:
                    for update in updates:
                        if isinstance(update, tuple):
                            shown = views.choice_value(tree, id, at, *update)
                            yield {part.choice: gr.update(shown=shown), part.status: READY}
                        else:
                            yield {part.status: {**(status(update) or READY), "phase": "reading"}}
        except PlaygroundError as error:
            yield {part.notice: refused(word("inside.no_alternatives"), error), part.status: READY}

    def _reading(
        self, tree: BranchesRecord, id: int, at: int, request: gr.Request
    ) -> Callable[[Callable[[], bool]], Iterator[Any]]:
        runner = self._runner.of(person_of(request))
        return lambda should_stop: alternatives_at(runner, tree, id, at, should_stop)

    async def grow(self, data: dict[Component, Any], request: gr.Request) -> AsyncIterator[Updates]:
        """Make a branch and show it while it grows."""
        part = self._section
        try:
            before, tree = self._tree(request)
            if not before.ended.is_set():
                raise PlaygroundError("A branch is growing: stop it first, or wait for its end.")
            wanted = branch_request(data[part.choice], tree, data[self._temperature])
        except PlaygroundError as error:
            yield {part.notice: refused(word("inside.no_branch"), error), part.status: READY}
            return
        ticket = self._slot.begin(session_of(request))
        ticket.record = tree
        view, due = BranchView(tree, wanted), Due()
        work = branch_work(self._runner.of(person_of(request)), view, ticket, self._lock)
        async with aclosing(follow(view, work, ticket, frames_per_s=_FRAMES_PER_S)) as frames:
            async for _ in frames:
                if due(view.head or view.status):
                    yield self._growing(view, ticket)
        if view.feed is not None and not ticket.is_replaced:
            await view.feed.taken()
        if not ticket.is_replaced:
            yield self._growing(view, ticket)
            yield self._grown(view, ticket, wanted.parent)

    def _growing(self, view: BranchView, ticket: Ticket) -> Updates:
        """The beginning; the page polls the feed for the rest."""
        part = self._section
        updates: Updates = {part.status: view.status, part.summary: "", part.notice: {}}
        if view.feed is None:  # what the page shows stays meanwhile
            return updates
        self._pages.publish(view.feed, ticket)
        return updates | {part.path: view.head}

    def _grown(self, view: BranchView, ticket: Ticket, parent: int) -> Updates:
        """The new branch, with the tokens that the page has; without one, its intended parent."""
        tree = ticket.record
        assert isinstance(tree, BranchesRecord)
        there = {ROOT, *(branch.id for branch in tree.branches)}  # some may have been pruned meanwhile
        if view.grown is None or view.grown[0] not in there:
            return self._shown(tree, parent if parent in there else ROOT)
        id, feed = view.grown
        self._pages.publish(feed, ticket)  # that of greedy's branch, where the search beside it was stopped
        return self._shown(tree, id, path=views.grown_head(tree, id, feed.run))

    def show(self, sent: Any, request: gr.Request) -> Updates:
        """Another branch of the tree."""
        try:
            _, tree = self._tree(request)
            id = place_of({**_fields(sent), "at": 0}, tree)[0]
        except PlaygroundError as error:
            return self._problem(word("inside.not_shown"), error)
        part = self._section
        return {part.path: views.path_lines(tree, id), part.summary: views.said_of(tree, id)}

    def change(self, sent: Any, request: gr.Request) -> Updates:
        """Rename a branch, or prune it with all that leaves it."""
        fields = _fields(sent)
        try:
            with self._lock:
                ticket, tree = self._tree(request)
                id = place_of({**fields, "at": 0}, tree)[0]
                if "name" in fields:
                    ticket.record = rename(tree, id, str(fields["name"]))
                    return self._shown(ticket.record, id)
                parent = next((one.parent for one in tree.branches if one.id == id), ROOT)
                ticket.record = prune(tree, id)
        except PlaygroundError as error:
            return self._problem(word("inside.nothing_changed"), error)
        part = self._section
        return self._shown(ticket.record, parent) | {part.verdict: "", part.diff: ""}

    def compare(self, sent: Any, request: gr.Request) -> Updates:
        """Compare two branches."""
        fields, part = _fields(sent), self._section
        try:
            _, tree = self._tree(request)
            one, other = (place_of({"node": fields.get(name), "at": 0}, tree)[0] for name in ("node", "other"))
        except PlaygroundError as error:
            return self._problem(word("inside.not_compared"), error)
        return {part.verdict: against(tree, one, other), part.diff: views.compared_value(tree, other, one)}

    async def open(self, value: Any, request: gr.Request) -> Updates:
        """Open a saved tree in the page; its run becomes the inspected one."""
        text, _ = sent(value)
        try:
            tree = await asyncio.to_thread(opened, text, BranchesRecord)
            assert isinstance(tree, BranchesRecord)
            if not tree.run.tokens:
                raise PlaygroundError("The run in this file has no tokens, so nothing can leave it.")
        except PlaygroundError as error:
            return self._problem(word("common.not_opened"), error)
        self._looked.look_at(tree.run, request)
        return await asyncio.to_thread(self._begin, request, tree)

    def _problem(self, title: str, error: PlaygroundError) -> Updates:
        return {self._section.notice: refused(title, error)}


def _fields(sent: Any) -> dict[str, Any]:
    return sent if isinstance(sent, dict) else {}
