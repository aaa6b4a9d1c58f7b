"""What the ladder and the load simulator ask for, from the values of their fields, which are checked here."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from playground.errors import PlaygroundError
from playground.experiments.determinism.ladder import MAX_TOKENS, LadderRequest
from playground.experiments.determinism.load import LIMITS, LoadRequest
from playground.experiments.determinism.rungs import DEFAULT_ARMS
from playground.settings import check_prompt
from playground.ui.rooms.sidebar.controls import make_request

DEFAULT_TOKENS = 64
DEFAULT_REQUESTS = 100
FEYNMAN = "Tell me about Richard Feynman."
"""The prompt of the figure that ours stands beside."""
_MIN_TOKENS = 2


def whole_number(value: Any, what: str, low: int, high: int) -> int:
    """A whole number from a field.

    Raises:
        PlaygroundError: It is none, or outside its limits, which are named.
    """
    number = None
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)
        except ValueError:
            number = None
    if number is None or not number.is_integer() or not low <= number <= high:
        raise PlaygroundError(f"{what} must be a whole number from {low:,} to {high:,}; got {str(value)[:60]!r}.")
    return int(number)


def ladder_request(values: Mapping[str, Any]) -> LadderRequest:
    """A ladder: the sidebar's model and settings, the tab's own prompt, the section's own length.

    Raises:
        PlaygroundError: Says which value is wrong, and its limit.
    """
    run = make_request({**values, "prompt": values.get("own_prompt", "")})
    tokens = whole_number(values.get("tokens"), "Tokens of the answer", _MIN_TOKENS, MAX_TOKENS)
    settings = run.settings.model_copy(update={"max_new_tokens": tokens})
    return LadderRequest(replace(run, settings=settings), quick=values.get("quick") is True)


def load_request(values: Mapping[str, Any]) -> LoadRequest:
    """A load: the sidebar's model, everything else from the section.

    Raises:
        PlaygroundError: Says which value is wrong, and its limit.
    """
    model = values.get("model")
    if not isinstance(model, str):
        raise PlaygroundError("Choose a model in the sidebar.")
    arms = values.get("arms")
    if arms is not None and not (isinstance(arms, list) and all(isinstance(arm, str) for arm in arms)):
        raise PlaygroundError("Ways of computing must be a list of names.")
    if arms == []:
        raise PlaygroundError("Choose at least one way of computing.")
    return LoadRequest(
        prompt=check_prompt(values.get("question", "")),
        model=model,
        requests=whole_number(values.get("requests"), "Requests", *LIMITS["requests"]),
        max_new_tokens=whole_number(values.get("load_tokens"), "Tokens of each answer", *LIMITS["max_new_tokens"]),
        arms=tuple(arms or DEFAULT_ARMS),
    )
