"""What a pane sets otherwise than its base: names and values are checked before anything runs."""

import re
from dataclasses import replace
from typing import Any

from playground.errors import PlaygroundError, nearest
from playground.runs.updates import RunRequest
from playground.settings import LIMITS, QUANTIZATIONS, Settings, make_settings

MAX_VALUES = 50  # of a sweep
_NAMES = (*Settings.model_fields, "model", "quantization")
_SWEPT = (*LIMITS, "quantization", "model")
_NEXT = re.compile(r",(?=\s*[A-Za-z][\w-]*\s*=)")  # a comma inside a text is not the end of it


def parse_changes(text: str) -> dict[str, Any]:
    """The changes of one pane: `temperature=0.2,top_p=0.9,model=...,quantization=int8`; no text is no change.

    Values come back as a record holds them. `stop` may come several times.

    Raises:
        PlaygroundError: A name is unknown or comes twice, or a value can't be.
    """
    changes: dict[str, Any] = {}
    for part in _NEXT.split(text) if text.strip() else ():
        name, equals, value = part.partition("=")
        name = _known(name, _NAMES) if equals else name
        if not equals:
            raise PlaygroundError(f"A pane is name=value[,name=value...]; got {_shown(part)}.")
        if name == "stop":
            changes["stop"] = check_value("stop", (*changes.get("stop", ()), value))
        elif name in changes:
            raise PlaygroundError(f"{name} comes twice in the pane {_shown(text)}: give it once.")
        else:
            changes[name] = check_value(name, value if name == "system" else value.strip())
    return changes


def parse_vary(text: str) -> tuple[str, tuple[Any, ...]]:
    """The setting that a sweep varies and its values: `temperature=0,0.5,1`.

    Raises:
        PlaygroundError: It is not a setting that can vary, or a value can't be.
    """
    name, equals, values = text.partition("=")
    if not equals:
        raise PlaygroundError(f"A sweep varies name=value,value...; got {_shown(text)}.")
    name = _known(name, _SWEPT)
    return name, check_values(name, tuple(value.strip() for value in values.split(",")))


def check_values(name: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values of a sweep, checked.

    Raises:
        PlaygroundError: The setting can't vary, there are too few or too many, two are the same, or one can't be.
    """
    name = _known(name, _SWEPT)
    if not 2 <= len(values) <= MAX_VALUES:
        raise PlaygroundError(f"A sweep takes 2 to {MAX_VALUES} values of {name}; got {len(values)}.")
    checked = tuple(check_value(name, value) for value in values)
    double = next((value for n, value in enumerate(checked) if value in checked[:n]), None)
    if double is not None:
        raise PlaygroundError(f"{name} = {double} comes twice in the sweep: give each value once.")
    return checked


def check_value(name: str, value: Any) -> Any:
    """A value of a setting, of `model` or of `quantization`, as a record holds it.

    Raises:
        PlaygroundError: It can't be.
    """
    if name not in ("model", "quantization"):
        return make_settings(**{name: value}).model_dump(mode="json")[name]
    if not isinstance(value, str) or not value:
        raise PlaygroundError(f"{name} must be the name of one; got {_shown(value)}.")
    if name == "quantization" and value not in QUANTIZATIONS:
        raise PlaygroundError(f"Unknown quantization {_shown(value)}: {nearest(value, [*QUANTIZATIONS])}")
    return value


def check_changes(changes: Any) -> dict[str, Any]:
    """The changes of one pane, by name, as a record holds them.

    Raises:
        PlaygroundError: They are not that, a name is unknown, or a value can't be.
    """
    if not isinstance(changes, dict):
        raise PlaygroundError(f"A pane must be settings by name; got {_shown(changes)}.")
    return {(known := _known(str(name), _NAMES)): check_value(known, value) for name, value in changes.items()}


def title_of(changes: dict[str, Any]) -> str:
    """What a pane sets, in words."""
    return ", ".join(f"{name} = {value}" for name, value in changes.items()) or "as given"


def pane_request(base: RunRequest, changes: dict[str, Any]) -> RunRequest:
    """The base's request with these checked changes."""
    other = {name: changes[name] for name in ("model", "quantization") if name in changes}
    own = {name: value for name, value in changes.items() if name not in other}
    return replace(base, settings=make_settings(**{**base.settings.model_dump(), **own}), **other)


def base_of(request: RunRequest) -> dict[str, Any]:
    """What every pane starts from, as a record holds it."""
    return request.settings.model_dump(mode="json") | {"model": request.model, "quantization": request.quantization}


def _known(name: str, names: tuple[str, ...]) -> str:
    """The name of a setting; the command line's own spelling, `top-p`, will do."""
    name = name.strip().replace("-", "_")
    if name in names:
        return name
    if name in _NAMES:
        raise PlaygroundError(f"{name} can't be swept: choose from: {', '.join(names)}.")
    raise PlaygroundError(f"Unknown setting {_shown(name)}: {nearest(name, [*names])}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
