"""Where the page opens a saved file: by its kind, the tab and the part that take it."""

from typing import Any

from playground.experiments.registry import experiments

_BY_HAND = {
    "run": ("play-open", "Play"),
    "compare": ("compare-open", "Compare"),
    "sweep": ("compare-open", "Compare"),
    "rerun": ("reruns-open", "Reruns"),
    "branch": ("branches-open", "Inside/Branches"),
    "cost": ("cost-open", "Cost"),
    "experiment": ("optimise-open", "Optimise"),
    "preset": ("preset-open", ""),
}


def places() -> dict[str, dict[str, Any]]:
    """By kind: `place`, the id of the part, and `tabs`, the names of those that lead to it."""
    declared = {
        one.record.model_fields["kind"].default: (f"{one.prefix}-open", one.room)
        for one in experiments().values()
        if one.room
    }
    return {
        kind: {"place": place, "tabs": [name for name in room.split("/") if name]}
        for kind, (place, room) in (declared | _BY_HAND).items()
    }
