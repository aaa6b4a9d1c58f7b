"""Reruns: one prompt many times, where the answers part and what they say. Layout, then wiring."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from playground.errors import PlaygroundError
from playground.experiments.determinism.experiment import LADDER
from playground.experiments.reruns.experiment import RERUN, TEMPERATURES, RerunRequest
from playground.experiments.reruns.records import RerunRecord, TemperatureLadderRecord
from playground.experiments.reruns.run import with_mentions
from playground.runs.request import read_request
from playground.runs.runner import Runner
from playground.ui.components.base import markup
from playground.ui.components.charts import chart, heat
from playground.ui.components.forms import choice
from playground.ui.components.reruns import answers, figures, fork_tree, headline
from playground.ui.components.status import notice, status_line
from playground.ui.components.tables import plain_table, price_table
from playground.ui.components.tokens import mentions
from playground.ui.components.words import word
from playground.ui.shell.common import NEWEST, QUIET, Controls, refused, session_of
from playground.ui.shell.fields import panel_value
from playground.ui.shell.pages import Pages
from playground.ui.shell.section import Section, build_sections, heading, section_bar, wire_section
from playground.views.lossless import lossless
from playground.views.panels import Sofar
from playground.views.reruns import RERUN_VIEW, TEMPERATURE_VIEW, mentions_of

PANE = "reruns"
_TYPING_S = 0.25
_NAMES = {panel.name: panel for panel in RERUN_VIEW.panels}
_COUNTED = ("mentions", "answers")
"""Panels that show mentions."""
_SEEDS = ("different", "same", "none")


@dataclass(frozen=True)
class Reruns:
    """The parts of the tab, to be wired: its own section, then those that are generated."""

    prompt: gr.Textbox
    own: Section
    declared: list[Section]
    determinism: gr.Tab
    lossless: gr.HTML

    @property
    def fillable(self) -> Controls:
        """What an example may fill in, by name."""
        return {"prompt": self.prompt, **self.own.fields}


def build_reruns() -> Reruns:
    """Lay the tab out: the prompt, then a section for each question about it."""
    prompt = gr.Textbox(
        "",
        label=word("common.prompt"),
        show_label=False,
        lines=2,
        max_lines=12,
        elem_id="reruns-prompt",
        interactive=True,
        placeholder=word("reruns.prompt.placeholder"),
    )
    with gr.Tabs(elem_id="reruns-sections"):
        with gr.Tab(word("reruns.answers.tab"), id="answers"):
            own, declared = _answers(prompt)
        with gr.Tab(word("reruns.determinism.tab"), id="determinism") as determinism:
            declared += build_sections("Reruns/Determinism")
            heading(word("reruns.lossless.label"), word("reruns.lossless.about"))
            table = plain_table(word("reruns.lossless.label"), elem_id="reruns-lossless")
        with gr.Tab(word("reruns.load.tab"), id="load"):
            declared += build_sections("Reruns/Load")
    return Reruns(prompt, own, declared, determinism, table)


def _answers(prompt: gr.Textbox) -> tuple[Section, list[Section]]:
    """The reruns, and the ladder of temperatures, which takes their fields."""
    with gr.Row(elem_classes="rerun-options"):
        fields = _fields()
    with gr.Row(elem_classes="actions"):
        run = gr.Button(word("common.run"), variant="primary", elem_id="reruns-run", elem_classes="run-key")
        stop = gr.Button(word("common.stop"), elem_id="reruns-stop", elem_classes="stop-key", interactive=False)
    bar = section_bar(RERUN, PANE, "#reruns-prompt textarea, .rerun-results")
    news = notice(pane=PANE, elem_classes="notice")
    state = status_line(word("common.ready"), pane=PANE, look="figures", elem_id=f"{PANE}-status")
    with gr.Column(elem_classes="reruns"):
        gr.HTML(markup("reruns_empty"), elem_classes="card rerun-empty")
        with gr.Column(elem_classes="rerun-results"):
            drawings = _results()
    price_table([(word("page.reruns.tab"), PANE)], "runs", elem_id="reruns-prices")
    shown = (state, *(drawings[name] for name in _NAMES))
    own = Section(RERUN, run, stop, bar, fields | {"prompt": prompt}, news, shown)
    return own, build_sections("Reruns", fields)


def _fields() -> Controls:
    """Those of the request, which the ladder of temperatures takes too."""
    items = RerunRequest.items()
    count = gr.Number(
        items["n"].default,
        label=word("reruns.runs_2_200.label"),
        minimum=2,
        maximum=200,
        precision=0,
        step=1,
        elem_id="rerun-count",
        interactive=True,
    )
    seeds = [(one, word(f"reruns.seeds.{one}"), word(f"reruns.seeds.{one}.about")) for one in _SEEDS]
    chosen = choice(word("reruns.seeds.label"), items["seeds"].default, seeds, elem_id="rerun-seeds")
    words = gr.Textbox(label=word("reruns.mentions_look_for.label"), lines=1, max_lines=6,
                       placeholder=word("reruns.mentions_look_for.placeholder"), elem_id="rerun-mentions",
                       interactive=True)  # fmt: skip
    return {"n": count, "seeds": chosen, "mentions": words}


def _results() -> dict[str, gr.HTML]:
    """The panels by name: mentions first, then where the answers part, then the rest."""
    made = {
        "headline": headline(elem_classes="card headline"),
        "mentions": mentions(elem_classes="card mentions"),
        "tree": fork_tree(elem_classes="card fork-tree"),
    }
    with gr.Row(elem_classes="pair"):
        made |= {"agreement": _chart("agreement"), "entropy": _chart("entropy")}
    made["answers"] = answers(elem_classes="card answers")
    with gr.Row(elem_classes="pair"):
        made |= {"numbers": figures(elem_classes="card figures"), "lengths": _chart("lengths")}
    made["heat"] = heat(elem_classes="card heat")
    return made


def _chart(name: str) -> gr.HTML:
    return chart(label=_NAMES[name].label, elem_classes="card", height=_NAMES[name].height)


def wire_reruns(front: gr.Tab, tab: Reruns, controls: Controls, runner: Runner, pages: Pages) -> None:
    """Run, stop, save and open; words to look for are counted as they are typed. `controls` are the sidebar's."""
    words, counts = tab.own.fields["mentions"], _Counts(pages)
    ladder = next(one for one in tab.declared if one.experiment is TEMPERATURES)
    counted = [*(tab.own.shown[1 + list(_NAMES).index(name)] for name in _COUNTED), *ladder.shown[1:]]
    words.change(  # `input` does not fire for pasted or deleted text
        counts.recount, words, [*counted, tab.own.notice], **NEWEST
    )

    def fill(request: gr.Request) -> Any:
        return panel_value(lossless(pages.documents(session_of(request))))

    gr.on([front.select, tab.determinism.select], fill, None, tab.lossless, concurrency_limit=None, **QUIET)
    counted[0].input(None, counted[0], controls["max_new_tokens"], js="(value) => JSON.parse(value).raise", **QUIET)
    for section in (tab.own, *tab.declared):
        if "prompt" not in section.fields:
            section = replace(section, fields=section.fields | {"prompt": tab.prompt})
        ended = wire_section(section, controls, runner, pages)
        if section.experiment is LADDER:
            ended.then(fill, None, tab.lossless, **QUIET)
        if words in section.fields.values():
            ended.then(counts.settle, words, counted, concurrency_limit=None, **QUIET)


