"""A blocking iterator, worked off in a thread of its own, for an event loop that must never wait."""

import queue
import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Pump(Generic[T]):
    """Starts at once; its items, and the error that ended it, wait to be drained."""

    def __init__(self, items: Iterator[T], *, name: str):
        self._items = items
        self._told: queue.SimpleQueue[T] = queue.SimpleQueue()
        self._ended = threading.Event()
        self.error: BaseException | None = None
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        try:
            for item in self._items:
                self._told.put(item)
        except BaseException as error:  # whoever drains decides what it means
            self.error = error
        finally:
            self._ended.set()

    def drain(self) -> tuple[list[T], bool]:
        """Everything that waits, and whether that was all."""
        ended = self._ended.is_set()  # read before draining: what came until then is in the queue
        items: list[T] = []
        while not self._told.empty():
            items.append(self._told.get_nowait())
        return items, ended
