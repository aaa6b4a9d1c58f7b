"""The charts of a calculator, from its plan and a finished sheet: the same as on the page, for a file."""

from decimal import Decimal
from typing import cast

from playground.experiments.costing.fields import CostFields
from playground.experiments.costing.plans import ChartPlan, Section
from playground.experiments.costing.records import CostSheet
from playground.views.cost_words import figure_text, input_text
from playground.views.spec import Axis, ChartSpec, Colour, Kind, Mark, Series
from playground.views.svg_chart import chart_svg
from playground.views.svg_rows import Row, Rows, rows_svg

_LOW, _HIGH = 2, 3
_UNNAMED = ("share", "requests/day")  # units that the label says


def drawing(plan: ChartPlan, section: Section, sheet: CostSheet, fields: CostFields) -> str:
    """A chart as SVG text, fully escaped."""
    if plan.kind == "xy":
        return chart_svg(chart_of(plan, section, sheet))
    return rows_svg(rows_of(plan, section, sheet, fields))


def chart_of(plan: ChartPlan, section: Section, sheet: CostSheet) -> ChartSpec:
    """A plan of kind `xy` with its numbers; amounts in the sheet's currency."""
    result = sheet.sections[section.id]

    def to_x(value: Decimal) -> float:
        return _amount(value, plan.x[1], sheet)

    def ends(key: str) -> list[float]:
        return [_amount(point[1], plan.y[1], sheet) for point in result.series[key]] if key else []

    series = [
        Series(
            line.name, cast(Kind, line.kind),
            [(to_x(point[0]), _amount(point[1], plan.y[1], sheet)) for point in result.series[line.key]],
            cast(Colour, line.colour), low=ends(line.low), high=ends(line.high),
        )
        for line in plan.lines
    ]  # fmt: skip
    last = max((x for one in series for x, _ in one.points), default=0.0)
    known = result.figures | {name: sheet.assumptions[name] for name in section.inputs}
    marks = [(to_x(known[name]), label) for name, label in plan.marks if name in known]
    never = f"{plan.never}. " if plan.never and marks and marks[0][0] == 0 else ""
    last_y = [f"{line.name} ends at {_figure(result.series[line.key][-1][1], plan.y[1], sheet)}" for line in plan.lines]
    return ChartSpec(
        _axis(plan.x, sheet), _axis(plan.y, sheet), series,
        marks=[Mark(x, label) for x, label in marks if 0 < x <= last], title=plan.title,
        summary=f"{never}{'; '.join(last_y)}.",
    )  # fmt: skip


def rows_of(plan: ChartPlan, section: Section, sheet: CostSheet, fields: CostFields) -> Rows:
    """A plan of kind `tornado` or `models` with its numbers: the widest first, or the cheapest."""
    return _tornado(plan, section, sheet, fields) if plan.kind == "tornado" else _models(plan, section, sheet)


def _tornado(plan: ChartPlan, section: Section, sheet: CostSheet, fields: CostFields) -> Rows:
    (line,), unit, result = plan.lines, plan.x[1], sheet.sections[section.id]
    rows = []
    for place, low, high in sorted(result.series[line.key], key=lambda row: row[1] - row[2]):
        name = plan.categories[int(place)]
        first, last = (input_text(sheet.assumptions[f"{name}_{end}"], fields.find(name)) for end in ("low", "high"))
        text = f"{_figure(low, unit, sheet)} to {_figure(high, unit, sheet)}"
        ends = _amount(low, unit, sheet), _amount(high, unit, sheet)
        rows.append(Row(fields.find(name).label, *ends, text, note=f"{first.split(' ')[0]} to {last}"))
    base = result.figures[plan.base]
    about = f"{line.name}; base {_figure(base, unit, sheet)}"
    return Rows(plan.title, about, rows, base=_amount(base, unit, sheet))


def _models(plan: ChartPlan, section: Section, sheet: CostSheet) -> Rows:
    (line,), unit = plan.lines, plan.y[1]
    names = sheet.models_of(section.id)
    rows = []
    for point in sorted(sheet.sections[section.id].series[line.key], key=lambda row: row[1]):
        whisker = None
        if len(point) > _HIGH:
            whisker = _amount(point[_LOW], unit, sheet), _amount(point[_HIGH], unit, sheet)
        title, text = sheet.prices[names[int(point[0])]].title, _figure(point[1], unit, sheet)
        if plan.limit and point[1] > sheet.sections[section.id].figures[plan.limit]:
            text += ", more than it serves"
        rows.append(Row(title, 0.0, _amount(point[1], unit, sheet), text, strong=point[0] == 0, whisker=whisker))
    return Rows(plan.title, line.name, rows, colour=line.colour)


def _axis(named: tuple[str, str], sheet: CostSheet) -> Axis:
    label, unit = named
    return Axis(
        label, sheet.currency.code if unit == "usd" else "" if unit in _UNNAMED else unit, percent=unit == "share"
    )


def _amount(value: Decimal, unit: str, sheet: CostSheet) -> float:
    return float(value * sheet.currency.per_usd if unit == "usd" else value)


def _figure(value: Decimal, unit: str, sheet: CostSheet) -> str:
    return figure_text(value, unit, sheet.currency)