class _Counts:
    """Counts words in the answers that a page has; nothing runs again. A saved file is as shown."""

    def __init__(self, pages: Pages):
        self._reruns, self._ladders = pages.slot(RERUN.name), pages.slot(TEMPERATURES.name)
        self._nothing = tuple(gr.skip() for _ in range(len(_COUNTED) + len(TEMPERATURE_VIEW.panels)))

    async def recount(self, text: Any, request: gr.Request) -> tuple[Any, ...]:
        """Those typed now; what was counted before stays if they can't be."""
        await asyncio.sleep(_TYPING_S)
        try:
            return *await asyncio.to_thread(self._count, text, session_of(request)), {}
        except PlaygroundError as error:
            return *self._nothing, refused(word("reruns.not_counted"), error)

    async def settle(self, text: Any, request: gr.Request) -> tuple[Any, ...]:
        """Those typed while it ran."""
        with suppress(PlaygroundError):  # the field said so
            return await asyncio.to_thread(self._count, text, session_of(request))
        return self._nothing

    def _count(self, text: Any, session: str) -> tuple[Any, ...]:
        """The panels that show mentions, and those of the temperatures, as far as there are any.

        Raises:
            PlaygroundError: Too many, or one can't be searched for.
        """
        words = read_request(RerunRequest, {"mentions": text or "", "model": "", "prompt": "-"}).mentions
        panels, ladder = list(self._nothing[: len(_COUNTED)]), list(self._nothing[len(_COUNTED) :])
        ticket = self._reruns.last(session)
        if ticket is not None and isinstance(ticket.record, RerunRecord):
            ticket.record = with_mentions(ticket.record, words)
            drawn = mentions_of(ticket.record)
            panels = [panel_value(drawn[name]) for name in _COUNTED]
        ticket = self._ladders.last(session)
        if ticket is not None and isinstance(ticket.record, TemperatureLadderRecord):
            rungs = [with_mentions(rung, words) for rung in ticket.record.rungs]
            ticket.record = ticket.record.model_copy(update={"rungs": rungs})
            drawn = TEMPERATURE_VIEW.draw(Sofar(record=ticket.record))
            ladder = [panel_value(drawn[one.name]) for one in TEMPERATURE_VIEW.panels]
        return *panels, *ladder
