"""The sweep section laid out: one setting, its values, the estimate; small multiples and a plot."""

from dataclasses import dataclass

import gradio as gr

from playground.ui.components.base import markup
from playground.ui.components.charts import chart, multiples
from playground.ui.components.forms import menu, text_line
from playground.ui.components.status import notice, status_line
from playground.ui.components.words import word
from playground.ui.rooms.compare.pane_values import READY
from playground.ui.rooms.compare.sweep_views import SWEPT
from playground.ui.shell.bar import build_bar

PANE = "sweep"


@dataclass(frozen=True)
class Sweep:
    """The parts of the section that change."""

    name: gr.HTML
    values: gr.Textbox
    run: gr.Button
    anyway: gr.Button
    stop: gr.Button
    bar: gr.HTML
    estimate: gr.HTML
    notice: gr.HTML
    status: gr.HTML
    metric: gr.HTML
    plot: gr.HTML
    cells: gr.HTML

    @property
    def filled(self) -> list[gr.HTML | gr.Textbox | gr.Button]:
        """The parts that a saved sweep fills."""
        return [self.name, self.values, self.estimate, self.notice, self.status, self.metric, self.plot, self.cells]


def build_sweep() -> Sweep:
    """Lay the section out."""
    with gr.Column(elem_classes="card sweep", elem_id="sweep"):
        gr.HTML(markup("sweep_head"))
        with gr.Row(elem_classes="sweep-ask"):
            name = menu(word("compare.setting.label"), "temperature", SWEPT, elem_id="sweep-setting")
            values = gr.Textbox(
                "0, 0.5, 1, 1.5",
                label=word("compare.values.label"),
                max_lines=1,
                max_length=2000,
                elem_id="sweep-values",
                interactive=True,
            )
            with gr.Row(elem_classes="actions"):
                run = gr.Button(word("compare.run_sweep.button"), elem_id="sweep-run")
                stop = gr.Button(word("common.stop"), elem_id="sweep-stop", elem_classes="stop-key", interactive=False)
        bar = build_bar(
            "sweep",
            kinds=["sweep", "compare"],
            panes=[PANE],
            picture="#sweep-plot, #sweep-cells",
            label=word("compare.sweep.label"),
        )
        estimate = text_line("", elem_id="sweep-estimate")
        news = notice(pane=PANE, elem_classes="notice")
        anyway = gr.Button(
            word("compare.run_anyway"), elem_id="sweep-anyway", size="sm"
        )  # shown while the notice is open
        state = status_line(word("common.opening_page"), pane=PANE, look="legend")
        state.value = READY
        metric = menu(word("compare.plot.label"), "", [], elem_id="sweep-metric")
        plot = chart(label=word("compare.metric_against_value.label"), elem_id="sweep-plot", visible=False)
        metric.visible = False  # until there is something to plot
        cells = multiples(elem_id="sweep-cells")
    return Sweep(name, values, run, anyway, stop, bar, estimate, news, state, metric, plot, cells)
