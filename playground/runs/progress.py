"""Long work that reports progress, as an iterator."""

import queue
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

T = TypeVar("T")
Step = tuple[str, float | None]  # name of a stage; fraction done, 0 to 1, or None if unknown


def with_progress(work: Callable[[Callable[[str, float | None], None]], T]) -> Generator[Step, None, T]:
    """Run work in a thread and yield its progress; returns its result, raises its error."""
    steps: queue.SimpleQueue[Step | None] = queue.SimpleQueue()
    result: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            result.append(work(lambda stage, fraction: steps.put((stage, fraction))))
        except BaseException as error:  # passed on to the caller
            failure.append(error)
        finally:
            steps.put(None)

    thread = threading.Thread(target=run, name="model-loading", daemon=True)
    thread.start()
    is_leaving = False
    try:
        while (step := steps.get()) is not None:
            yield step
    except KeyboardInterrupt:  # the program ends, and need not wait for a download of gigabytes
        is_leaving = True
        raise
    finally:
        if not is_leaving:
            thread.join()  # the turn must be held until loading has ended
    if failure:
        raise failure[0]
    return result[0]
