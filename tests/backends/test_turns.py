import threading
from collections.abc import Callable

import pytest

from playground.backends import turns as turns_module
from playground.backends.turns import Turns
from playground.errors import PlaygroundError


def never() -> bool:
    return False


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turns_module, "_LOOK_S", 0.001)


class Waiter(threading.Thread):
    """Stands in the queue, notes its positions, and holds the turn until `leave` is set."""

    def __init__(self, turns: Turns, should_stop: Callable[[], bool] = never):
        super().__init__(daemon=True)
        self.turns, self.should_stop = turns, should_stop
        self.queued, self.holds, self.leave = threading.Event(), threading.Event(), threading.Event()
        self.positions: list[int] = []
        self.start()

    def run(self) -> None:
        with self.turns.ticket() as ticket:
            for position in self.turns.wait(ticket, self.should_stop):
                self.positions.append(position)
                self.queued.set()
            if not self.should_stop():
                self.queued.set()
                self.holds.set()
                assert self.leave.wait(10)

    def finish(self) -> None:
        self.leave.set()
        self.join(10)
        assert not self.is_alive()


def line_up(turns: Turns, count: int) -> list[Waiter]:
    waiters = []
    for _ in range(count):
        waiters.append(Waiter(turns))
        assert waiters[-1].queued.wait(10)
    return waiters


def test_who_comes_first_is_served_first_and_positions_fall():
    waiters = line_up(Turns(), 4)
    for number, waiter in enumerate(waiters):
        assert waiter.holds.wait(10)
        assert not any(later.holds.is_set() for later in waiters[number + 1 :])
        waiter.finish()
        positions = waiter.positions
        assert positions[:1] == [number][: number > 0]  # as many as stand before it, and none for the first
        assert positions == sorted(positions, reverse=True)
        assert 0 not in positions


def test_two_never_hold_the_turn_at_once():
    turns, holders, most = Turns(), 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal holders, most
        for _ in range(20):
            with turns.ticket() as ticket:
                for _ in turns.wait(ticket, never):
                    pass
                with lock:
                    holders += 1
                    most = max(most, holders)
                with lock:
                    holders -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most == 1


def test_one_who_is_stopped_while_waiting_leaves_the_queue():
    turns, stopped = Turns(), threading.Event()
    (holder,) = line_up(turns, 1)
    impatient = Waiter(turns, stopped.is_set)
    assert impatient.queued.wait(10)
    last = Waiter(turns)
    assert last.queued.wait(10)
    stopped.set()
    impatient.join(10)
    assert not impatient.is_alive()
    assert not impatient.holds.is_set()
    holder.finish()
    assert last.holds.wait(10)
    last.finish()
    assert last.positions[0] == 2


def test_one_who_crashes_gives_its_place_back():
    turns = Turns()

    def crash(held: bool) -> None:
        with turns.ticket() as ticket:
            for _ in turns.wait(ticket, never):
                assert not held
                raise ZeroDivisionError
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):  # with the turn
        crash(held=True)
    (holder,) = line_up(turns, 1)
    with pytest.raises(ZeroDivisionError):  # while waiting
        crash(held=False)
    holder.finish()
    (next_one,) = line_up(turns, 1)
    assert next_one.holds.wait(10)
    assert next_one.positions == []
    next_one.finish()


def test_a_full_queue_refuses_with_the_limit_and_takes_again_when_there_is_room():
    turns = Turns(max_waiting=2)
    waiters = line_up(turns, 3)  # one holds, two wait
    with pytest.raises(PlaygroundError, match=r"2 runs are waiting.*Try again"), turns.ticket():
        pass
    waiters[0].finish()
    waiters.extend(line_up(turns, 1))
    for waiter in waiters[1:]:
        waiter.finish()
