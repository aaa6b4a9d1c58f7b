"""The one loop from work to page: frames, an end in each case, and a document that no closed page can lose."""

import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from playground.errors import PlaygroundError
from playground.runs.records import RunRecord
from playground.ui.shell.follow import follow
from playground.ui.shell.pages import Slot, Ticket
from tests.calls import run_async
from tests.ui.compare_samples import made_run
from tests.ui.pages import PATIENCE_S


class Seen:
    """A view that writes down what happens to it."""

    def __init__(self):
        self.updates, self.ends = list[Any](), list[dict[str, Any] | None]()

    def add(self, update: Any) -> None:
        self.updates.append(update)

    def end(self, failed: dict[str, Any] | None = None) -> None:
        self.ends.append(failed)


async def frames_of(
    view: Seen, start: Any, ticket: Ticket, at_frame: Callable[[int], None] = lambda number: None
) -> int:
    frames = 0
    async with aclosing(follow(view, start, ticket, frames_per_s=100)) as following:
        async for _ in following:
            at_frame(frames)
            frames += 1
    return frames


def test_everything_comes_in_order_and_the_document_is_kept():
    record = made_run(["a"])
    view, ticket = Seen(), Ticket()
    assert run_async(frames_of(view, lambda stop: iter([1, record, 2]), ticket)) >= 2
    assert view.updates == [1, record, 2]
    assert view.ends == [None]
    assert ticket.record is record
    assert ticket.ended.is_set()


def test_a_closed_page_stops_the_work_and_loses_no_document():
    record, view, ticket, told = made_run(["a"]), Seen(), Ticket(), threading.Event()

    def work(should_stop: Callable[[], bool]) -> Iterator[Any]:
        yield "begun"
        assert told.wait(PATIENCE_S)
        yield record if should_stop() else "went on"

    async def leave() -> None:
        async with aclosing(follow(view, work, ticket, frames_per_s=100)) as frames:
            async for _ in frames:
                if view.updates:
                    break

    run_async(leave())
    told.set()
    assert ticket.ended.wait(PATIENCE_S)
    assert ticket.record is record
    assert view.ends == [None]


def test_a_page_that_shows_something_newer_gets_no_frame_of_the_run_before():
    slot, view, file = Slot(), Seen(), made_run(["b"])

    def work(should_stop: Callable[[], bool]) -> Iterator[int]:
        while not should_stop():
            yield 1

    def at_frame(number: int) -> None:
        if number == 1:
            slot.keep("me", file)

    ticket = slot.begin("me")
    assert run_async(frames_of(view, work, ticket, at_frame)) == 2
    assert view.ends == [None]
    assert ticket.is_replaced
    newest = slot.last("me")
    assert newest is not None
    assert newest.record is file


@pytest.mark.parametrize("error", [PlaygroundError("No such model."), ValueError("/home/me/secret")])
def test_work_that_breaks_ends_with_words_and_keeps_what_came(error: Exception):
    def work(should_stop: Callable[[], bool]) -> Iterator[int]:
        yield 1
        raise error

    view, ticket = Seen(), Ticket()
    run_async(frames_of(view, work, ticket))
    (failed,) = view.ends
    assert view.updates == [1]
    assert failed is not None
    assert failed["phase"] == "failed"
    assert "secret" not in failed["problem"]
    assert ticket.ended.is_set()


def test_only_the_kind_that_the_work_ends_with_is_kept():
    async def all_of() -> None:
        async with aclosing(follow(Seen(), lambda stop: [made_run(["a"])], ticket, keeps=Whole)) as frames:
            async for _ in frames:
                pass

    class Whole(RunRecord):
        pass

    ticket = Ticket()
    run_async(all_of())
    assert ticket.record is None
