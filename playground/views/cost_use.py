"""Where Cost uses a number that was measured: its calculator and input, and what the page's link needs."""

from decimal import Decimal

from playground.experiments.costing.facts import facts_of
from playground.experiments.costing.fields import load_cost_fields
from playground.experiments.costing.sections import SECTIONS
from playground.paths import presets_dir
from playground.runs.records import Document
from playground.views.format import format_figure
from playground.views.panels import Drawn
from playground.views.run import packed


def cost_use(document: Document) -> Drawn | None:
    """The first number of a document that is an input of a calculator, and the first calculator that has it.

    Its value is that of the page's part `cost_use`; terminal and report get a sentence. None where Cost uses nothing.
    """
    for source in facts_of([document]):
        for name, fact in source.facts.items():
            section = next((one for one in SECTIONS if name in one.fields), None)
            if section is None or not isinstance(fact.value, Decimal):
                continue
            field = load_cost_fields(presets_dir() / "cost.yaml").find(name)
            figure = format_figure(fact.value, field.unit)
            value = {"source": source.to_plain(), "section": section.id, "field": name}
            value |= {"panel": section.title, "label": field.label, "figure": figure}
            said = f"Cost takes it as measured, in {section.title}: {field.label}, {figure}."
            return Drawn(packed(value), [said])
    return None
