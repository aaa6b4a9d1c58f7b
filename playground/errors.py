"""The one error a person may meet: what is wrong, the limit, and what to do."""

from difflib import get_close_matches


class PlaygroundError(Exception):
    """Bad input or a state the user can change; the message is shown as is, without a traceback."""


class NotEnoughMemory(PlaygroundError):
    """A model does not fit into the memory that is free now."""


def nearest(name: str, choices: list[str]) -> str:
    """A hint for a mistyped name: the nearest choice if there is a close one, else all of them."""
    close = get_close_matches(name, choices, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"choose from: {', '.join(choices)}."
