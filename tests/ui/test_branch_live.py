"""Branches while they grow, without a browser: what is sent, and that the page gets every token from a feed."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from playground.experiments.branching.records import BranchesRecord, BranchRecord
from playground.experiments.branching.request import BranchRequest
from playground.experiments.branching.run import BranchStart, start_branch
from playground.experiments.branching.tree import add, prune, tokens_of
from playground.runs.runner import Runner
from playground.ui.rooms.inside.branch_events import BranchEvents
from playground.ui.rooms.inside.branch_live import BranchView
from playground.ui.shell.pages import Pages, Ticket
from tests.calls import request_of, run_async
from tests.experiments.branching.made import grown, run_tree
from tests.tiny_runner import endless_folder, make_runner, make_slot

PARTS = ("choice", "diff", "notice", "path", "status", "summary", "tree", "verdict")
PAGE = request_of("one")


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return make_runner(make_slot(endless_folder(tmp_path_factory.mktemp("tiny"))))


@pytest.fixture
def events(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> BranchEvents:
    monkeypatch.setattr("playground.ui.components.feed._GRACE_S", 0)  # no page asks for the lines
    section, looked = SimpleNamespace(**{name: name for name in PARTS}), SimpleNamespace(record=lambda request: None)
    return BranchEvents(section, looked, "temperature", runner, Pages())  # type: ignore[arg-type]  # names in place of parts


def begun(events: BranchEvents, tree: BranchesRecord) -> Ticket:
    ticket = events._slot.begin("one")
    ticket.record = tree
    ticket.ended.set()
    return ticket


def grow(
    events: BranchEvents, tree: BranchesRecord, asked: dict[str, Any], meanwhile: Callable[[Ticket], None] | None = None
) -> tuple[list[dict[Any, Any]], Ticket]:
    """What is sent, and the ticket of the branch; `meanwhile` happens when it begins."""
    begun(events, tree)

    async def all_updates() -> list[dict[Any, Any]]:
        data: Any = {"choice": asked, "temperature": 1}
        sent = list[dict[Any, Any]]()
        async for updates in events.grow(data, PAGE):
            ticket = events._slot.last("one")
            if meanwhile is not None and not sent and ticket is not None:
                meanwhile(ticket)
            sent.append(updates)
        return sent

    sent, ticket = run_async(all_updates()), events._slot.last("one")
    assert ticket is not None
    return sent, ticket


def heads(sent: list[dict[Any, Any]]) -> list[dict[str, Any]]:
    """Each once."""
    lines = [json.loads(line) for one in sent for line in one.get("path", "").splitlines()]
    return [line for at, line in enumerate(lines) if line not in lines[:at]]


def test_what_is_sent_at_a_time_does_not_grow_with_the_answer_and_no_token_is_lost(
    events: BranchEvents, runner: Runner
):
    most, pieces = dict[int, int](), dict[int, int]()
    for tokens in (14, 140):
        tree = run_tree(runner, temperature=0, max_new_tokens=tokens)
        sent, ticket = grow(events, tree, {"node": 0, "at": 9, "how": "greedy"})
        most[tokens] = max(len(json.dumps(one)) for one in sent)
        (feed,) = ticket.feeds
        pieces[tokens] = len(json.dumps(feed.piece(len(feed.lines) - 4)))
        growing, whole = heads(sent)
        assert growing["run"] == whole["run"] == feed.run
        assert ("node" in growing, whole["node"]) == (False, 1)
        *lines, end = map(json.loads, feed.lines)
        assert isinstance(ticket.record, BranchesRecord)
        assert [line["text"] for line in lines] == [token.text for token in tokens_of(ticket.record, 1)]
        assert (end, feed.is_over) == ({"end": "length"}, True)
    assert most[140] < most[14] + 126  # less than a byte for each token more
    assert pieces[140] < pieces[14] + 126


def test_a_search_has_a_feed_of_its_own_beside_the_greedy_branchs(events: BranchEvents, runner: Runner):
    tree = run_tree(runner, temperature=1)
    sent, ticket = grow(events, tree, {"node": 0, "at": 4, "how": "beam", "width": 2})
    assert isinstance(ticket.record, BranchesRecord)
    assert [branch.how for branch in ticket.record.branches] == ["greedy", "beam"]
    feed, shown = ticket.feeds[-1], heads(sent)[-1]
    assert (shown["run"], shown["node"]) == (feed.run, 2)
    assert [json.loads(line)["text"] for line in feed.lines[:-1]] == [one.text for one in tokens_of(ticket.record, 2)]


def test_where_only_the_greedy_branch_came_of_a_search_its_tokens_are_shown(events: BranchEvents, runner: Runner):
    tree = run_tree(runner, temperature=1)
    view = BranchView(tree, BranchRequest(0, 4, how="beam"))
    for update in start_branch(runner, tree, view.request):
        view.add(update)
        if isinstance(update, BranchRecord):
            tree = add(tree, update)
        if isinstance(update, BranchStart) and update.how == "beam":
            break
    ticket = begun(events, tree)
    shown = json.loads(events._grown(view, ticket, 0)["path"])  # type: ignore[index]  # keys are names here
    (feed,) = ticket.feeds
    assert (shown["run"], shown["node"], tree.branches[0].how) == (feed.run, 1, "greedy")
    assert (len(feed.lines), feed.is_over) == (15, True)


def test_a_branch_is_shown_though_others_were_pruned_while_it_grew(events: BranchEvents, runner: Runner):
    tree, _ = grown(runner, run_tree(runner, temperature=0), 0, 3, 5)
    tree, _ = grown(runner, tree, 1, 6, 7)

    def pruning(ticket: Ticket) -> None:
        assert isinstance(ticket.record, BranchesRecord)
        ticket.record = prune(ticket.record, 1)

    sent, _ = grow(events, tree, {"node": 0, "at": 4, "token": 8}, pruning)
    assert heads(sent)[-1]["node"] == 1
    sent, _ = grow(events, tree, {"node": 1, "at": 8, "token": 8}, pruning)  # what it was to leave is gone
    assert json.loads(sent[-1]["path"].splitlines()[0])["node"] == 0
    assert sent[-2]["status"]["phase"] == "failed"
