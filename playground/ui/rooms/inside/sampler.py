"""Sampler: from logits to a word, live with the sliders. Layout, then wiring."""

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.backends.base import Loading
from playground.backends.job import Queued
from playground.errors import PlaygroundError
from playground.experiments.inspection.compact import step_payload
from playground.experiments.inspection.step import Step, at_step
from playground.runs.records import RunRecord
from playground.runs.runner import Runner
from playground.ui.components.forms import text_line
from playground.ui.components.layers import step_picker
from playground.ui.components.sampler import sampler
from playground.ui.components.status import notice
from playground.ui.components.words import word
from playground.ui.rooms.inside.looked import Filled, Looked
from playground.ui.shell.common import QUIET, note, person_of, session_of
from playground.ui.shell.follow import failure, look_in
from playground.ui.shell.pages import Pages, Slot
from playground.views.run import packed, status
from playground.views.sampler import answer_view, step_text

PANE = "inside-sampler"
_FRAMES_PER_S = 30  # a step takes one pass of the model: the frame should not add a wait
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sampler:
    """The parts of the section that change."""

    picker: gr.HTML
    line: gr.HTML
    notice: gr.HTML
    drawing: gr.HTML


def build_sampler() -> Sampler:
    """Lay the section out."""
    picker = step_picker(pane=PANE, elem_id="sampler-steps")
    line = text_line(word("inside.here_every_step"), elem_id="sampler-line")
    news = notice(pane=PANE, elem_classes="notice")
    return Sampler(picker, line, news, sampler(pane=PANE, elem_id="sampler"))


def wire_sampler(section: Sampler, looked: Looked, runner: Runner, pages: Pages) -> Filled:
    """Wire the section."""
    events = _Events(looked, runner, pages.slot("sampler"))
    section.picker.input(
        events.choose, section.picker, [section.drawing, section.line, section.notice],
        concurrency_limit=None, trigger_mode="multiple", **QUIET,
    )  # fmt: skip

    def fill(request: gr.Request) -> dict[Component, Any]:
        record = looked.record(request)
        if record is None:
            return {
                section.picker: gr.update(answer=""),
                section.line: word("inside.here_every_step"),
                section.notice: {},
            }
        answer = answer_view(record, ready=_is_loaded(runner, record))
        return {
            section.picker: gr.update(answer=answer),
            section.line: word("inside.choose_token_answer"),
            section.notice: {},
        }

    return (section.picker, section.line, section.notice), fill


def _is_loaded(runner: Runner, record: RunRecord) -> bool:
    """Whether a step costs one pass of the model, and not loading it."""
    facts = runner.facts
    return facts is not None and (facts.id, facts.quantization) == (record.model.id, record.model.quantization)


class _Events:
    """What happens when a token is chosen. A page's newest choice stops those before it."""

    def __init__(self, looked: Looked, runner: Runner, choices: Slot):
        self._looked, self._runner, self._choices = looked, runner, choices

    async def choose(self, step: Any, request: gr.Request) -> AsyncIterator[tuple[Any, Any, Any]]:
        """Values of drawing, line and notice; what does not change is left out."""
        record = self._looked.record(request)
        if record is None:
            yield "", word("inside.here_every_step"), {}
            return
        ticket, runner = self._choices.begin(session_of(request)), self._runner.of(person_of(request))
        try:
            index = _index(step)
            work = look_in(
                lambda stop: at_step(runner, record, index, _shown, stop), ticket, frames_per_s=_FRAMES_PER_S
            )
            async with aclosing(work) as looks:
                async for updates in looks:
                    if ticket.is_replaced:
                        return
                    if updates:
                        yield step_values(updates[-1])
        except Exception as error:  # the page must say so, whatever it was
            if not isinstance(error, PlaygroundError):
                _log.exception("a step was not computed")
            if not ticket.is_replaced:
                yield "", "", note(word("inside.step_was_not"), failure(error)["problem"], kind="problem")


def _index(step: Any) -> int:
    try:
        return int(step)
    except (TypeError, ValueError):
        raise PlaygroundError(f"A step must be a whole number; got {str(step)[:60]!r}.") from None


def _shown(step: Step) -> tuple[str, str]:
    raw = step.raw
    return packed(step_payload(step)), step_text(raw.computed_tokens, raw.reused_tokens, raw.seconds)


def step_values(update: Queued | Loading | tuple[str, str]) -> tuple[Any, Any, Any]:
    """Drawing, line and notice for an update of a step; the drawing stays until there is another."""
    if isinstance(update, tuple):
        return update[0], update[1], {}
    state = status(update) or {"text": ""}
    return gr.skip(), f"This step: {state['text']}", {}
