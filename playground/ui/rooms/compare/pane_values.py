"""Settings of a pane that differ from the sidebar, as chips and as checked values."""

from collections.abc import Mapping
from typing import Any

from playground.errors import PlaygroundError
from playground.experiments.compare.changes import check_value
from playground.runs.records import RunRecord
from playground.settings import LIMITS
from playground.ui.shell.controls import CHECKS, HINTS, SLIDERS, stop_strings, stop_text

NAMES = ("A", "B", "C", "D")
MAX_PANES = len(NAMES)
READY = {"phase": "ready", "text": "not run yet"}
_MAX_CHARS = 200_000
_FLAG = {"on": True, "off": False}


def _specs() -> list[dict[str, Any]]:
    specs: list[dict[str, Any]] = [
        {"name": spec.name, "label": spec.label, "kind": "number", "hint": f"{spec.about} {_range(spec.name)}"}
        for spec in SLIDERS
    ]
    here = "Only what can run on this machine can be chosen."
    specs += [{"name": name, "label": name.title(), "kind": "menu", "hint": here} for name in ("model", "quantization")]
    specs.append({"name": "system", "label": "System prompt", "kind": "text", "hint": "Empty: no system prompt."})
    specs.append(
        {"name": "stop", "label": "Stop strings", "kind": "text", "hint": "One per line; \\n is a line break."}
    )
    flags = [
        {"name": name, "label": CHECKS[name], "kind": "menu", "options": list(_FLAG), "hint": hint}
        for name, hint in HINTS.items()
    ]
    return [*specs, *flags]


def _range(name: str) -> str:
    text = str(LIMITS[name])
    return f"{text[0].upper()}{text[1:]}."


PANE_SETTINGS = _specs()
"""The settings that a pane can have for itself: name, label, kind of field, hint."""
_LABELS = {spec["name"]: spec["label"] for spec in PANE_SETTINGS}


def label_of(name: str) -> str:
    """The label of a setting."""
    return _LABELS.get(name, name)


def pane_value(on: bool, changes: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The component's value."""
    return {"on": on, "changes": [[name, text] for name, text in (changes or {}).items()]}


def own_changes(value: Any) -> dict[str, str] | None:
    """A pane's own settings as text; None for a pane that is off. The value comes from a browser: all of it is checked.

    Raises:
        PlaygroundError: It is no such value.
    """
    if not isinstance(value, dict) or value.get("on") is not True:
        return None
    changes = value.get("changes")
    if not isinstance(changes, list) or len(changes) > len(PANE_SETTINGS):
        raise PlaygroundError(f"The settings of a pane must be a list of at most {len(PANE_SETTINGS)}.")
    found: dict[str, str] = {}
    for item in changes:
        if not (isinstance(item, list) and len(item) == 2 and all(isinstance(part, str) for part in item)):
            raise PlaygroundError("A setting of a pane must be a name and a text.")
        name, text = item
        if name not in _LABELS or name in found:
            raise PlaygroundError(f"A pane can't set {name[:60]!r}: choose one of {', '.join(_LABELS)}, each once.")
        if len(text) > _MAX_CHARS:
            raise PlaygroundError(f"{_LABELS[name]} must have at most {_MAX_CHARS:,} characters; got {len(text):,}.")
        found[name] = text
    return found


def pane_changes(base: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
    """What a pane sets otherwise than the base, as a record holds it.

    Raises:
        PlaygroundError: Says which value is wrong, and its limit.
    """
    checked = {name: _checked(name, text) for name, text in changes.items()}
    return {name: value for name, value in checked.items() if value != base[name]}


def _checked(name: str, text: str) -> Any:
    if name in CHECKS and text not in _FLAG:
        raise PlaygroundError(f"{_LABELS[name]} must be on or off; got {text[:60]!r}.")
    value = _FLAG[text] if name in CHECKS else stop_strings(text) if name == "stop" else text
    return check_value(name, value if name in ("system", "stop", *CHECKS) else text.strip())


def pane_problems(changes: Mapping[str, str]) -> dict[str, str]:
    """A sentence for each wrong setting of the pane."""
    problems: dict[str, str] = {}
    for name, text in changes.items():
        try:
            _checked(name, text)
        except PlaygroundError as error:
            problems[name] = str(error)
    return problems


def chips_between(base: Mapping[str, Any], record: RunRecord) -> dict[str, str]:
    """The changes to the base that repeat a saved run, as a pane's chips."""
    saved = {**record.settings, "model": record.model.id, "quantization": record.model.quantization}
    return {
        name: _text(name, saved[name])
        for name in _LABELS
        if name in saved and saved[name] is not None and saved[name] != base.get(name)
    }


def _text(name: str, value: Any) -> str:
    if name == "stop":
        return stop_text(list(value))
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.10g}" if isinstance(value, float) else str(value)
