"""Progress of long work, and how it ends early."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

R = TypeVar("R")
ShouldStop = Callable[[], bool]
Steps = Generator[Any, None, R]  # yields stages and finished parts of the document, returns a result


@dataclass(frozen=True)
class Stage:
    """What is being done, in words, and the fraction done, 0 to 1; None if the end is not known."""

    text: str
    fraction: float | None


class Stopped(Exception):
    """The person pressed stop: what is finished is kept."""


def obey(should_stop: ShouldStop) -> None:
    """Leave the work if it should stop.

    Raises:
        Stopped: It should.
    """
    if should_stop():
        raise Stopped


def finish(steps: Steps[R]) -> R:
    """The result of work whose progress nobody watches."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


class Parts:
    """Counts the parts of long work and turns the progress of each part into progress of the whole."""

    def __init__(self, total: int):
        self._total, self._done, self._shown = total, 0, 0.0

    def run(self, part: Steps[R], weight: int = 1) -> Steps[R]:
        """Everything the part yields, its stages rescaled; returns its result. It counts as `weight` of the total."""
        try:
            while True:
                try:
                    item = next(part)
                except StopIteration as end:
                    self._done += weight
                    return end.value
                yield self._scaled(item, weight) if isinstance(item, Stage) else item
        finally:
            part.close()

    def _scaled(self, stage: Stage, weight: int) -> Stage:
        """A part may start again; the progress of the whole never goes back."""
        self._shown = max(self._shown, min(1.0, (self._done + weight * (stage.fraction or 0.0)) / self._total))
        return replace(stage, fraction=self._shown)
