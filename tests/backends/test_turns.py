"""Who gets the model: short work passes long work, people take turns, and nobody has it twice."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from playground.backends import turns as turns_module
from playground.backends.job import Job
from playground.backends.turns import Busy, Turns


def never() -> bool:
    return False


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turns_module, "_LOOK_S", 0.001)
    monkeypatch.setattr(turns_module, "SLICE_S", 0.0)


class Worker(threading.Thread):
    """Works step by step, each when it is let; `steps` counts those done."""

    def __init__(self, turns: Turns, person: str = "", size: int = 0, should_stop: Callable[[], bool] = never):
        super().__init__(daemon=True)
        self.turns, self.person, self.should_stop = turns, person, should_stop
        self.job = Job(person, size)
        self.queued, self.holds, self.leave = threading.Event(), threading.Event(), threading.Event()
        self.places: list[int] = []
        self.start()

    def run(self) -> None:
        with self.turns.place(self.job, self.person):
            for state in self.turns.wait(self.job, self.should_stop):
                self.places.append(state.position)
                self.queued.set()
            if not self.should_stop():
                self.queued.set()
                self.holds.set()
                assert self.leave.wait(10)

    def finish(self) -> None:
        self.leave.set()
        self.join(10)
        assert not self.is_alive()


def line_up(turns: Turns, *people: str, size: int = 0) -> list[Worker]:
    workers = []
    for person in people:
        workers.append(Worker(turns, person, size))
        assert workers[-1].queued.wait(10)
    return workers


def use(turns: Turns, person: str, seconds: float) -> None:
    """As if this person had used the model so long."""
    turns._use(person).add(seconds)


@contextmanager
def holding(turns: Turns, person: str = "", size: int = 0) -> Iterator[Job]:
    job = Job(person, size)
    with turns.place(job, person):
        turns.take(job)
        job.is_ending = False
        yield job


def test_who_comes_first_is_served_first_and_positions_fall():
    workers = line_up(Turns(), "a", "b", "c", "d")
    for number, worker in enumerate(workers):
        assert worker.holds.wait(10)
        assert not any(later.holds.is_set() for later in workers[number + 1 :])
        worker.finish()
        assert worker.places == sorted(worker.places, reverse=True)


def test_who_used_little_goes_before_who_used_much():
    turns = Turns()
    use(turns, "much", 60)
    with holding(turns, "other"):
        much, little = line_up(turns, "much", "little")
    assert little.holds.wait(10)
    assert not much.holds.is_set()
    little.finish()
    assert much.holds.wait(10)
    much.finish()


def test_of_one_person_the_shortest_goes_first():
    turns = Turns()
    with holding(turns, "other"):
        (long,) = line_up(turns, "me", size=500)
        (short,) = line_up(turns, "me", size=5)
    assert short.holds.wait(10)
    assert not long.holds.is_set()
    short.finish()
    long.finish()


def test_who_has_waited_long_goes_before_who_used_little(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(turns_module, "PATIENCE_S", 0.05)
    turns = Turns()
    use(turns, "patient", 60)
    with holding(turns, "other"):
        (patient,) = line_up(turns, "patient")
        time.sleep(0.1)
        (new,) = line_up(turns, "new")
        turns._use("new").served = 10**6  # served last of all
    assert patient.holds.wait(10)
    assert not new.holds.is_set()
    patient.finish()
    new.finish()


def test_long_work_rests_only_where_another_waits_and_it_has_used_more_than_little():
    turns = Turns()
    with holding(turns, "heavy") as job:
        assert not turns.should_rest(job)
        (waiter,) = line_up(turns, "new")
        assert not turns.should_rest(job)
        use(turns, "heavy", 60)
        assert turns.should_rest(job)
        with job.alone("a measurement"):
            assert not turns.should_rest(job)
            job.held_since -= turns_module.ALONE_S
            assert turns.should_rest(job)
        before = job.clock.now()
        turns.rest(job)
        assert waiter.holds.wait(10)
        assert not turns.has(job)
        waiter.finish()
        turns.take(job)
        assert turns.has(job)
        job.clock.resume()
        assert job.clock.now() - before < job.clock.aside_s + 1
    assert turns.count == 0


def test_a_clock_stands_still_while_its_work_is_set_aside():
    now, job = [0.0], Job()
    clock = type(job.clock)(time_s=lambda: now[0])
    lap = clock.lap()
    now[0] = 2
    clock.pause()
    now[0] = 10
    assert (clock.now(), lap.now()) == (2, 2)
    clock.resume()
    now[0] = 11
    assert (clock.now(), lap.now(), clock.aside_s) == (3, 3, 8)


def test_two_never_hold_the_turn_at_once():
    turns, holders, most = Turns(), [0], [0]

    def work(person: str) -> None:
        job = Job(person)
        for _ in range(1):
            with turns.place(job, person):
                turns.take(job)
                job.is_ending = False
                for _ in range(20):
                    holders[0] += 1
                    most[0] = max(most[0], holders[0])
                    time.sleep(0.0005)
                    holders[0] -= 1
                    turns.rest(job)
                    for _ in turns.wait(job, never):
                        pass
                    job.clock.resume()

    threads = [threading.Thread(target=work, args=(f"p{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert most[0] == 1
    assert turns.count == 0


def test_one_who_is_stopped_while_waiting_leaves_the_queue():
    turns, stopped = Turns(), threading.Event()
    with holding(turns, "holder"):
        waiter = Worker(turns, "w", should_stop=stopped.is_set)
        assert waiter.queued.wait(10)
        stopped.set()
        waiter.join(10)
        assert not waiter.is_alive()
        assert turns.count == 1
    assert turns.count == 0


def test_one_who_crashes_gives_its_place_back():
    turns = Turns()
    with pytest.raises(ValueError, match="broken"), holding(turns):
        raise ValueError("broken")
    (after,) = line_up(turns, "x")
    assert after.holds.wait(10)
    after.finish()


def test_a_full_queue_refuses_and_takes_again_when_there_is_room():
    turns = Turns(max_waiting=2)
    workers = line_up(turns, "a", "b", "c")
    with pytest.raises(Busy, match="2"), turns.place(Job(), "d"):
        pass
    workers[0].finish()
    (again,) = line_up(turns, "d")
    for worker in [*workers[1:], again]:
        worker.finish()


def test_a_person_has_one_at_work_and_two_waiting_and_others_go_on():
    turns = Turns()
    mine = line_up(turns, "me", "me", "me")
    with pytest.raises(Busy), turns.place(Job(), "me"):
        pass
    (other,) = line_up(turns, "other")
    for worker in [*mine, other]:
        worker.leave.set()
    for worker in [*mine, other]:
        worker.finish()


def test_the_others_read_what_has_the_model_and_how_long_it_needs():
    turns = Turns()
    with holding(turns, "a", size=10) as job:
        job.title = "The ladder"
        job._fraction = 0.5
        job.held_since = time.monotonic() - 4
        with job.alone("it measures times"):
            (state,) = [next(iter(turns.wait(other, never))) for other in [_placed(turns)]]
    assert "The ladder" in state.running
    assert "it measures times" in state.running
    assert state.left_s == pytest.approx(4, abs=1)


def _placed(turns: Turns) -> Job:
    job = Job()
    with turns._changed:
        turns._all.append(job)
        turns._waiting.append(job)
    return job


@contextmanager
def _crowded(count: int) -> Iterator[tuple[Turns, list[ExitStack], list[Job]]]:
    """The first work has begun, the others wait until it has ended, as their model does not fit beside its own."""
    turns, places, jobs = Turns(), [ExitStack() for _ in range(count)], [Job() for _ in range(count)]
    with ExitStack() as all_places:
        for number, (place, job) in enumerate(zip(places, jobs, strict=True)):
            all_places.enter_context(place).enter_context(turns.place(job, f"p{number}"))
        for job in jobs:
            assert list(turns.wait(job, never)) == []
            (turns.leave if job is jobs[0] else turns.wait_for_room)(job)
        assert list(turns.wait(jobs[0], never)) == []
        yield turns, places, jobs


@pytest.mark.parametrize("is_patient", [True, False])
def test_work_that_waited_long_for_memory_is_begun_before_new_work(is_patient: bool):
    with _crowded(2) as (turns, places, (first, big)):
        new = Job()
        with turns.place(new, "new"):
            next(turns.wait(new, never))
            if not is_patient:
                big.waiting_since -= turns_module.PATIENCE_S
            turns.rest(first)
            assert turns.has(new if is_patient else first)
            places[0].close()
            assert turns.has(new if is_patient else big)


def test_two_that_wait_for_memory_do_not_wait_for_each_other():
    with _crowded(3) as (turns, places, (_, *others)):
        places[0].close()
        assert any(map(turns.has, others))
