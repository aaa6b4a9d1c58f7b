"""How often something may be drawn: seldom enough that drawing takes a small share of the time."""

import time
from types import TracebackType
from typing import Self

_SHARE = 20  # times as long as a drawing takes, until the next


class Rate:
    """Times each drawing, as a context; after a slow one the next waits longer."""

    def __init__(self) -> None:
        self._next_s = self._begun_s = 0.0

    def is_due(self) -> bool:
        """Whether the next drawing may begin."""
        return time.monotonic() >= self._next_s

    def __enter__(self) -> Self:
        self._begun_s = time.monotonic()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        now_s = time.monotonic()
        self._next_s = now_s + _SHARE * (now_s - self._begun_s)
