"""What a person reads near a section's Run before it runs: how long it may take, and what else to know of it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.errors import PlaygroundError
from playground.runs.experiment import ahead
from playground.runs.request import PromptRequest, read_request
from playground.runs.runner import Runner
from playground.ui.shell.common import NEWEST, Controls, named
from playground.ui.shell.controls import settings_of
from playground.ui.shell.section import Section
from playground.views.format import ahead_text

_PAUSE_S = 0.25
_FROM_SIDEBAR = ("model", "quantization", "max_new_tokens")


def wire_ahead(
    sections: Sequence[Section], controls: Controls, runner: Runner, opened: Sequence[Callable[..., Any]]
) -> None:
    """Keep the words up to date: when the tab opens, and as fields and settings change; nothing before that."""
    sections = [one for one in sections if one.shown]
    everything: set[Component] = {*controls.values(), *(field for one in sections for field in one.fields.values())}

    async def say(data: dict[Component, Any]) -> list[Any]:
        await asyncio.sleep(_PAUSE_S)  # while a person types, the page sends one request at a time, then the newest
        texts = await asyncio.to_thread(
            lambda: [words_of(one, named({**controls, **one.fields}, data), runner) for one in sections]
        )
        # Of a part that is not drawn yet, Gradio keeps the newest update of props alone: so the limit goes with it.
        limits = [runner.why_not(one.experiment.needs) for one in sections]
        return [gr.update(ahead=text, limit=limit) for text, limit in zip(texts, limits, strict=True)]

    own = list(dict.fromkeys(field for one in sections for field in one.fields.values()))
    changes: list[Any] = [*opened, *(one.change for one in own), *(controls[name].change for name in _FROM_SIDEBAR)]
    lines = [one.shown[0] for one in sections]
    gr.on(changes, say, everything, lines, **NEWEST)


def words_of(section: Section, values: Mapping[str, Any], runner: Runner) -> str:
    """The words for these fields; none where they hold what a run would refuse, which says so itself."""
    kind = section.experiment.request
    given = {name: values[name] for name in section.fields}
    given |= {name: str(values[name]) for name in ("model", "quantization")}
    try:
        if issubclass(kind, PromptRequest):
            given = {"settings": settings_of(values), "prompt": "any"} | given
        if "prompt" in given:
            given["prompt"] = str(given["prompt"] or "").strip() or "any"
        return ahead_text(*ahead(runner, section.experiment, read_request(kind, given)))
    except PlaygroundError:
        return ""
