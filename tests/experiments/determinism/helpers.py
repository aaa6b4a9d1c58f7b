"""What these tests share."""

from typing import TypeVar

from playground.runs.stages import Steps

R = TypeVar("R")


def finished(steps: Steps[R]) -> R:
    """Do all steps; their result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
