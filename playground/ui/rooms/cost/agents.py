"""Agents, really run: a loop of answers and tool results on the local model. A section of Cost: layout, wiring."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from playground.errors import PlaygroundError
from playground.experiments.agents.records import AgentRecord
from playground.experiments.agents.request import (
    AGENT_LIMITS,
    DEFAULT_ANSWER_TOKENS,
    DEFAULT_TASK,
    AgentRequest,
    check_agent,
    default_document,
)
from playground.experiments.agents.run import agent_loop
from playground.runs.services import Runner
from playground.settings import LIMITS
from playground.ui.components.charts import chart
from playground.ui.components.forms import download, menu, open_file, text_line
from playground.ui.components.status import notice, status_line
from playground.ui.components.tables import plain_table
from playground.ui.components.tokens import transcript
from playground.ui.rooms.cost.agent_live import AgentView
from playground.ui.rooms.reruns.ladder_live import opened_view
from playground.ui.rooms.sidebar.controls import priced, settings_of
from playground.ui.shell.common import Controls, note
from playground.ui.shell.lab_section import LabSection, Work, wire_lab
from playground.ui.shell.pages import Pages
from playground.ui.shell.saving import MAX_OPENED_BYTES, opened

PANE = "agents"
_TITLE = (
    '<h2>The same loop, really run</h2><p class="sub">The model of the sidebar answers, a tool looks something up in a '
    "document, its result is the next message, and so on. What each step reads and how long it takes is measured, and "
    "stands beside what the formulas say. The tool is called on every answer: this measures the loop, not the model's "
    "skill.</p>"
)
_TOOLS = (
    ("next", "Next passage", None),
    ("search", "Search: most shared words", None),
)
_STRATEGIES = (
    ("full", "Resend all", None),
    ("truncated", "Keep the last steps", None),
    ("summarised", "Replace by a summary", None),
)
_NUMBERS = {
    "steps": (8, "Steps"),
    "answer_tokens": (DEFAULT_ANSWER_TOKENS, "Most tokens of an answer"),
    "passage_tokens": (48, "Tokens of a passage"),
    "keep_steps": (2, "Steps kept"),
    "summary_every": (3, "Summary every … steps"),
    "summary_tokens": (64, "Most tokens of a summary"),
}


def build_agents() -> LabSection:
    """Lay the section out."""
    with gr.Column(elem_classes="lab", elem_id="agents"):
        gr.HTML(_TITLE, elem_classes="lab-title")
        fields = _fields()
        with gr.Row(elem_classes="actions"):
            run = gr.Button("Run the loop", variant="primary", elem_id="agents-run")
            stop = gr.Button("Stop", elem_id="agents-stop", elem_classes="stop-key", interactive=False)
            save = gr.Button("Save as JSON", elem_id="agents-save")
            open_it = open_file("Open", accept=".json", max_bytes=MAX_OPENED_BYTES, elem_id="agents-open")
        state = status_line("Not run yet.", pane=PANE, elem_id="agents-stage")
        news = notice(pane=PANE, elem_classes="notice")
        with gr.Column(elem_classes="lab-results"):
            results = _results()
    return LabSection(run, stop, save, open_it, fields, news, download(), (state, *results))


def _fields() -> Controls:
    with gr.Row(elem_classes="agents-texts"):
        task = gr.Textbox(DEFAULT_TASK, label="Task", lines=3, max_lines=8, interactive=True, elem_id="agents-task")
        document = gr.Textbox(
            default_document(), label="Document that the tool reads", lines=3, max_lines=3, interactive=True,
            elem_id="agents-document",
        )  # fmt: skip
    with gr.Row(elem_classes="agents-fields"):
        tool = menu("Tool", "next", _TOOLS, elem_id="agents-tool")
        strategy = menu("History", "full", _STRATEGIES, elem_id="agents-strategy")
        numbers = {
            name: gr.Number(value, label=label, precision=0, interactive=True, elem_id=f"agents-{name}")
            for name, (value, label) in _NUMBERS.items()
        }
        without = gr.Checkbox(True, label="Also without cache", interactive=True, elem_id="agents-without")
    return {"task": task, "document": document, "tool": tool, "strategy": strategy, **numbers, "without": without}


def _results() -> tuple[gr.HTML, ...]:
    told = text_line(elem_id="agents-told")
    with gr.Row(elem_classes="agents-charts"):
        read = chart(label="Input tokens of all steps so far", height=240, summary=True, elem_id="agents-input")
        times = chart(label="Time to first token of each step", height=240, summary=True, elem_id="agents-ttft")
    table = plain_table("Every step, predicted and measured", elem_id="agents-table")
    with gr.Accordion("What was said", open=False, elem_id="agents-said"):
        said = transcript(pane=PANE, empty="Each step appears here when it has ended.", elem_id="agents-turns")
    return told, read, times, table, said


def agent_request(values: Mapping[str, Any]) -> AgentRequest:
    """What the section and the sidebar ask for.

    Raises:
        PlaygroundError: Names the value that is wrong.
    """
    texts = ("task", "document", "model", "quantization", "tool", "strategy")
    if not all(isinstance(values[name], str) for name in texts):
        raise PlaygroundError("Task, document, model, quantization, tool and history must be text.")
    numbers: dict[str, Any] = {name: _whole(label, name, values[name]) for name, (_, label) in _NUMBERS.items()}
    most = numbers.pop("answer_tokens")
    return AgentRequest(
        **{name: values[name] for name in texts},
        **numbers,
        settings=settings_of({**values, "max_new_tokens": most}),
        without_cache=values["without"] is True,
    )


def _whole(label: str, name: str, value: Any) -> int:
    limit = AGENT_LIMITS.get(name, LIMITS["max_new_tokens"])
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not limit.holds(value) or value != int(value):
        raise PlaygroundError(f"{label} must be a whole number {limit}; got {value!r:.60}.")
    return int(value)


def wire_agents(section: LabSection, controls: Controls, runner: Runner, pages: Pages) -> Any:
    """Run, stop, save and open; returns the event at whose end the loop is over.

    Args:
        section: Its parts.
        controls: Those of the sidebar by field name; of them come model, quantization, settings and prices.
        runner: Answers.
        pages: Own the loop.
    """
    slot = pages.slot("agent")

    def start(values: dict[str, Any]) -> tuple[AgentView, Work]:
        asked = agent_request(values)
        check_agent(runner, asked)
        at_prices = priced(runner, values)
        return AgentView(asked.task), lambda stop: agent_loop(at_prices, asked, stop)

    def show(text: Any, session: str) -> list[Any]:
        try:
            record = opened(text, AgentRecord)
        except PlaygroundError as error:
            return [*[gr.skip()] * len(section.shown), note("This file was not opened.", str(error), kind="problem")]
        return [*opened_view(AgentView(), record, slot, session), gr.skip()]

    return wire_lab(section, {**controls, **section.fields}, start, show, slot)
