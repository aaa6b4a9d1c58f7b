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
from playground.ui.shell.common import QUIET, Controls, named
from playground.ui.shell.section import heading
from playground.views.context import chips_value, languages_chart, tokens_summary

_TYPING_S = 0.2
_EXAMPLE = "How are “naïve” and 42 split? <|im_end|> 👍"
_ABOUT = (
    "What the model reads of a text: pieces and their ids. A message may spell out a control token; it is then read as "
    "plain text, unless you ask here to see what would happen without that guard."
)


@dataclass(frozen=True)
class Tokenizer:
    """The parts of the card; `shown` are the counts, the chips and the languages."""

    fields: Controls
    shown: tuple[gr.HTML, ...]


def build_tokenizer() -> Tokenizer:
    """Lay the card out."""
    with gr.Column(elem_classes="card", elem_id="context-tokens"):
        heading("Text to tokens", _ABOUT)
        text = gr.Textbox(_EXAMPLE, label="Text to tokenize", lines=2, max_lines=8, interactive=True)
        with gr.Row(elem_classes="context-checks"):
            chat = gr.Checkbox(False, label="Wrap in the chat template", interactive=True)
            inject = gr.Checkbox(False, label="Read control tokens (shows injection)", interactive=True)
        counts = text_line("", elem_id="context-tokens-told")
        chips = token_chips("Tokens of the text", elem_id="context-tokens-chips", empty="Tokens appear here.")
        languages = chart(
            label="Characters per token by language", height=220, summary=True, elem_id="context-languages",
            empty="The same text in several languages, counted by this tokenizer, appears here.",
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
        return "Tokens are shown once the chosen model is in memory.", "", ""
    chat, inject = bool(values["chat"]), bool(values["inject"])
    record = backend.tokenize(
        lambda tokenizer: tokens_of(tokenizer, model, text, chat=chat, inject=inject, system=system)
    )
    note = "dashed: template; bold frame: control token" if record.chat or record.inject else ""
    chips = chips_value(record.tokens, note=note)
    return tokens_summary(record), chips, languages_chart(record.languages, record.languages_source)
