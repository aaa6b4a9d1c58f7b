"""Model and quantization: what the menus offer, what their hints say, and loading when one is chosen."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr

from playground.errors import PlaygroundError
from playground.runs.runner import Runner
from playground.settings import QUANTIZATIONS
from playground.ui.components.forms import Option
from playground.ui.shell.follow import failure, look_in
from playground.ui.shell.live import FRAMES_PER_S
from playground.ui.shell.pages import Ticket
from playground.views.format import format_bytes
from playground.views.run import status

READY: dict[str, Any] = {"phase": "ready", "text": "ready"}
_NO_LENGTH = 8192  # shown until a local model that does not say its context length is in memory


def fill_menus(
    runner: Runner, model: object, quantization: object, context_length: object, first: tuple[str, str] = ("", "")
) -> list[dict[str, Any]]:
    """Updates of both menus and the context slider for a choice; an impossible choice becomes a possible one.

    A value that stays is not in its update: a person may have chosen another one since then.
    `first` is the model and the quantization that stand for an empty choice.
    """
    sent = (model, quantization, context_length)
    model, quantization = model or first[0], quantization or first[1]
    entries = {entry.id: entry for entry in runner.catalogue.entries}
    chosen = entries.get(model) if isinstance(model, str) else None
    entry = chosen or runner.catalogue.default
    missing = runner.shelf.missing()
    models: list[Option] = [
        (one.id, _model_text(one.title, is_here=one.id not in missing), None) for one in entries.values()
    ]
    possible = runner.quantizations(entry.id)
    if possible.get(str(quantization), "unknown") is not None:
        quantization = next((name for name, reason in possible.items() if reason is None), QUANTIZATIONS[0])
    facts = runner.facts
    here = facts if facts is not None and facts.id == entry.id else None
    high = (here.context_length if here else entry.context_length) or _NO_LENGTH
    within = context_length if isinstance(context_length, int | float) and 0 < context_length <= high else high
    measured = here if here and here.quantization == quantization else None
    hint = "Loads when chosen, or at the next run."
    if measured:
        sizes = f"{format_bytes(measured.weights_bytes)} measured, {format_bytes(measured.paper_bytes)} calculated."
        code = {"decoder": "our own decoder", "transformers": "transformers' module"}[measured.path]
        hint = " ".join([f"{sizes} {measured.weights_note} Computed by {code}.", *measured.limits])
    options: list[Option] = [(name, name, possible.get(name)) for name in QUANTIZATIONS]
    return [
        _update(sent[0], entry.id, options=[list(option) for option in models], hint=entry.about),
        _update(sent[1], quantization, options=[list(option) for option in options], hint=hint),
        _update(sent[2], within, maximum=high),
    ]


def _update(sent: object, value: object, **rest: Any) -> dict[str, Any]:
    return gr.update(**rest) if sent == value else gr.update(value=value, **rest)


def _model_text(title: str, *, is_here: bool) -> str:
    return title if is_here else f"{title} (not on this machine)"


async def load_frames(runner: Runner, model: str, quantization: str, ticket: Ticket) -> AsyncGenerator[dict[str, Any]]:
    """Statuses while a model loads; on failure the last one says why, and the old model still works.

    One that is not on this machine is not loaded: it is fetched only when a person asks for it.
    """
    facts = runner.facts
    if facts is not None and (facts.id, facts.quantization) == (model, quantization):
        yield READY
        return
    if model in runner.shelf.missing() and not runner.shelf.is_coming(model):
        yield {"phase": "idle", "text": f"{model} is not on this machine: see Model"}
        return
    last = READY
    try:
        loading = look_in(lambda stop: runner.load(model, quantization, stop), ticket, frames_per_s=FRAMES_PER_S)
        async with aclosing(loading) as looks:
            async for updates in looks:
                if updates:
                    yield status(updates[-1]) or READY
    except Exception as error:  # the page must say so, whatever it was
        last = _load_failure(error)
    yield last


def _load_failure(error: BaseException) -> dict[str, Any]:
    state = failure(error) | {"title": "This model was not loaded; the one in memory still works."}
    if not isinstance(error, PlaygroundError):
        state["problem"] += f" ({error})" if str(error) else ""
    return state
