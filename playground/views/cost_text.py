"""A cost calculation as text for a terminal."""

from collections.abc import Sequence

from playground.experiments.costing.fields import CostFields
from playground.experiments.costing.plans import Section
from playground.experiments.costing.records import CostSheet
from playground.experiments.costing.sections import section_of
from playground.experiments.costing.words import matters, source_words
from playground.views.cost_words import headline, input_text, sheet_figure, verdict_text
from playground.views.format import count_of

_SOURCE_CHARS = 90


def cost_text(sheet: CostSheet, fields: CostFields) -> str:
    """Amounts, every figure by calculator, every input with its source, the prices' date and the notes."""
    parts = [_table(list(headline(sheet))), *(_section(section_of(id), sheet, fields) for id in sheet.sections)]
    parts += [_inputs(sheet, fields), _closing(sheet)]
    return "\n\n".join(part for part in parts if part)


def _section(section: Section, sheet: CostSheet, fields: CostFields) -> str:
    rows = [(figure.label, sheet_figure(figure, section.id, sheet)) for figure in section.figures]
    used = [sheet.prices[id].title for id in sheet.models_of(section.id)[: 2 if section.id == "cascade" else 1]]
    head = f"{section.title}, {' before '.join(reversed(used))}"
    return "\n".join(part for part in (head, _table(rows), verdict_text(section, sheet, fields)) if part)


def _inputs(sheet: CostSheet, fields: CostFields) -> str:
    rows = []
    for name, value in sheet.assumptions.items():
        field, source = fields.find(name), sheet.sources[name]
        if not matters(field, sheet):
            continue
        rows.append((field.label, input_text(value, field), _short(source_words(source))))
    if "example" in sheet.sections:
        rows.append(("Lengths of answers", count_of(len(sheet.output_lengths), "run"), _short(sheet.lengths_source)))
    return "Inputs\n" + _table(rows)


def _short(text: str) -> str:
    return text if len(text) <= _SOURCE_CHARS else f"{text[:_SOURCE_CHARS]}..."


def _closing(sheet: CostSheet) -> str:
    code, rate = sheet.currency.code, sheet.currency.per_usd
    money = [] if code == "USD" else [f"Amounts in {code}: 1 USD is {rate.normalize():f} {code}."]
    return "\n".join([f"List prices of {sheet.prices_as_of}.", *money, *sheet.notes])


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    """Columns as wide as their widest cell, numbers right-aligned; the last as it is."""
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    return "\n".join(
        "  ".join((f"  {row[0]:<{widths[0]}}", f"{row[1]:>{widths[1]}}", *row[2:])).rstrip() for row in rows
    )
