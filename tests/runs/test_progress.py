import threading

import pytest

from playground.runs.progress import with_progress


def finish(steps):
    """All steps, and what the work returned."""
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return seen, end.value


def test_steps_come_in_order_and_then_the_result():
    def work(progress):
        progress("first", 0.5)
        progress("second", None)
        return 42

    assert finish(with_progress(work)) == ([("first", 0.5), ("second", None)], 42)


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt(), SystemExit(3)])
def test_an_error_comes_after_the_steps_before_it(error: BaseException):
    def work(progress):
        progress("first", 0.0)
        raise error

    steps = with_progress(work)
    assert next(steps) == ("first", 0.0)
    with pytest.raises(type(error)) as caught:
        next(steps)
    assert caught.value is error


def test_closing_waits_for_the_work_to_end():
    may_end, ended = threading.Event(), threading.Event()

    def work(progress):
        progress("first", None)
        may_end.wait(10)
        ended.set()

    steps = with_progress(work)
    next(steps)
    threading.Timer(0.1, may_end.set).start()
    steps.close()
    assert ended.is_set()


def test_one_who_leaves_the_program_does_not_wait_for_a_download():
    may_end, ended = threading.Event(), threading.Event()

    def work(progress):
        progress("first", None)
        may_end.wait(5)
        ended.set()

    steps = with_progress(work)
    next(steps)
    with pytest.raises(KeyboardInterrupt):
        steps.throw(KeyboardInterrupt)
    assert not ended.is_set()
    may_end.set()
