"""The one error a person may meet: what is wrong, the limit, and what to do."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")


class PlaygroundError(Exception):
    """Bad input or a state the user can change; the message is shown as is, without a traceback."""


class NoPrompt(PlaygroundError):
    """Nothing has been written yet: no failure, and a page says so at the field."""


class NotHere(PlaygroundError):
    """A model that would have to be downloaded first, which only a person may decide."""


class FetchStopped(PlaygroundError):
    """A person ended the fetch of a model."""


class NotEnoughMemory(PlaygroundError):
    """A model, or a run of it, does not fit into the memory that is free now."""


_NO_MEMORY = ("not enough memory", "can't allocate memory", "cannot allocate memory", "out of memory", "alloc_failed")


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether memory was refused. torch says so by its own class, and on a CPU only by the words of a RuntimeError."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError | OSError) and any(word in str(error).lower() for word in _NO_MEMORY)


def memory_in_words(work: Iterator[T], what: str, remedy: str) -> Iterator[T]:
    """What the work yields; where memory runs out it ends with `NotEnoughMemory`, and other errors pass.

    That error has no context: a traceback would keep the tensors of the work that failed.
    """
    try:
        yield from work
        return
    except Exception as error:
        if not ran_out_of_memory(error):
            raise
    raise NotEnoughMemory(f"Memory ran out while {what}: {remedy}.")


def nearest(name: str, choices: list[str]) -> str:
    """A hint for a mistyped name: the nearest choice if there is a close one, else all of them."""
    close = get_close_matches(name, choices, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"choose from: {', '.join(choices)}."
