"""Play: one prompt, its answer token by token, with every meter. Layout, then wiring."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.data.examples import Example
from playground.data.presets import ExamplePrompt
from playground.errors import PlaygroundError
from playground.runs.records import RunRecord
from playground.runs.runner import Runner
from playground.ui.components.charts import timeline
from playground.ui.components.feed import Feeds
from playground.ui.components.forms import Option, download, menu, text_line
from playground.ui.components.meters import meter_line, meters
from playground.ui.components.status import notice, status_line
from playground.ui.components.tables import price_table
from playground.ui.components.tokens import inspector, token_view
from playground.ui.components.words import word
from playground.ui.rooms.play.gallery import build_gallery
from playground.ui.shell.bar import build_bar, wire_bar
from playground.ui.shell.buttons import wire_run, wire_stop
from playground.ui.shell.common import Controls, named, session_of
from playground.ui.shell.controls import elem_id_of, make_request, priced
from playground.ui.shell.follow import Due, failure
from playground.ui.shell.live import RunView, run_frames
from playground.ui.shell.pages import Pages, Ticket
from playground.views import run as views
from playground.views.hidden import hidden_text
from playground.views.saved_run import saved_lines

PANE = "play"
_PREVIEW_DELAY_S = 0.25


@dataclass(frozen=True)
class Play:
    """The parts of the tab, to be wired."""

    prompt: gr.Textbox
    run: gr.Button
    stop: gr.Button
    bar: gr.HTML
    preview: gr.HTML
    examples: gr.HTML
    gallery: gr.HTML
    notice: gr.HTML
    tokens: gr.HTML
    status: gr.HTML
    meters: gr.HTML
    download: gr.HTML


def build_play(
    examples: Sequence[ExamplePrompt], first: Mapping[str, Example], recorded: RunRecord, feeds: Feeds
) -> Play:
    """Lay the tab out: prompt, then what a new page shows, then an answer with its meters."""
    prompt, run, stop = _ask()
    bar = build_bar(
        PANE, kinds=["run"], panes=[PANE], picture="#prompt textarea, .answer", label=word("play.run.label"),
        ids={"save": "save-button", "link": "share-button"},
    )  # fmt: skip
    with gr.Row(elem_classes="under"):
        preview = text_line("", elem_id="preview")
        options: list[Option] = [
            ("", word("play.examples.choose"), None),
            *((one.id, one.title, None) for one in examples),
        ]
        chosen = menu(
            word("play.examples.label"), "", options, elem_id="examples", hints={one.id: one.why for one in examples}
        )
    cards = build_gallery(first, recorded)
    news = notice(pane=PANE, elem_id="play-notice", elem_classes="notice")
    with gr.Column(elem_classes="answer", min_width=0):
        meter_line(pane=PANE, opens="meters", elem_classes="meter-line")
        gauges = meters(pane=PANE, elem_id="meters", elem_classes="meters")
        with gr.Column(elem_classes="card sized"), gr.Row(elem_classes="beside"):
            with gr.Column(elem_classes="said", min_width=0):
                lines = saved_lines(recorded, recorded=True)
                tokens = token_view(
                    pane=PANE, placeholder=word("play.answer_appears_here"), more=feeds.more(), value=lines
                )
                state = status_line(word("common.opening_page"), pane=PANE, look="legend")
            inspector(pane=PANE, elem_classes="sized")
        with gr.Column(elem_classes="card"):
            timeline(pane=PANE)
    price_table([(word("page.play.tab"), PANE)], "run", elem_id="play-prices")
    return Play(prompt, run, stop, bar, preview, chosen, cards, news, tokens, state, gauges, download())


def _ask() -> tuple[gr.Textbox, gr.Button, gr.Button]:
    """The prompt and its buttons."""
    with gr.Row(elem_classes="ask"):
        prompt = gr.Textbox(
            "",
            label=word("common.prompt"),
            show_label=False,
            lines=2,
            max_lines=12,
            elem_id=elem_id_of("prompt"),
            interactive=True,
            placeholder=word("play.prompt.placeholder"),
        )
        with gr.Row(elem_classes="actions"):
            run = gr.Button(word("common.run"), variant="primary", elem_id="run-button")
            stop = gr.Button(word("common.stop"), elem_id="stop-button", interactive=False)
    return prompt, run, stop


def wire_play(play: Play, controls: Controls, runner: Runner, pages: Pages) -> None:
    """Run, stop, and what the bar gives."""
    slot = pages.slot("play")

    async def answer(data: dict[Component, Any], request: gr.Request) -> AsyncIterator[tuple[Any, Any, Any]]:
        try:
            values = named(controls, data)
            wanted, at_prices = make_request(values), priced(runner, values, request)
            at_prices.check(wanted.model, wanted.quantization)  # refused, it leaves the last answer in its place
        except PlaygroundError as error:
            yield gr.skip(), gr.skip(), failure(error)
            return
        ticket = slot.begin(session_of(request))
        async with aclosing(run_frames(at_prices, wanted, ticket)) as run:
            async for values in _values(run, ticket, pages):
                yield values

    shown = [play.tokens, play.meters, play.status]
    wire_run(play.run, play.stop, (answer, set(controls.values()), shown), seed=controls)
    wire_stop(play.stop, slot)
    wire_bar(play.bar, slot, play.notice, controls)


async def _values(
    run: AsyncGenerator[RunView], ticket: Ticket, pages: Pages
) -> AsyncIterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Values of tokens, meters and status at the start and the end; between them the page polls the feed."""
    view = await anext(run)
    pages.publish(view.feed, ticket)
    begun, due = (view.head, {}, view.status), Due()
    async for _ in run:
        if due(begun):
            yield begun
    await view.feed.taken()
    yield view.head, await asyncio.to_thread(lambda: view.meters), view.status


async def preview_of(runner: Runner, values: dict[str, Any]) -> str:
    """What would be sent, in words; empty while there is no prompt."""
    await asyncio.sleep(_PREVIEW_DELAY_S)  # while a person types, the page sends one request at a time, then the newest
    if not str(values.get("prompt") or "").strip():
        return ""
    try:
        request = make_request(values)
        prepared = await asyncio.to_thread(runner.preview, request)
    except PlaygroundError as error:
        return str(error)
    unseen = hidden_text([request.prompt, request.settings.system, *request.settings.stop])
    if prepared is None:
        return " ".join([word("play.not_counted"), unseen]).strip()
    return " ".join([views.preview_text(prepared, request.settings.max_new_tokens), unseen]).strip()
