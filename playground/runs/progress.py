"""Long work that tells how far it is, turned into an iterator."""

import queue
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

T = TypeVar("T")
Step = tuple[str, float | None]  # a stage in words; how far it is, 0 to 1, or None where the end is not known


def told(work: Callable[[Callable[[str, float | None], None]], T]) -> Generator[Step, None, T]:
    """Run work in a thread and yield what it tells of its progress; returns its result, raises its error."""
    told: queue.SimpleQueue[Step | None] = queue.SimpleQueue()
    result: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            result.append(work(lambda stage, fraction: told.put((stage, fraction))))
        except BaseException as error:  # handed to the caller, whatever it is
            failure.append(error)
        finally:
            told.put(None)

    thread = threading.Thread(target=run, name="model-loading", daemon=True)
    thread.start()
    is_leaving = False
    try:
        while (step := told.get()) is not None:
            yield step
    except KeyboardInterrupt:  # the program ends, and need not wait for a download of gigabytes
        is_leaving = True
        raise
    finally:
        if not is_leaving:
            thread.join()  # the turn is ours until loading has really ended
    if failure:
        raise failure[0]
    return result[0]
