"""Context: what the model reads, what drops, what length costs; text as tokens. Layout, then wiring."""

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.runs.runner import Runner
from playground.settings import LIMITS
from playground.ui.components.feed import Feeds
from playground.ui.components.status import notice, status_line
from playground.ui.components.tokens import context_key, context_strip, token_chips, transcript
from playground.ui.components.words import word
from playground.ui.rooms.inside.context.chat import ChatEvents
from playground.ui.rooms.inside.context.tokens import Tokenizer, build_tokenizer, wire_tokenizer
from playground.ui.rooms.inside.looked import Filled, Looked
from playground.ui.shell.bar import build_bar, wire_bar
from playground.ui.shell.buttons import wire_run, wire_stop
from playground.ui.shell.common import QUIET, Controls
from playground.ui.shell.pages import Pages
from playground.ui.shell.section import Section, build_sections, heading, wire_section

PANE = "context-chat"
_LONGEST = 8192  # until the model's own limit is known


@dataclass(frozen=True)
class Context:
    """The parts of the section that change, and the tab that holds them."""

    tab: gr.Tab
    message: gr.Textbox
    limit: gr.Slider
    send: gr.Button
    stop: gr.Button
    new: gr.Button
    strip: gr.HTML
    key: gr.HTML
    chips: gr.HTML
    transcript: gr.HTML
    status: gr.HTML
    bar: gr.HTML
    notice: gr.HTML
    declared: list[Section]
    tokenizer: Tokenizer


def build_context(tab: gr.Tab, feeds: Feeds) -> Context:
    """Lay the section out; `tab` is the one that holds it, `feeds` are those of the page."""
    with gr.Column(elem_classes="context"):
        with gr.Column(elem_classes="card", elem_id="context-chat"):
            heading(word("inside.context_turn_by"), word("inside.everything_model_reads"))
            strip = context_strip(pane=PANE, empty=word("inside.strip_appears_here"), elem_id="context-strip")
            key = context_key(pane=PANE, elem_id="context-key")
            chips = token_chips(word("inside.tokens_chosen_part.label"), elem_id="context-zoom")
            limit = gr.Slider(
                LIMITS["context_length"].low,
                _LONGEST,
                value=_LONGEST,
                step=1,
                label=word("inside.context_length_here.label"),
                interactive=True,
                elem_classes=["context-limit", "plain-slider"],
                elem_id="context-limit",
            )
            turns = transcript(pane=PANE, empty=word("inside.no_turns_yet"), more=feeds.more(), elem_id="context-turns")
            message, send, stop, new = _ask()
            bar = build_bar(
                PANE, panes=[PANE], without=("open", "save", "table", "report"), label=word("inside.chat.label"),
                picture="#context-strip, #context-turns",
            )  # fmt: skip
            state = status_line(word("inside.no_message_sent"), pane=PANE, elem_id="context-stage")
            news = notice(pane=PANE, elem_classes="notice")
        declared = build_sections("Inside/Context")
        tokenizer = build_tokenizer()
    return Context(
        tab, message, limit, send, stop, new, strip, key, chips, turns, state, bar, news, declared, tokenizer
    )  # fmt: skip


def _ask() -> tuple[gr.Textbox, gr.Button, gr.Button, gr.Button]:
    with gr.Row(elem_classes="context-ask"):
        message = gr.Textbox(
            "", label=word("inside.message.label"), lines=1, max_lines=8, interactive=True, elem_id="context-message"
        )
        with gr.Row(elem_classes="actions"):
            send = gr.Button(
                word("inside.send.button"), variant="primary", elem_id="context-send", elem_classes="run-key"
            )
            stop = gr.Button(word("common.stop"), elem_id="context-stop", elem_classes="stop-key", interactive=False)
            new = gr.Button(word("inside.new_chat.button"), elem_id="context-new")
    return message, send, stop, new


def wire_context(section: Context, looked: Looked, controls: Controls, runner: Runner, pages: Pages) -> Filled:
    """Wire the section: the chat, the experiments, and the tokenizer."""
    fields: Controls = {**controls, "message": section.message, "limit": section.limit}
    events = ChatEvents(fields, runner, looked, pages)
    _wire_chat(section, events, fields)
    wire_stop(section.stop, pages.slot("chat"))
    wire_bar(section.bar, events.give, section.notice, controls)
    section.tab.select(events.longest, [controls["model"], section.limit], section.limit, queue=False, **QUIET)
    for one in section.declared:
        wire_section(one, controls, runner, pages)
    wire_tokenizer(section.tokenizer, section.tab, controls, runner)

    def fill(request: gr.Request) -> dict[Component, Any]:
        strip = events.fill(request)  # a skipped value would reset the properties of a part that is not drawn yet
        return {} if strip is None else {section.strip: strip}

    return (section.strip,), fill


def _wire_chat(section: Context, events: ChatEvents, fields: Controls) -> None:
    everything = set(fields.values())
    shown = [section.message, section.transcript, section.strip, section.status]
    options: dict[str, Any] = {"concurrency_limit": None, **QUIET}
    begin = [section.send.click, section.message.submit]
    wire_run(section.send, section.stop, (events.send, everything, shown), on=begin)
    new = [section.message, section.strip, section.transcript, section.status]
    section.new.click(events.begin, everything, new, **options)
    inputs = ("message", "limit", "model", "system", "raw", "max_new_tokens")
    changes = [fields[name].change for name in inputs]
    gr.on(changes, events.preview, everything, section.strip, trigger_mode="always_last", **options)
    section.key.input(events.zoom, section.key, section.chips, **options)
