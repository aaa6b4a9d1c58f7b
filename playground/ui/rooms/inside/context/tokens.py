"""A card of the Context section: any text as the model's tokenizer reads it. Layout, then wiring."""

import asyncio
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from playground.errors import PlaygroundError
from playground.experiments.context.tokens import tokens_of
from playground.runs.runner import Runner
from playground.ui.components.charts import chart
from playground.ui.components.forms import text_line
from playground.ui.components.tokens import token_chips
from playground.ui.components.words import word
from playground.ui.shell.common import QUIET, Controls, named
from playground.ui.shell.section import heading
from playground.views.context import chips_value, languages_chart, tokens_summary

_TYPING_S = 0.2
_EXAMPLE = "How are “naïve” and 42 split? <|im_end|> 👍"


@dataclass(frozen=True)
class Tokenizer:
    """The parts of the card; `shown` are the counts, the chips and the languages."""

    fields: Controls
    shown: tuple[gr.HTML, ...]


def build_tokenizer() -> Tokenizer:
    """Lay the card out."""
    with gr.Column(elem_classes="card", elem_id="context-tokens"):
        heading(word("inside.text_tokens"), word("inside.what_model_reads"))
        text = gr.Textbox(_EXAMPLE, label=word("inside.text_tokenize.label"), lines=2, max_lines=8, interactive=True)
        with gr.Row(elem_classes="context-checks"):
            chat = gr.Checkbox(False, label=word("inside.wrap_chat_template.label"), interactive=True)
            inject = gr.Checkbox(False, label=word("inside.read_control_tokens.label"), interactive=True)
        counts = text_line("", elem_id="context-tokens-told")
        chips = token_chips(
            word("inside.tokens_text.label"),
            elem_id="context-tokens-chips",
            empty=word("inside.tokens_appear_here.empty"),
        )
        languages = chart(
            label=word("inside.characters_per_token.label"), height=220, summary=True, elem_id="context-languages",
            empty=word("inside.characters_per_token.empty"),
        )  # fmt: skip
    return Tokenizer({"text": text, "chat": chat, "inject": inject}, (counts, chips, languages))


def wire_tokenizer(card: Tokenizer, tab: gr.Tab, controls: Controls, runner: Runner) -> None:
    """Read the text again when it, a switch, the system prompt or the model changes, and when the tab opens."""
    fields: Controls = {**card.fields, "model": controls["model"], "system": controls["system"]}

    async def read(data: dict[Component, Any]) -> tuple[Any, Any, Any]:
        await asyncio.sleep(_TYPING_S)
        try:
            return await asyncio.to_thread(_read, runner, named(fields, data))
        except PlaygroundError as error:
            return str(error), "", gr.skip()

    triggers = [tab.select, *(control.change for control in fields.values())]
    options: dict[str, Any] = {"trigger_mode": "always_last", "concurrency_limit": None, **QUIET}
    gr.on(triggers, read, set(fields.values()), list(card.shown), **options)


def _read(runner: Runner, values: dict[str, Any]) -> tuple[str, str, str]:
    text, model, system = values["text"], values["model"], values["system"]
    if not all(isinstance(one, str) for one in (text, model, system)):
        raise PlaygroundError("Text, model and system prompt must be text.")
    backend = runner.loaded(model)
    if backend is None:
        return word("inside.not_shown_yet"), "", ""
    chat, inject = bool(values["chat"]), bool(values["inject"])
    record = backend.tokenize(
        lambda tokenizer: tokens_of(tokenizer, model, text, chat=chat, inject=inject, system=system)
    )
    note = word("inside.frames") if record.chat or record.inject else ""
    chips = chips_value(record.tokens, note=note)
    return tokens_summary(record), chips, languages_chart(record.languages, record.languages_source)
