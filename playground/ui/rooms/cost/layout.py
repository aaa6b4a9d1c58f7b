"""Cost: from one token to a month. A head with model and currency, one section a question. Layout, then wiring."""

from dataclasses import dataclass

import gradio as gr

from playground.experiments.costing.plans import ChartPlan, Section
from playground.experiments.costing.sections import SECTIONS
from playground.metrics.prices import price_list_date
from playground.runs.runner import Runner
from playground.ui.components.charts import bar_rows, chart
from playground.ui.components.cost import calculator, cost_bar, cost_figures, cost_offer
from playground.ui.components.status import notice
from playground.ui.components.tables import price_table
from playground.ui.components.words import word
from playground.ui.rooms.cost.events import CostEvents
from playground.ui.shell.bar import build_bar, wire_bar
from playground.ui.shell.common import NEWEST, QUIET, Controls
from playground.ui.shell.pages import Pages
from playground.ui.shell.section import Section as Declared
from playground.ui.shell.section import build_sections, wire_section

PANE = "cost"
_SHARED = ("reference_model", "hardware_usd_per_hour")  # in the order of `placed` in `scripts/cost.js`


@dataclass(frozen=True)
class Cost:
    """The parts of the tab that others wire."""

    bar: gr.HTML
    head: gr.HTML
    offer: gr.HTML
    notice: gr.HTML
    declared: list[Declared]


def build_cost() -> Cost:
    """Lay the tab out."""
    bar = build_bar(PANE, source="cost", picture="#cost-sections .cost-results", label=word("cost.calculation.label"))
    head = cost_bar(price_list_date(), elem_id="cost-bar", elem_classes="cost-head")
    news = notice(pane=PANE, elem_classes="notice")
    declared = list[Declared]()
    tabs = list(dict.fromkeys(section.tab for section in SECTIONS))
    with gr.Tabs(elem_id="cost-sections", overflow_behavior="wrap"):
        for tab in tabs:
            with gr.Tab(tab, id=tab.lower().replace(" ", "-")):
                for section in SECTIONS:
                    if section.tab == tab:
                        _build_section(section)
                declared += build_sections(f"Cost/{tab}")
    return Cost(bar, head, cost_offer(), news, declared)


def _build_section(section: Section) -> None:
    with gr.Row(elem_classes="cost-section"):
        calculator(section.id, title=section.title, elem_id=f"cost-{section.id}")
        with gr.Column(elem_classes="cost-results", min_width=0):
            cost_figures(section.id, title=section.title, lead=section.lead, elem_id=f"cost-{section.id}-figures")
            for plan in section.charts:
                with gr.Column(elem_classes="card", min_width=0):
                    _build_chart(plan)
            if section.id == "month":
                price_table([(word("page.cost.tab"), f"{PANE}-request")], "request", elem_id="cost-prices")


def _build_chart(plan: ChartPlan) -> None:
    if plan.kind == "xy":
        chart(label=plan.title, feed=plan.id, height=250, elem_id=plan.id,
              empty=word("cost.nothing_drawn_while.empty"))  # fmt: skip
    else:
        bar_rows(plan.id, label=plan.title, elem_id=plan.id)


def wire_cost(tab: gr.Tab, cost: Cost, controls: Controls, runner: Runner, pages: Pages) -> None:
    """Offer what was measured, here or in other tabs, when the tab opens; export, and open files."""
    events = CostEvents(pages)
    tab.select(events.offer, None, cost.offer, queue=False, **QUIET)
    wire_bar(cost.bar, events.give, cost.notice)
    shared, settings = [controls[name] for name in _SHARED], list(controls.values())
    placed = cost.head.input(None, None, shared, js="() => window.playground.cost.placed()", **QUIET)
    placed.then(None, settings, None, js="(...values) => window.playground.save(...values)", **QUIET)
    cost.bar.input(events.open, cost.bar, [cost.offer, cost.notice], **NEWEST)
    for one in cost.declared:
        wire_section(one, controls, runner, pages).then(events.offer, None, cost.offer, **QUIET)
